"""One request for what is missing of a file, and what the server's answer means."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from urllib.parse import urlsplit

import requests
import urllib3

from mavsr.corpus.download.credentials import Credentials, advice
from mavsr.corpus.download.partial import PartialFile, Validators
from mavsr.corpus.download.settings import RemoteFile, shown
from mavsr.errors import InputError

_PIECE = 1 << 16
_TEMPORARY = (408, 425, 429, 500, 502, 503, 504)


class TemporaryError(Exception):
    """A transfer ended early for a reason that may pass.

    Attributes:
        wait_s: how long the server wants to be left alone, if it said so.

    """

    def __init__(self, reason: str, wait_s: float | None = None):
        super().__init__(reason)
        self.wait_s = wait_s


class StoppedError(Exception):
    """The transfer was told to stop, because another one failed for good."""


@dataclass(frozen=True)
class Request:
    """What is asked for, and on whose behalf.

    Attributes:
        file: the file.
        purpose: what the credentials' variables are named after.
        credentials: for the file's server alone: a redirect to another host does not get them.
        timeout_s: how long the server may be silent.

    """

    file: RemoteFile
    purpose: str
    credentials: Credentials | None
    timeout_s: float


def transfer(
    request: Request, partial: PartialFile, stop: Event, on_bytes: Callable[[int], None]
) -> None:
    """Append to ``partial`` what is missing of it, or begin it anew if it cannot be continued.

    Args:
        request: what to ask for.
        partial: the state on disk.
        stop: set by another thread to end this early.
        on_bytes: told how many bytes came (negative: how many were given up).

    Raises:
        TemporaryError: the connection broke or the server is busy; what came is kept.
        InputError: asking again would not help.
        StoppedError: ``stop`` was set.

    """
    credentials = request.credentials
    try:
        with (
            requests.Session() as session,
            session.get(
                request.file.url,
                # Else some servers compress on the fly, and byte ranges lose their meaning.
                headers={"Accept-Encoding": "identity", **_range(partial)},
                auth=credentials.basic() if credentials else None,
                stream=True,
                timeout=request.timeout_s,
            ) as response,
        ):
            before = partial.size()
            try:
                missing = _is_to_be_read(response, request, partial)
            finally:
                on_bytes(partial.size() - before)
            if missing:
                _append(response, partial, stop, on_bytes)
    except requests.exceptions.SSLError as error:
        raise InputError(
            f"{request.file.host} cannot prove who it is ({_reason(error)}); check the url, and "
            "this machine's certificates and clock"
        ) from None
    except (requests.ConnectionError, requests.Timeout, urllib3.exceptions.HTTPError) as error:
        raise TemporaryError(f"{request.file.host}: {_reason(error)}") from None
    # requests decodes where a redirect leads, and does not expect to fail.
    except (requests.RequestException, UnicodeError) as error:
        raise InputError(f"{shown(request.file.url)} cannot be asked for ({_reason(error)})") from (
            None
        )
    if (total := partial.validators().total) is not None and partial.size() != total:
        raise TemporaryError(f"{partial.size()} of {total} bytes came")


def _reason(error: BaseException) -> str:
    """What broke, in short: full messages hold URLs with their queries."""
    held = (getattr(error, "reason", None), *error.args, error.__cause__)
    inner = next((cause for cause in held if isinstance(cause, BaseException)), None)
    if inner:
        return _reason(inner)
    return getattr(error, "strerror", None) or type(error).__name__


def _range(partial: PartialFile) -> dict[str, str]:
    """Headers that ask for the rest, if the server still has the version that was begun."""
    have = partial.size()
    if not have:
        return {}
    known = partial.validators()
    # A weak ETag may stay the same while bytes change, so If-Range may not use it.
    strong = known.etag if known.etag and not known.etag.startswith("W/") else None
    validator = strong or known.last_modified
    return {"Range": f"bytes={have}-"} | ({"If-Range": validator} if validator else {})


def _append(
    response: requests.Response, partial: PartialFile, stop: Event, on_bytes: Callable[[int], None]
) -> None:
    with partial.part.open("ab") as stream:
        for piece in response.raw.stream(_PIECE, decode_content=False):
            stream.write(piece)
            on_bytes(len(piece))
            if stop.is_set():
                raise StoppedError


def _is_to_be_read(response: requests.Response, request: Request, partial: PartialFile) -> bool:
    """Bring ``partial`` in line with the answer; False if nothing is missing."""
    have, headers = partial.size(), response.headers
    found = Validators(headers.get("ETag"), headers.get("Last-Modified"))
    if response.status_code == 200:
        if headers.get("Content-Type", "").startswith("text/html"):
            raise InputError(
                f"{shown(request.file.url)} gave a web page, not a file; perhaps a form for "
                f"logging in: check the url, and {advice(request.file.host, request.purpose)}"
            )
        length = headers.get("Content-Length", "")
        total = int(length) if length.isdigit() else None
        partial.begin(Validators(found.etag, found.last_modified, total))
        return True
    if response.status_code == 206:
        span = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", headers.get("Content-Range", ""))
        total = int(span[2]) if span and span[2] != "*" else None
        found = Validators(found.etag, found.last_modified, total)
        if not span or int(span[1]) != have or found.contradicts(partial.validators()):
            partial.discard()
            raise TemporaryError("the server's file is another one now; beginning anew", wait_s=0)
        return True
    if response.status_code == 416 and have:
        if headers.get("Content-Range") == f"bytes */{have}":
            return False
        partial.discard()
        raise TemporaryError(
            "the server has less than was fetched before; beginning anew", wait_s=0
        )
    raise _refusal(response, request)


def _refusal(response: requests.Response, request: Request) -> Exception:
    """What an answer without content means."""
    file, status = request.file, response.status_code
    host = urlsplit(response.url).hostname or file.host
    if status in _TEMPORARY:
        return TemporaryError(f"{host} answered {status}", _retry_after(response))
    if status in (401, 403):
        given = request.credentials
        if host != file.host:
            why = f"{file.host} leads there, and no other host gets its credentials"
            what = f"add (or mend) a line 'machine {host} login NAME password WORD' in ~/.netrc"
        elif given:
            why = f"those from {given.source} are refused"
            what = "check them, and whether they are for this file"
        else:
            why, what = "none are given", advice(host, request.purpose)
        return InputError(
            f"{host} wants a user name and password for {shown(file.url)} (status {status}): "
            f"{why}; {what}"
        )
    if status in (404, 410):
        return InputError(f"{shown(file.url)} does not exist (status {status}); check the url")
    return InputError(f"{host} answered {status} for {shown(file.url)}; check the url")


def _retry_after(response: requests.Response) -> float | None:
    try:
        return urllib3.Retry().parse_retry_after(response.headers["Retry-After"])
    except (KeyError, urllib3.exceptions.InvalidHeader):
        return None
