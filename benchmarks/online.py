"""What the feature cache costs and saves: one model trained on cached and on online features.

    python benchmarks/online.py
    python benchmarks/online.py --configfile workflow/configs/smoke.yaml

The workflow trains it both ways, with the same clips, epochs and seeds. Printed are its WER, and
the seconds of all jobs between crops and model. With as many views as epochs both meet the same
features.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import jiwer
import pandas as pd

from mavsr.command import run_command
from mavsr.config.read import read_config
from mavsr.workflow.experiments import all_evaluations

ROOT = Path(__file__).parents[1]


def online(configfile: Path = ROOT / "workflow/configs/smoke.yaml") -> None:
    """Train one model of ``configfile`` both ways, in a folder of its own."""
    with tempfile.TemporaryDirectory() as place:
        compare_training(configfile, Path(place))


def compare_training(configfile: Path, project: Path) -> None:
    shutil.copy(ROOT / "config.yaml", project)
    config = read_config([configfile])
    wanted = [
        e
        for e in all_evaluations(config)
        if (e.model.settings.method, e.model.settings.task, e.condition)
        == ("mtsk-ms", "avsr", "clean")
    ]
    model = wanted[0].model
    targets = [f"results/evaluation/{e.path}.jsonl" for e in wanted if e.model == model]
    print(f"{config.training.epochs} epochs; {config.features.views} views if cached")
    for mode in ("cached", "online"):
        command = [sys.executable, "-m", "snakemake", "--cores", "all", "--quiet", "all"]
        command += ["--snakefile", str(ROOT / "Snakefile"), "--directory", str(project)]
        command += ["--configfile", str(configfile.resolve())]
        command += ["--config", f"features={{mode: {mode}}}", "--", *targets]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            raise RuntimeError(f"the {mode} run failed:\n{done.stdout[-5000:]}")
        jobs = {"training": [project / f"results/benchmarks/training/{model.name}.tsv"]}
        if mode == "cached":
            views = f"{model.corpus}/train/view_*/*.tsv"
            for stage in ("noise", "features/*"):
                jobs[stage] = list(project.glob(f"results/benchmarks/{stage}/{views}"))
        spent = pd.DataFrame(
            [
                {"stage": stage, **pd.read_csv(path, sep="\t").iloc[0][["s", "cpu_time"]]}
                for stage, paths in jobs.items()
                for path in paths
            ]
        )
        errors = ", ".join(f"{Path(t).stem} {wer(project / t):.1f} %" for t in targets)
        stages = ", ".join(
            f"{stage.strip('/*')} {row.s:.0f} s ({row.cpu_time:.0f} s of processor time)"
            for stage, row in spent.groupby("stage").sum().iterrows()
        )
        print(f"{mode}: {spent.s.sum():.0f} s from crops to model: {stages}; WER {errors}")


def wer(hypotheses: Path) -> float:
    """Word error rate of a file of hypotheses, %."""
    lines = [json.loads(line) for line in hypotheses.read_text().splitlines()]
    references = [line["reference"].lower() for line in lines]
    return 100 * jiwer.wer(references, [line["hypothesis"].lower() for line in lines])


if __name__ == "__main__":
    run_command(online)
