"""The page's requests. All that is asked for lies on this machine; the browser is told so."""

import functools
import mimetypes
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from mavsr.errors import InputError
from mavsr.model.scales import Scale
from mavsr.page.alter import Listening
from mavsr.page.recording import Reading, Recording, shown
from mavsr.page.samples import Sample
from mavsr.page.store import MOST_FILES, Store
from mavsr.page.work import DISK_FULL, FULL, Task, Worker
from mavsr.recognition.recogniser import Recogniser

STATIC = Path(__file__).parent / "static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; media-src 'self' blob:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""What the browser may load: this server's own files, and what the page makes itself."""

_OWN_HEADER = "x-mavsr"
"""A page of another site cannot send this without being asked whether it may."""

Handler = Callable[["Page", Request], Awaitable[Response]]


class Page:
    """What the requests share.

    Args:
        model: loaded.
        store: where uploads go.
        worker: who does the model's work.
        samples: recordings that are offered.

    """

    def __init__(
        self, model: Recogniser, store: Store, worker: Worker, samples: Sequence[Sample] = ()
    ):
        self.model, self.store, self.worker = model, store, worker
        self.samples = {sample.name: sample for sample in samples}
        self.scales: list[Scale] = [*model.costs()]
        self.recordings: dict[str, Recording] = {}

    def take(self, path: Path, name: str) -> Recording:
        """Begin to read a file; the oldest recording goes if there are too many."""
        while len(self.recordings) >= MOST_FILES:
            self.drop(min(self.recordings.values(), key=lambda recording: recording.asked))
        recording = Recording(path, name)
        steps = recording.first_steps(self.model, self.scales)
        task = Task(steps, recording.wanted)
        recording.readings[Listening()] = Reading(task)
        self.recordings[recording.token] = recording
        self.worker.add(task)
        return recording

    def drop(self, recording: Recording) -> None:
        """Remove a recording and its file; whatever reads it is told that nobody waits any more."""
        recording.asked = float("-inf")
        del self.recordings[recording.token]
        self.store.remove(recording.token)

    def listen(self, recording: Recording, listening: Listening) -> Reading:
        """The recording as ``listening`` says, begun if it is new; waits for the first reading."""
        first = recording.readings[Listening()]
        if listening not in recording.readings and first.task.over and not first.task.error:
            steps = recording.more_steps(self.model, self.scales, listening)
            task = Task(steps, recording.wanted)
            recording.readings[listening] = Reading(task)
            self.worker.add(task)
        return recording.readings.get(listening, first)

    def find(self, request: Request) -> Recording:
        """The recording that a request names.

        Raises:
            InputError: there is none.

        """
        recording = self.recordings.get(request.path_params["token"])
        if recording is None:
            raise InputError("this recording is not kept any more; send it again")
        return recording


async def about(page: Page, request: Request) -> Response:
    """The model: its scales, what each costs, and which samples there are."""
    costs = page.model.costs()
    folder = page.model.folder
    return JSONResponse(
        {
            "name": folder.path.resolve().name,
            "task": page.model.task,
            "llm": Path(folder.settings.llm).name,
            "scales": [
                {"name": s.name, "audio": s.audio, "video": s.video, "tflops": cost}
                for s, cost in costs.items()
            ],
            "samples": [{"name": s.name, "title": s.title} for s in page.samples.values()],
            "most_bytes": page.store.most_bytes,
        }
    )


async def upload(page: Page, request: Request) -> Response:
    """Take a file: the body is its bytes, ``name`` in the query what it is called."""
    stated = request.headers.get("content-length", "0")
    page.store.check_size(int(stated) if stated.isdecimal() else 0)
    name = Path(request.query_params.get("name", "recording")).name or "recording"
    path = await page.store.receive(request.stream(), name)
    return JSONResponse({"token": page.take(path, name).token})


async def sample(page: Page, request: Request) -> Response:
    """Take one of the samples, which is made now."""
    found = page.samples.get(request.path_params["name"])
    if found is None:
        raise InputError("there is no such sample")
    path = page.store.place() / f"{found.name}.mp4"
    try:
        await run_in_threadpool(found.make, path)
    except BaseException:
        page.store.remove(path.parent.name)
        raise
    return JSONResponse({"token": page.take(path, f"{found.name}.mp4").token})


async def state(page: Page, request: Request) -> Response:
    """How far a recording is, and its segments from number ``after`` on."""
    recording = page.find(request)
    recording.touch()
    query = request.query_params
    try:
        snr = float(query["snr"]) if query.get("snr") else None
        listening = Listening(snr, query.get("hear") != "0", query.get("see") != "0")
        after = max(0, int(query.get("after", "0")))
    except ValueError as error:
        raise InputError("the SNR and the number of the first segment must be numbers") from error
    modalities = tuple(page.model.setup.encoders)
    listening.check(modalities)
    reading = page.listen(recording, listening)
    there = listening in recording.readings
    segments = reading.segments if there else []
    return JSONResponse(
        {
            "name": recording.name,
            "seconds": recording.seconds,
            "wave": recording.wave if after == 0 else [],
            "count": len(recording.spans),
            "others": page.worker.before(reading.task),
            "over": reading.task.over and there,
            "error": reading.task.error,
            "segments": [shown(segment) for segment in segments[after:]],
        }
    )


async def video(page: Page, request: Request) -> Response:
    """The file itself, for the page's player."""
    recording = page.find(request)
    recording.touch()
    # Nothing that somebody uploads is a page or a script of this server.
    kind = mimetypes.guess_type(recording.path)[0] or ""
    plays = kind.startswith(("video/", "audio/"))
    return FileResponse(recording.path, media_type=kind if plays else "application/octet-stream")


async def forget(page: Page, request: Request) -> Response:
    """Remove a recording at once."""
    page.drop(page.find(request))
    return JSONResponse({})


async def index(page: Page, request: Request) -> Response:
    """The page."""
    return FileResponse(STATIC / "index.html")


def _answered(handler: Handler, page: Page, own: bool) -> Callable[[Request], Awaitable[Response]]:
    """A handler whose errors are sentences; ``own``: only requests of this page are taken."""

    @functools.wraps(handler)
    async def answer(request: Request) -> Response:
        try:
            if own and _OWN_HEADER not in request.headers:
                raise InputError("this is taken from the page alone")
            response = await handler(page, request)
        except InputError as error:
            response = JSONResponse({"error": str(error)}, status_code=400)
        except ClientDisconnect:
            response = Response(status_code=400)  # nobody is there to read it
        except OSError as error:
            if error.errno not in FULL:
                raise
            response = JSONResponse({"error": DISK_FULL}, status_code=507)
        response.headers["content-security-policy"] = POLICY
        response.headers["referrer-policy"] = "no-referrer"
        response.headers["x-content-type-options"] = "nosniff"
        response.headers["cache-control"] = "no-store"
        return response

    return answer


def make_app(page: Page) -> Starlette:
    """The application, for an ASGI server on the loopback address."""

    def route(path: str, handler: Handler, method: str = "GET") -> Route:
        own = path != "/" and not path.endswith("/video")
        return Route(path, _answered(handler, page, own), methods=[method])

    # Only names of this machine: another site's name that is made to lead here is refused.
    hosts = Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])
    return Starlette(
        routes=[
            route("/", index),
            route("/about", about),
            route("/recordings", upload, "POST"),
            route("/samples/{name}", sample, "POST"),
            route("/recordings/{token}", state),
            route("/recordings/{token}", forget, "DELETE"),
            route("/recordings/{token}/video", video),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        middleware=[hosts],
    )
