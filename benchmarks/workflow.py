"""What Snakemake itself takes: time, memory and jobs of dry runs, and how they grow.

The papers' config as it is, with twice and four times the training shards, and with more seeds;
then a run of the embedded default that finds nothing to do, if it has run (make results/all).

    python benchmarks/workflow.py [--growth 1 2 4] [--bars]
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
PAPER = "workflow/configs/paper.yaml"
BARS = {"jobs": 20_000, "seconds": 20.0, "gigabytes": 1.5, "no-op seconds": 10.0}


def measure(*arguments: str) -> dict:
    """Wall-clock seconds, peak gigabytes and jobs of one snakemake process."""
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--quiet", "rules", *arguments]
    started = time.monotonic()
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(said[-3000:])
    total = re.search(r"^total\s+(\d+)", said, re.M)
    return {
        "jobs": int(total[1]) if total else 0,
        "seconds": time.monotonic() - started,
        "processor seconds": usage.ru_utime + usage.ru_stime,
        "gigabytes": usage.ru_maxrss * 1024 / 1e9,
    }


def show(what: str, found: dict) -> None:
    each = 1000 * found["seconds"] / max(found["jobs"], 1)
    line = f"{found['jobs']:7,} jobs {found['seconds']:6.1f} s "
    line += f"({found['processor seconds']:.1f} of a core) {found['gigabytes']:5.2f} GB"
    print(f"{what:28} {line} {each:6.2f} ms a job", flush=True)


def grown(factor: int, what: str) -> dict:
    """What the papers' config must say to have more shards or more models."""
    paper = yaml.safe_load((ROOT / PAPER).read_text())
    if what == "shards":
        corpora = paper["corpora"]
        for corpus in corpora.values():
            corpus["shards"]["train"] *= factor
        return {"corpora": corpora}
    copies = {
        f"{name}_{seed}": [{**entry, "seed": seed} for entry in entries]
        for name, entries in paper["experiments"].items()
        for seed in range(1, factor)
    }
    return {"experiments": copies}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--growth", type=int, nargs="*", default=[2, 4], help="factors")
    parser.add_argument("--bars", action="store_true", help="fail where a bar is missed")
    options = parser.parse_args()
    found = measure("--configfile", PAPER)
    show("paper", found)
    missed = [name for name, value in found.items() if value > BARS.get(name, value)]
    for what in ("shards", "seeds"):
        for factor in options.growth:
            with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
                yaml.safe_dump(grown(factor, what), file)
                file.flush()
                show(f"paper, {factor} x {what}", measure("--configfile", PAPER, file.name))
    finished = measure()
    show("embedded default", finished)
    if finished["jobs"]:
        print("the embedded default has jobs left; the no-op time needs `make results/all` first")
    elif finished["seconds"] > BARS["no-op seconds"]:
        missed.append("no-op seconds")
    if missed:
        print(f"missed: {', '.join(f'{name} {BARS[name]:,}' for name in missed)}")
        sys.exit(1 if options.bars else 0)


if __name__ == "__main__":
    main()
