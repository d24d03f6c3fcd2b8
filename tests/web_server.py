"""A real web server on this machine that misbehaves on request, and remembers what it was asked."""

import base64
import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, unquote, urlsplit


@dataclass
class Asked:
    """A request as it arrived, and how it was answered."""

    path: str
    headers: dict[str, str]
    status: int = 0
    sent: int = 0
    query: str = ""


@dataclass
class Site:
    """What a server holds and how it behaves.

    Attributes:
        files: path -> content.
        account: (name, password) that every request must give.
        faults: path -> what to do wrong with its next requests, one each:
            ("drop", n) closes the connection after n bytes of content;
            ("hold", n) waits for ``go_on`` after n bytes;
            ("status", code, headers) answers so;
            ("whole",) ignores the Range header;
            ("wrong",) changes one byte;
            ("page",) gives a web page.
        versioned: whether ETag is sent.
        sized: whether Content-Length is sent.
    """

    port: int = 0
    files: dict[str, bytes] = field(default_factory=dict)
    account: tuple[str, str] | None = None
    faults: dict[str, list[tuple]] = field(default_factory=dict)
    versioned: bool = True
    sized: bool = True
    asked: list[Asked] = field(default_factory=list)
    go_on: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{quote(path)}"

    def sent(self, path: str | None = None) -> int:
        """Bytes of content sent so far."""
        return sum(a.sent for a in self.asked if path in (None, a.path))

    def requests(self, path: str) -> list[Asked]:
        return [a for a in self.asked if a.path == path]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: Site

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        site, path = self.site, unquote(urlsplit(self.path).path)
        self.asked = Asked(path, dict(self.headers), query=urlsplit(self.path).query)
        site.asked.append(self.asked)
        fault = site.faults[path].pop(0) if site.faults.get(path) else ("none",)
        if fault[0] == "status":
            return self.answer(fault[1], fault[2], b"")
        if site.account and self.headers.get("Authorization") != self.expected():
            return self.answer(401, {"WWW-Authenticate": "Basic"}, b"who is there?")
        if fault[0] == "page":
            return self.answer(200, {"Content-Type": "text/html; charset=utf-8"}, b"<html>Log in")
        if path not in site.files:
            return self.answer(404, {}, b"nothing here")
        content = site.files[path]
        headers = {"ETag": self.etag(content)} if site.versioned else {}
        if fault[0] == "wrong":
            content = content[:-1] + bytes([content[-1] ^ 1])
        start = self.start(content, fault[0])
        if start is None:
            return self.answer(200, headers, content, fault)
        if start >= len(content):
            return self.answer(416, {"Content-Range": f"bytes */{len(content)}"}, b"")
        headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return self.answer(206, headers, content[start:], fault)

    def start(self, content, fault):
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        same = self.headers.get("If-Range") in (None, self.etag(content), fault)
        return int(wanted[1]) if wanted and same and fault != "whole" else None

    def etag(self, content):
        return f'"{hashlib.md5(content).hexdigest()}"'

    def expected(self):
        return "Basic " + base64.b64encode(":".join(self.site.account).encode()).decode()

    def answer(self, status, headers, content, fault=("none",)):
        self.asked.status = status
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if self.site.sized or status != 200:
            self.send_header("Content-Length", str(len(content)))
        else:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        if fault[0] in ("drop", "hold"):
            self.send(content[: fault[1]])
            if fault[0] == "hold":
                self.site.go_on.wait(60)
                self.send(content[fault[1] :])
            self.close_connection = True
        else:
            self.send(content)

    def send(self, content):
        for start in range(0, len(content), 1 << 16):
            piece = content[start : start + (1 << 16)]
            # Counted first: the client may be done before this thread goes on.
            self.asked.sent += len(piece)
            try:
                self.wfile.write(piece)
            except OSError:
                self.asked.sent -= len(piece)
                self.close_connection = True
                break


@contextmanager
def serve(**behaviour) -> Iterator[Site]:
    """Run a server for :class:`Site` until the block ends."""
    site = Site(**behaviour)
    server = ThreadingHTTPServer(("", 0), type("Handler", (_Handler,), {"site": site}))
    server.daemon_threads = True
    # Clients that are killed are part of the tests.
    server.handle_error = lambda *arguments: None
    site.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.go_on.set()
        server.shutdown()
        server.server_close()
