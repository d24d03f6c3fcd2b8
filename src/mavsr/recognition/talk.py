"""A long recording from beginning to end: progress is shown, and a stopped run goes on."""

import hashlib
import json
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from mavsr.command import progress
from mavsr.evaluation.resume import Resume
from mavsr.model.scales import Scale
from mavsr.recognition.recogniser import Recogniser
from mavsr.recognition.segment import Segment
from mavsr.recognition.stream import Settle
from mavsr.workflow.code import code_digest

_FORMAT = 2
"""Of the lines that are kept."""


def transcribe_talk(
    model: Recogniser,
    file: Path,
    scales: Sequence[Scale],
    start: float = 0.0,
    end: float | None = None,
    settle: Settle | None = None,
    output: Path | None = None,
) -> list[Segment]:
    """Transcribe a recording of any length.

    Args:
        model: what transcribes it.
        file: the recording.
        scales: at which scales.
        start: where to begin, seconds.
        end: where to end; the end of the file if not given.
        settle: see :func:`mavsr.recognition.stream.stream_segments`.
        output: what will be written in the end. Beside it, in ``.<name>.resume``, is kept what is
            done, until :func:`finished`; a call for the same file, model and scales goes on there.

    Raises:
        InputError: the file cannot be used, see :meth:`Recogniser.plan`.

    """
    logging.info("%s: looking for speech", file.name)
    spans = model.plan(file, start, end, scales).spans
    if output is None:
        return [*_shown(model.segments(file, spans, scales, settle), len(spans), file.name)]
    made_for = _fingerprint(model, file, scales, start, end, settle is not None)
    resume = Resume(_kept(output), made_for, code_digest("mavsr.recognition.stream"))
    left = [span for span in spans if span.key not in resume.lines]
    if len(left) < len(spans):
        logging.info("%d of %d utterances were done before", len(spans) - len(left), len(spans))
        done = Segment.from_dict(next(iter(resume.lines.values())))
        scales = [scale for scale in scales if scale.name in done.readings]
        settle = None
    begun = time.perf_counter()
    segments = model.segments(file, left, scales, settle)
    try:
        for span, segment in zip(left, _shown(segments, len(left), file.name), strict=True):
            resume.add([{"key": span.key, **segment.as_dict()}], time.perf_counter() - begun)
            begun = time.perf_counter()
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"the same call goes on with {file.name} where it was") from None
    return [Segment.from_dict(resume.lines[span.key]) for span in spans]


def finished(output: Path) -> None:
    """Forget what was kept for going on: ``output`` is written."""
    _kept(output).unlink(missing_ok=True)


def _kept(output: Path) -> Path:
    return output.with_name(f".{output.name}.resume")


def _shown(segments: Iterator[Segment], count: int, name: str) -> Iterator[Segment]:
    return progress(segments, count, name)


def _fingerprint(
    model: Recogniser,
    file: Path,
    scales: Sequence[Scale],
    start: float,
    end: float | None,
    settled: bool,
) -> str:
    """Identifies all that a transcript depends on, but for code."""
    status = file.stat()
    content = [
        [_FORMAT, model.folder.run["run_sha256"], model.folder.settings.quantization],
        [str(file.resolve()), status.st_size, status.st_mtime_ns, start, end],
        [[scale.name for scale in scales], settled],
        {k: v for k, v in asdict(model.decoding).items() if k != "batch_tokens"},
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
