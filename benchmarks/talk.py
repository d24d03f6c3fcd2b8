"""A long video to subtitles: times, memory, and whether utterances stand where they are spoken.

A talk of the embedded corpus' people (pauses, cuts, listeners, slides) is made once; ``mavsr
transcribe`` writes it at one scale and at all of them, each in a process of its own with everything
loaded anew. Real-time factors are given by the clock and by the processor (all cores together): the
second does not depend on what else the machine does.
Wanted, on two cores with the embedded model: at most 0.25 for one scale and 0.4 for all four, below
2 GB, every utterance within 0.2 s.

    python benchmarks/talk.py --model results/training/<model>
"""

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import jiwer

from mavsr.command import run_command
from mavsr.toy.portrait.talk import make_talk


def talk(model: Path | None = None, seconds: float = 600.0, video: Path | None = None) -> None:
    """Print the table.

    Args:
        model: a trained model, such as one of ``make results/table1.csv``.
        seconds: length of the talk.
        video: a talk that an earlier call has made, to save that time; made there if missing.
    """
    if model is None:
        print("needs a trained model: --model results/training/<model>")
        return
    with TemporaryDirectory() as folder:
        path = video or Path(folder) / "talk.mp4"
        if not path.exists():
            make_talk(path, seconds)
        lines = json.loads(path.with_suffix(".json").read_text())
        print("scales  clock  processor  peak MB  found  within 0.2 s  WER of each scale, %")
        for scales in (_finest(model), "all"):
            print(_row(model, path, lines, scales, Path(folder) / "talk.out.json"), flush=True)


def _row(model: Path, path: Path, lines: list[dict], scales: str, output: Path) -> str:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.monotonic()
    command = [
        sys.executable,
        "-m",
        "mavsr",
        "transcribe",
        str(model),
        str(path),
        "--scale",
        scales,
    ]
    subprocess.run([*command, "--format", "json", "--output", str(output)], check=True)
    clock = time.monotonic() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
    content = json.loads(output.read_text())
    segments = content["segments"]
    placed = sum(
        any(max(abs(s[edge] - line[edge]) for edge in ("start", "end")) <= 0.2 for s in segments)
        for line in lines
    )
    said = " ".join(line["text"] for line in lines)
    wers = [
        100 * jiwer.wer(said, " ".join(s["scales"][scale]["text"] for s in segments))
        for scale in content["scales"]
    ]
    length = lines[-1]["end"]
    return (
        f"{scales:6} {clock / length:6.3f} {processor / length:10.3f} "
        f"{after.ru_maxrss / 1024:8.0f} {len(segments):6d} {placed:6d} of {len(lines)}  "
        + "  ".join(f"{wer:.1f}" for wer in wers)
    )


def _finest(model: Path) -> str:
    rates = json.loads((model / "run.json").read_text())["model"]
    parts = [rates[f"{modality}_rates"] for modality in ("audio", "video")]
    return ",".join(str(min(part)) for part in parts if part)


if __name__ == "__main__":
    run_command(talk)
