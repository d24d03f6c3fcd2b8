"""How long a trained model takes for files at its scales, and how much memory: a measurement.

Like Tables 5 and 8 of MoME: one file at a time, encoders included, finding of mouths apart. The
first runs, in which libraries settle, are thrown away, and of the others the median counts. On a
machine that does something else meanwhile the numbers mean little.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

import pandas as pd
import torch

from mavsr.errors import InputError
from mavsr.evaluation.work import peak_gb
from mavsr.features.align import covered_frames
from mavsr.files import atomic
from mavsr.model.avsr import Utterance
from mavsr.model.cost import prefix_tokens
from mavsr.model.scales import Scale, modalities_of
from mavsr.provenance import provenance
from mavsr.recognition.clip import there_of
from mavsr.recognition.places import as_text, check_read, check_written
from mavsr.recognition.recogniser import Recogniser
from mavsr.tokens import TOKENS_PER_SECOND

T = TypeVar("T")
COLUMNS = {
    "file": "what was transcribed",
    "scale": "such as a4_v2",
    "speech_s": "its length, s",
    "prefix_tokens": "tokens that the LLM reads before the transcript, as in Table 4",
    "written_tokens": "tokens of the transcript, its end among them",
    "crops_s": "reading the file and finding mouths, once, s",
    "encoders_s": "encoders, median of the repeats, s",
    "decoding_s": "compressors, projectors and LLM, median of the repeats, s",
    "fastest_s": "the shortest of the repeats of decoding, s",
    "slowest_s": "the longest, s",
    "seconds": "encoders and decoding, s",
    "tokens_per_s": "written tokens per second of these",
    "real_time_factor": "seconds per second of speech",
    "peak_gb": "most memory: of tensors on a GPU in the repeats, else of the whole process, GB",
    "beams": "beam width",
    "quantization": "how the LLM was held; empty for its own format",
    "warmup": "runs that were thrown away",
    "repeats": "runs that were timed",
    "threads": "of the processor",
    "hardware": "processor, and GPU if there was one",
    "commit": "of this project",
}


def measure(
    model: Recogniser,
    files: Sequence[Path],
    output: Path,
    scales: Sequence[str] = (),
    warmup: int = 1,
    repeats: int = 5,
) -> None:
    """Write ``output`` (CSV, columns as in ``COLUMNS``) and print the means of each scale.

    Args:
        model: the trained model.
        files: of one utterance each, as for ``mavsr transcribe``.
        output: the table.
        scales: at which; all of the model's, if none is given.
        warmup: runs before the timed ones.
        repeats: timed runs.

    Raises:
        InputError: a number is out of range, a file cannot be used, the table would be written over
            one, or the model does not serve a scale.
    """
    if warmup < 0 or repeats < 1:
        raise InputError(
            f"--warmup is {warmup} and --repeats {repeats}; give at least 0 and at least 1"
        )
    chosen = [model.scale(name) for name in scales] or model.scales
    for file in files:
        check_read(file)
    check_written([output], files)
    _ = model.network, model.encoders  # loading is not timed
    rows = [row for file in files for row in _file_rows(model, file, chosen, warmup, repeats)]
    known = provenance()
    table = pd.DataFrame(rows).assign(
        beams=model.decoding.beams,
        quantization=model.folder.settings.quantization or "",
        warmup=warmup,
        repeats=repeats,
        threads=torch.get_num_threads(),
        **{name: known[name] for name in ("hardware", "commit")},
    )[list(COLUMNS)]
    with atomic(output) as partial:
        table.to_csv(partial, index=False)
    shown = ["speech_s", "prefix_tokens", "written_tokens", "encoders_s", "decoding_s", "seconds"]
    shown += ["tokens_per_s", "real_time_factor", "peak_gb"]
    means = table.groupby("scale", sort=False)[shown].mean()
    print(f"means over {len(files)} files on {known['hardware']}; each in {output}")
    print(means.to_string(float_format="{:.3f}".format))


def _file_rows(
    model: Recogniser, file: Path, scales: Sequence[Scale], warmup: int, repeats: int
) -> list[dict[str, Any]]:
    clip, reading = _timed(lambda: model.read(file, scales=scales))
    if lacking := {*modalities_of(scales)} - {*there_of(clip)}:
        raise InputError(f"{file}: no {min(lacking)} can be read, which these scales take")
    tokens, encoding = _repeated(lambda: model.tokens(file, clip), warmup, repeats)
    lengths = {modality: len(rows) for modality, rows in tokens.items()}
    speech_s = covered_frames(lengths) / TOKENS_PER_SECOND["video"]
    found = []
    for scale in scales:
        if model.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats()
        text, decoding = _repeated(partial(model.decode, file, tokens, scale), warmup, repeats)
        seconds = median(encoding) + median(decoding)
        prompt = len(model.network.prompt_ids(scale))
        written = min(
            model.network.count_targets([Utterance("", text, {})]), model.decoding.max_new_tokens
        )
        found.append(
            {
                "file": as_text(file),
                "scale": scale.name,
                "speech_s": speech_s,
                "prefix_tokens": prefix_tokens(lengths, scale, prompt),
                "written_tokens": written,
                "crops_s": reading,
                "encoders_s": median(encoding),
                "decoding_s": median(decoding),
                "fastest_s": min(decoding),
                "slowest_s": max(decoding),
                "seconds": seconds,
                "tokens_per_s": written / seconds,
                "real_time_factor": seconds / speech_s,
                "peak_gb": peak_gb(model.device.type),
            }
        )
    return found


def _repeated(run: Callable[[], T], warmup: int, repeats: int) -> tuple[T, list[float]]:
    """The result, and the seconds of each run after the first ``warmup``."""
    took = []
    for _ in range(warmup + repeats):
        result, seconds = _timed(run)
        took.append(seconds)
    return result, took[warmup:]


def _timed(run: Callable[[], T]) -> tuple[T, float]:
    """The result and the seconds that it took, until a GPU has finished too."""
    _wait()
    started = time.perf_counter()
    result = run()
    _wait()
    return result, time.perf_counter() - started


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
