"""What asks the page's server as a browser would."""

import threading
import time
from contextlib import contextmanager

import requests

from mavsr.page.app import Page
from mavsr.page.serve import listening, make_server
from mavsr.page.store import Store
from mavsr.page.work import Worker

OWN = {"X-Mavsr": "1"}


class Client:
    """A browser without a page."""

    def __init__(self, page, port):
        self.page, self.address = page, f"http://127.0.0.1:{port}"

    def ask(self, method, path, status=200, **given):
        answer = requests.request(method, self.address + path, headers=OWN, timeout=60, **given)
        assert answer.status_code == status, answer.text
        return answer.json()

    def send(self, content, name="talk.mp4", **given):
        return self.ask("POST", f"/recordings?name={name}", data=content, **given)

    def wait(self, token, query=""):
        while True:
            state = self.ask("GET", f"/recordings/{token}?{query}")
            if state["over"] or state["error"]:
                return state
            time.sleep(0.05)


@contextmanager
def served(model, most_bytes=2**20, offered=()):
    with Store(most_bytes) as store, Worker() as worker, listening(0) as listener:
        page = Page(model, store, worker, offered)
        server = make_server(page)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield Client(page, listener.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join()
