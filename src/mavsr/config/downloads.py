"""Files on web servers: ``download`` of a corpus, and babble."""

from collections import Counter
from pathlib import PurePosixPath
from typing import Annotated
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator

from mavsr.config.base import Key, settings
from mavsr.config.explain import redacted
from mavsr.config.queries import reveal
from mavsr.config.values import Count, Flag, Sha256, Text

__all__ = ["Archive", "DownloadSettings", "RemoteFile", "redacted", "shown"]


def shown(url: str) -> str:
    """``url`` as messages and records may show it: without user name, password and query."""
    scheme, mark, rest = url.partition("://")
    _, at, place = rest.rpartition("@")
    place = place.partition("?")[0].partition("#")[0]
    return f"{scheme}{mark}{'…' if at else ''}{at}{place}"


def _usable(url: str) -> str:
    url = reveal(url)  # a rule gives it without what follows "?"
    if "@" in url:
        raise ValueError(
            f"url {shown(url)!r} holds a user name or password; write it without, and give them in "
            "the environment or in ~/.netrc (docs/data.md, Downloading); an '@' in a file's name "
            "is written %40"
        )
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"url {shown(url)!r} cannot be read ({error})") from None
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError(f"url {shown(url)!r} must begin with https://<host> or http://")
    if PurePosixPath(unquote(parts.path)).name in ("", ".."):
        raise ValueError(f"url {shown(url)!r} names no file")
    return url


@settings("file")
class RemoteFile:
    """A file on a web server, and the SHA-256 of its content where that is known."""

    url: Annotated[Text, AfterValidator(_usable), Key("Where it is")]
    sha256: Annotated[Sha256 | None, Key("Of its content; null where it is not known")] = None

    @property
    def name(self) -> str:
        """The file's name: the last piece of the URL's path."""
        return PurePosixPath(unquote(urlsplit(self.url).path)).name

    @property
    def host(self) -> str:
        """The server's name."""
        return urlsplit(self.url).hostname or ""


@settings("archive")
class Archive:
    """A tar or zip file, perhaps cut into parts."""

    parts: Annotated[
        tuple[RemoteFile, ...], Key("Its pieces, in the order in which they are joined")
    ]
    into: Annotated[Text, Key("Folder below the root that it is unpacked into")] = "."

    def __post_init__(self) -> None:
        if not self.parts:
            raise ValueError("an archive needs at least one part")
        folder = PurePosixPath(self.into)
        if folder.is_absolute() or ".." in folder.parts:
            raise ValueError(f"into is {self.into!r}; give a folder below the corpus' root")

    @property
    def packed(self) -> bool:
        """Whether it has to be unpacked."""
        return True

    @property
    def title(self) -> str:
        """What messages call the archive."""
        first, *others = (part.name for part in self.parts)
        return f"{first} and {len(others)} further parts" if others else first


@settings("file")
class Single(Archive):
    """A file (one part) that is put into the root as it is."""

    @property
    def packed(self) -> bool:
        """Never."""
        return False


@settings("download")
class DownloadSettings:
    """The archives of a corpus, and what is handed out beside them."""

    archives: Annotated[
        tuple[Archive, ...], Key("What is fetched and unpacked", ("download_corpus",))
    ] = ()
    files: Annotated[
        tuple[RemoteFile, ...],
        Key(
            "What is fetched and put into the root as it is, such as the lists of LRS2",
            decides=("download_corpus",),
        ),
    ] = ()
    parallel: Annotated[
        Count,
        Key("Files fetched at once; many servers allow only a few", runs=("download_corpus",)),
    ] = 4
    keep_archives: Annotated[
        Flag, Key("Keep the archives when they are unpacked", runs=("download_corpus",))
    ] = True

    def __post_init__(self) -> None:
        if not self.pieces:
            raise ValueError("archives and files are empty; list archives or files, or both")
        urls = Counter(part.url for archive in self.pieces for part in archive.parts)
        for url, count in urls.items():
            if count > 1:
                raise ValueError(f"url {shown(url)} is listed {count} times; list each once")

    @property
    def pieces(self) -> tuple[Archive, ...]:
        """All that lands in the root, each to be fetched and put there by itself."""
        return (*self.archives, *(Single((file,)) for file in self.files))
