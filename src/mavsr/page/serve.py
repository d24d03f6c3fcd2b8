"""Serve the page on the loopback address until it is interrupted."""

import contextlib
import signal
import socket
from pathlib import Path

import uvicorn

from mavsr.errors import InputError
from mavsr.page.app import Page, make_app
from mavsr.page.samples import is_toy, samples
from mavsr.page.store import Store
from mavsr.page.work import Worker
from mavsr.recognition.recogniser import Recogniser

ADDRESS = "127.0.0.1"
"""Nobody but this machine reaches it."""


def serve(folder: Path, port: int, quantization: str | None = None) -> None:
    """Load a model and serve its page.

    Args:
        folder: of the trained model.
        port: where; 0 takes a free one.
        quantization: how the LLM is held; see :class:`Recogniser`.

    Raises:
        InputError: the model cannot be used, or the port is taken.

    """
    model = Recogniser(folder, quantization=quantization)
    offered = samples() if is_toy(model.folder) else []
    # The server raises a signal that ended it once more; uploads must be removed first.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with (
        contextlib.suppress(KeyboardInterrupt),
        Store() as store,
        Worker() as worker,
        listening(port) as listener,
    ):
        server = make_server(Page(model, store, worker, offered))
        print(f"http://{ADDRESS}:{listener.getsockname()[1]}  (Ctrl+C ends it)", flush=True)
        server.run(sockets=[listener])


def make_server(page: Page) -> uvicorn.Server:
    """The server of a page; whoever runs it brings the socket."""
    config = uvicorn.Config(
        make_app(page), log_level="warning", timeout_graceful_shutdown=2, server_header=False
    )
    return uvicorn.Server(config)


def listening(port: int) -> socket.socket:
    """A socket on the loopback address.

    Raises:
        InputError: the port is taken, or there is none of this number.

    """
    if not 0 <= port < 2**16:
        raise InputError(f"--port {port}: ports are numbered up to {2**16 - 1}; 0 takes a free one")
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((ADDRESS, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise InputError(
            f"port {port} cannot be used ({error.strerror}); choose another with --port, or 0"
        ) from error
    return listener
