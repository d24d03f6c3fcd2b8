"""What to download: archives of one or more parts, where each is unpacked, and single files."""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from mavsr.corpus.download.queries import reveal
from mavsr.errors import InputError

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
# To the last "@", as a password may hold any letter.
_USER_INFO = re.compile(r"(?<=://)\S*@")
_QUERY = re.compile(r"(://[^\s?'\"]*\?)[^\s'\"]+")


def shown(url: str) -> str:
    """``url`` as messages and records may show it: without user name, password and query."""
    scheme, mark, rest = url.partition("://")
    _, at, place = rest.rpartition("@")
    place = place.partition("?")[0].partition("#")[0]
    return f"{scheme}{mark}{'…' if at else ''}{at}{place}"


def redacted(text: str) -> str:
    """``text`` without what stands before ``@`` and after ``?`` in the URLs that it holds."""
    return _QUERY.sub(r"\1…", _USER_INFO.sub("…@", text))


@dataclass(frozen=True)
class RemoteFile:
    """A file on a web server, and the SHA-256 of its content where that is known.

    A rule gives ``url`` without its query (:mod:`mavsr.corpus.download.queries`); here it is whole.
    """

    url: str
    sha256: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "url", reveal(self.url))
        if "@" in self.url:
            raise InputError(
                f"url {shown(self.url)!r} holds a user name or password; write it without, and "
                "give them in the environment or in ~/.netrc (docs/data.md, Downloading); an '@' "
                "in a file's name is written %40"
            )
        try:
            parts = urlsplit(self.url)
            host, _ = parts.hostname, parts.port
        except ValueError as error:
            raise InputError(f"url {shown(self.url)!r} cannot be read ({error})") from None
        if parts.scheme not in ("http", "https") or not host:
            raise InputError(f"url {shown(self.url)!r} must begin with https://<host> or http://")
        if self.name in ("", ".."):
            raise InputError(f"url {shown(self.url)!r} names no file")
        if self.sha256 is not None and not _SHA256.fullmatch(self.sha256):
            raise InputError(
                f"sha256 of {shown(self.url)} is {self.sha256!r}; it must be 64 hexadecimal "
                "digits, or null where it is not known"
            )

    @property
    def name(self) -> str:
        """The file's name: the last piece of the URL's path."""
        return PurePosixPath(unquote(urlsplit(self.url).path)).name

    @property
    def host(self) -> str:
        """The server's name."""
        return urlsplit(self.url).hostname or ""


@dataclass(frozen=True)
class Archive:
    """A tar or zip file, perhaps cut into parts, or a file that is taken as it is.

    Attributes:
        parts: its pieces, in the order in which they are joined.
        into: folder below the corpus' root that it is unpacked into.
        packed: false for a file (one part) that only has to be put there.

    """

    parts: tuple[RemoteFile, ...]
    into: str = "."
    packed: bool = True

    def __post_init__(self) -> None:
        if not self.parts:
            raise InputError("an archive needs at least one part")
        folder = PurePosixPath(self.into)
        if folder.is_absolute() or ".." in folder.parts:
            raise InputError(f"into is {self.into!r}; give a folder below the corpus' root")

    @property
    def title(self) -> str:
        """What messages call the archive."""
        first, *others = (part.name for part in self.parts)
        return f"{first} and {len(others)} further parts" if others else first


@dataclass(frozen=True)
class DownloadSettings:
    """The archives of a corpus, and what is handed out beside them.

    Attributes:
        archives: what to fetch and unpack.
        files: what to fetch and put into the corpus' root as it is, such as the lists of LRS2.
        parallel: files fetched at once. Many servers allow only a few.
        keep_archives: whether the archives stay on disk when they are unpacked.

    """

    archives: tuple[Archive, ...] = ()
    files: tuple[RemoteFile, ...] = ()
    parallel: int = 4
    keep_archives: bool = True

    def __post_init__(self) -> None:
        if self.parallel < 1:
            raise InputError(f"parallel is {self.parallel}; give 1 or more")
        if not self.pieces:
            raise InputError("archives and files are empty; list at least one")
        urls = Counter(part.url for archive in self.pieces for part in archive.parts)
        for url, count in urls.items():
            if count > 1:
                raise InputError(f"url {shown(url)} is listed {count} times; list each once")

    @property
    def pieces(self) -> tuple[Archive, ...]:
        """All that lands in the root, each to be fetched and put there by itself."""
        return (*self.archives, *(Archive((file,), packed=False) for file in self.files))

    @classmethod
    def of_config(cls, section: dict) -> "DownloadSettings":
        """The settings in a ``download:`` section of the config, which fits the schema."""
        archives = tuple(
            Archive(
                tuple(RemoteFile(**part) for part in archive["parts"]), archive.get("into", ".")
            )
            for archive in section.get("archives", [])
        )
        files = tuple(RemoteFile(**file) for file in section.get("files", []))
        others = {k: v for k, v in section.items() if k not in ("archives", "files")}
        return cls(archives, files, **others)
