"""What checksums and flushing cost: ``python benchmarks/integrity.py``.

Checksums are set against the processor time of the embedded run (tests/data/embedded_run.csv):
every shard is hashed when it is written and each time that a job reads it. Flushing is waiting, so
it is told per file, with and without it.
"""

import statistics
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from mavsr.corpus.manifest import read_manifest, write_manifest
from mavsr.files import atomic

ROOT = Path(__file__).parents[1]
RECORDED = ROOT / "tests" / "data" / "embedded_run.csv"
READS = {"mouths": 6, "noise": 2, "features": 3}
"""Times that a job reads or writes a shard: writing and indexing, then noise, audio, video, toy."""
PIECE = 20_000
"""Bytes of a content, about those of a clip's audio."""
CLIPS, MANIFESTS_READ = 1_400, 4
"""Rows of a manifest of the embedded corpus; a job reads fewer than so many."""


def seconds(what: Callable[[], object], clock: Callable[[], float], repeats: int = 7) -> float:
    """Median time of a call."""
    taken = []
    for _ in range(repeats):
        started = clock()
        what()
        taken.append(clock() - started)
    return statistics.median(taken)


def checksum_rate() -> float:
    """Bytes per second of processor time that CRC-32 takes, over pieces as in a shard."""
    content = np.random.default_rng(0).integers(0, 256, 1_000 * PIECE, np.uint8).tobytes()
    pieces = [content[n : n + PIECE] for n in range(0, len(content), PIECE)]
    return len(content) / seconds(lambda: [zlib.crc32(p) for p in pieces], time.process_time)


def manifest_seconds(folder: Path) -> tuple[float, float]:
    """Processor seconds of reading a manifest, checked and bare."""
    rows = {
        **{"key": [f"trainval-s{n:05d}-00001" for n in range(CLIPS)], "video": "v.mp4"},
        **{"audio": "v.mp4", "text": "bin blue at two now", "start": 0.0, "end": float("nan")},
        **{"duration_s": 1.5, "speaker": "s", "split": "train", "shard": 0, "version": "1-2-3"},
    }
    path = folder / "train.parquet"
    write_manifest(path, pd.DataFrame(rows))
    checked = seconds(lambda: read_manifest(path), time.process_time)
    return checked, seconds(lambda: pd.read_parquet(path), time.process_time)


def flushing(folder: Path, size: int) -> tuple[float, float]:
    """Seconds of writing a file with :func:`mavsr.files.atomic`, flushed and not."""
    content = bytes(size)

    def write(flushed: bool) -> None:
        with atomic(folder / "file", flushed) as partial:
            partial.write_bytes(content)

    clock = time.perf_counter
    return seconds(lambda: write(True), clock), seconds(lambda: write(False), clock)


def main() -> None:
    run = pd.read_csv(RECORDED).set_index("stage")
    total, jobs = float(run.processor_s.sum()), int(run.jobs.sum())
    rate = checksum_rate()
    hashed = sum(int(run.bytes[stage]) * times for stage, times in READS.items())
    with tempfile.TemporaryDirectory(dir=ROOT) as name:
        folder = Path(name)
        checked, bare = manifest_seconds(folder)
        shards, tables = hashed / rate, jobs * MANIFESTS_READ * (checked - bare)
        print(f"CRC-32: {rate / 1e9:.2f} GB/s; {hashed / 1e9:.2f} GB: {shards:.2f} s")
        print(f"manifest of {CLIPS} rows: {1e3 * checked:.1f} ms, {1e3 * bare:.1f} ms bare")
        share = 100 * (shards + tables) / total
        print(f"at most {shards + tables:.1f} of {total:.0f} s of processor time: {share:.2f} %")
        for size in (1_000, 1_000_000, 30_000_000):
            with_it, without = flushing(folder, size)
            print(f"{size:11,} bytes: {1e3 * with_it:.1f} ms flushed, {1e3 * without:.1f} ms not")


if __name__ == "__main__":
    main()
