"""Table 1 of the embedded corpus from nothing, beside what an earlier commit takes for it.

    python benchmarks/table1.py
    python benchmarks/table1.py --rounds 2
    python benchmarks/table1.py --configfile workflow/configs/smoke.yaml    # only to try it

Both builds are checked out into folders of their own and run by turns, each from nothing and with
the packages of this environment. Both make the models that the earlier commit has in its Table 1.
Per stage the processor time of its jobs is printed, libraries' imports included; then the wall time
of the whole, the largest memory of a job, and the cells whose WER differs most. Wanted against
4351837: at most 0.6 of the time by both clocks, 1.2 GB, and every cell within a point.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import yaml

from mavsr.command import run_command

ROOT = Path(__file__).parents[1]
TABLE = {
    "experiments": {
        "table1": [
            {"methods": ["llama-avsr", "mtsk-ms", "mtsk-ss", "mtsk-mss"]},
            {"methods": ["mome-ffn"]},
        ]
    }
}
RENAMED = {"standins": "toy"}
"""What stages were called once."""

SNAKEMAKE = """
import sys
from snakemake import benchmark, cli
benchmark.benchmarked.__wrapped__.__defaults__ = (None, None, 0.5)
cli.main(sys.argv[1:])
"""
"""Snakemake that looks at its jobs twice a second to their end; by itself it misses up to 30 s of
each (findings/snakemake_benchmark_ends_early.sh)."""

CELL = ["method", "audio_rate", "video_rate"]


def check_out(commit: str, folder: Path) -> Path:
    subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True)
    subprocess.run(["git", "checkout", "--quiet", commit], cwd=folder, check=True)
    (folder / "table1.yaml").write_text(yaml.safe_dump(TABLE))
    return folder


def run(folder: Path, cores: int, configs: list[str]) -> dict[str, float]:
    """Make Table 1 from nothing: wall seconds, processor seconds per stage, peak megabytes."""
    subprocess.run(["rm", "-rf", folder / "results", folder / ".snakemake"], check=True)
    words = ["--cores", str(cores), "--quiet", "all", "--configfile", *configs, "table1.yaml"]
    environment = {**os.environ, "PYTHONPATH": str(folder / "src")}
    started = time.monotonic()
    subprocess.run(
        [sys.executable, "-c", SNAKEMAKE, *words, "--", "results/table1.csv"],
        cwd=folder,
        env=environment,
        check=True,
        stderr=subprocess.DEVNULL,
    )
    found = {"wall": time.monotonic() - started, "peak MB": 0.0}
    places = (folder / "results" / "benchmarks").rglob("*.tsv")
    for path in places:
        job = pd.read_csv(path, sep="\t", na_values="-").iloc[0]
        stage = path.relative_to(folder / "results" / "benchmarks").parts[0]
        stage = RENAMED.get(stage, stage)
        found[stage] = found.get(stage, 0.0) + float(job.cpu_time)
        found["peak MB"] = max(found["peak MB"], float(job.max_rss))
    return found


def errors(folder: Path) -> pd.Series:
    """WER of every cell, in percent."""
    scores = pd.read_csv(folder / "results" / "evaluation" / "table1.csv")
    return scores.set_index(CELL).wer


def show(before: list[dict[str, float]], now: list[dict[str, float]]) -> None:
    stages = [name for name in now[0] if name not in ("wall", "peak MB")]
    rows = {
        name: [[run[name] for run in runs if name in run] for runs in (before, now)]
        for name in [*stages, "wall", "peak MB"]
    }
    rows["all jobs"] = [
        [sum(run[n] for n in stages if n in run) for run in r] for r in (before, now)
    ]
    print(f"{'':12} {'before':>9} {'now':>9} {'ratio':>6}   (median of {len(now)})")
    for name, (old, new) in rows.items():
        a, b = (statistics.median(values) if values else float("nan") for values in (old, new))
        print(f"{name:12} {a:9.1f} {b:9.1f} {b / a:6.2f}")


def table1(
    against: str = "4351837", cores: int = 2, rounds: int = 1, configfile: list[str] | None = None
) -> None:
    """Print what both builds take, and how far their WERs are apart.

    Args:
        against: the earlier commit.
        cores: for Snakemake.
        rounds: how often each build runs.
        configfile: configs that both are given; by default ``config.yaml``.
    """
    configs = configfile or ["config.yaml"]
    with tempfile.TemporaryDirectory() as place:
        builds = [
            check_out(commit, Path(place) / name)
            for name, commit in (("before", against), ("now", "HEAD"))
        ]
        found: tuple[list, list] = ([], [])
        for _ in range(rounds):
            for build, runs in zip(builds, found, strict=True):
                runs.append(run(build, cores, configs))
        show(*found)
        apart = (errors(builds[1]) - errors(builds[0])).dropna()
        print(
            f"WER minus that before: {apart.min():+.2f} to {apart.max():+.2f}, {len(apart)} cells"
        )


if __name__ == "__main__":
    run_command(table1)
