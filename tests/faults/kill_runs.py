"""Ten ``kill -9`` of the whole process group at random moments of the smoke run, by hand.

    python tests/faults/kill_runs.py [--kills 10] [--seed 0] [--folder DIR]

The smoke run is made once undisturbed. A second copy is killed again and again, unlocked and run
on. In the end every file under ``results/`` must have the same bytes, but for what says how long
something took. Exit status 1 names those that differ. It takes as long as a few smoke runs.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from project import SMOKE, Project

TIMES = {"seconds", "version", "checksum", "run_sha256", "data_sha256"}
TIMES |= {"peak_gb", "real_time_factor"}
"""Keys and columns that differ between equal runs: what something took, when the videos of the
embedded corpus were written, and sums over files that say so."""
UNLIKE = ("logs", "benchmarks", "report")
"""Folders of results that are not compared: logs and times."""
PICTURES = (".pdf", ".png")
"""They bear dates."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=None)
    given = parser.parse_args()
    base = given.folder or Path(tempfile.mkdtemp())
    whole, killed = Project(base / "whole"), Project(base / "killed")
    started = time.monotonic()
    finish(whole)
    lasted = time.monotonic() - started
    draw = random.Random(given.seed)
    for number in range(given.kills):
        # Later ones come when most is done; a run that ended before its kill was not disturbed.
        wait = draw.uniform(2, max(3.0, lasted / 3))
        print(f"kill {number + 1} after {wait:.1f} s: {kill_after(killed, wait)}", flush=True)
        unlock = subprocess.run(
            killed.command("--unlock", *SMOKE),
            cwd=killed.folder,
            env=killed.environment,
            capture_output=True,
        )
        assert unlock.returncode == 0, unlock.stderr
    finish(killed)
    odd = differences(whole.folder / "results", killed.folder / "results")
    print("\n".join(odd) or "all results are equal")
    sys.exit(bool(odd))


def finish(project: Project) -> None:
    result = project.run(*SMOKE)
    assert result.returncode == 0, result.stdout[-5000:]


def kill_after(project: Project, wait: float) -> str:
    """Start a run, kill its process group; tell whether it was still at work."""
    process = subprocess.Popen(
        project.command(*SMOKE),
        cwd=project.folder,
        env=project.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        return f"ended by itself ({process.wait(wait)})"
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return "killed"


def differences(one: Path, other: Path) -> list[str]:
    """A line per file that is in one folder alone, or has another content."""
    files = {p.relative_to(f) for f in (one, other) for p in f.rglob("*") if p.is_file()}
    compared = sorted(
        file for file in files if file.parts[0] not in UNLIKE and file.suffix not in PICTURES
    )
    return [
        f"{file}: " + ("differs" if (one / file).exists() and (other / file).exists() else "alone")
        for file in compared
        if content(one / file) != content(other / file)
    ]


def content(path: Path) -> object:
    """Bytes of a file; of JSON its values, of a table its text, both without times."""
    if not path.is_file():
        return None
    if path.suffix == ".json":
        return timeless(json.loads(path.read_text(encoding="utf-8")))
    if path.suffix == ".csv":
        return columns(pd.read_csv(path, dtype=str, na_filter=False))
    if path.suffix == ".parquet":
        return columns(pd.read_parquet(path))
    return path.read_bytes()


def columns(table: pd.DataFrame) -> str:
    """A table's text without times and checksums."""
    kept = [n for n in table if n not in TIMES and not str(n).startswith("crc32:")]
    return table[kept].to_csv(index=False)


def timeless(values: object) -> object:
    if isinstance(values, dict):
        return {key: timeless(value) for key, value in values.items() if key not in TIMES}
    return values


if __name__ == "__main__":
    main()
