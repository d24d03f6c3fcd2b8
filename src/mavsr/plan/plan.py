"""Command: jobs, hours, disk and memory of a config, stage by stage, before anything runs.

``make plan CONFIG=workflow/configs/paper.yaml``, or ``mavsr plan --configfile ...``. Lengths come
from the manifests where they are made, else from what papers say; speeds from ``plan/rates.yaml``.
"""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pandas as pd

from mavsr.command import run_command
from mavsr.config.config import Config
from mavsr.config.read import read_config
from mavsr.model.compressions import compression_of
from mavsr.plan.features import feature_lines, feature_table
from mavsr.plan.files import used_corpora
from mavsr.plan.rates import DEFAULT, read_rates
from mavsr.plan.stages import Row, stage_rows
from mavsr.plan.work import WORD_TOKENS, Work
from mavsr.workflow.experiments import all_models
from mavsr.workflow.own_files import lost_import
from mavsr.workflow.paths import SPLITS, TOYS
from mavsr.workflow.threads import has_gpu


def plan_table(rows: list[Row]) -> pd.DataFrame:
    """A line per stage, their sum, and what is left of it; memory is the largest of a single job.

    What is left of a stage's hours and bytes is in proportion to its jobs that are not done.
    """
    table = pd.DataFrame(
        {
            "stage": [row.stage for row in rows],
            "jobs": [row.jobs for row in rows],
            "done": [row.done for row in rows],
            "CPU hours": [0.0 if row.on_gpu else row.seconds / 3600 for row in rows],
            "GPU hours": [row.seconds / 3600 if row.on_gpu else 0.0 for row in rows],
            "disk GB": [row.bytes / 1e9 for row in rows],
            "memory GB": [row.memory_gb for row in rows],
        }
    )
    share = 1 - table.done / table.jobs
    lines = [table]
    for name, part in (("all", share**0), ("left", share)):
        numbers = table.drop(columns=["stage", "memory GB"]).mul(part, axis=0).sum()
        memory = table["memory GB"].where(part > 0, 0).max()
        lines.append(pd.DataFrame([{"stage": name, **numbers, "memory GB": memory}]))
    table = pd.concat(lines, ignore_index=True)
    table.loc[table.stage == "left", "done"] = 0
    return table.astype({"jobs": int, "done": int})


def disk_lines(config: Config, table: pd.DataFrame, manifests: Path) -> Iterator[str]:
    """The disk space of a plan, and the keys that lessen what features take of it.

    Args:
        config: checked.
        table: of :func:`plan_table`.
        manifests: folder of the manifests, if they are made already.
    """
    whole, left = table.set_index("stage")["disk GB"][["all", "left"]]
    yield f"Disk space: {whole:,.4g} GB, {left:,.4g} GB of it to be written yet."
    features, _ = feature_table(config, manifests)
    if features.empty or features.GB.sum() < 0.5 * whole:
        return
    total, training = features.GB.sum(), features[features.split == "train"].GB.sum()
    yield f"Features take {total:,.4g} GB. Less:"
    compressions = {m.settings.compression for m in all_models(config).values()}
    pools = all(compression_of(name).pools for name in compressions)
    if config.features.store == "full" and pools:
        pooled = replace(config, features=replace(config.features, store="pooled"))
        less = feature_table(pooled, manifests)[0].GB.sum()
        yield f"- features.store: pooled takes {less:,.4g} GB and gives the same tokens"
    if config.features.mode == "cached":
        if config.features.views > 1:
            fewer = total - training * (1 - 1 / config.features.views)
            yield f"- features.views: 1 takes {fewer:,.4g} GB, without augmentation over epochs"
        yield f"- features.mode: online takes {total - training:,.4g} GB, and far more time"


def plan(
    configfile: list[Path] | None = None,
    results: Path = Path("results"),
    device: Literal["cpu", "gpu", "auto"] = "auto",
    rates: Path | None = None,
) -> None:
    """Print what the configured experiments take from nothing, and how much of it is done.

    Features, which take most of the disk space, are told by encoder and split too.

    Args:
        configfile: configs, each stating what differs from the one before and from config.yaml.
        results: folder whose manifests and finished outputs count.
        device: where encoders, training and decoding run; auto takes GPUs where this machine has
            one or hands jobs to SLURM, unless all models are the toys of the embedded default.
        rates: your own speeds and sizes, in the format of ``src/mavsr/plan/rates.yaml``.
    """
    config = read_config(configfile or [])
    work = Work(config, read_rates(rates), results)
    there = has_gpu() or shutil.which("sbatch") is not None
    gpu = there and _has_real_models(config) if device == "auto" else device == "gpu"
    table = plan_table(stage_rows(work, gpu))
    numbers = dict.fromkeys(("CPU hours", "GPU hours", "disk GB", "memory GB"), "{:,.4g}".format)
    for line in disk_lines(config, table, results / "corpus"):
        print(line)
    print()
    print(table.to_string(index=False, formatters=numbers | {"jobs": "{:,}".format}))
    if device == "auto" and not there and _has_real_models(config):
        print("This machine has no GPU, so hours are of processor cores; --device gpu for one.")
    imported = [model.name for model in all_models(config).values() if model.imported]
    for line in (line for name in imported for line in lost_import(name, results)):
        print(line)
    print("\nFeatures")
    print("\n".join(feature_lines(config, results / "corpus")))
    print("\nAssumptions")
    for line in _assumptions(work, "gpu" if gpu else "cpu"):
        print(f"- {line}")
    print(f"- all speeds and bytes: {rates or 'none of your own'}, else {DEFAULT.name}, which says")
    print("  of each line whether it was measured or assumed")


def _has_real_models(config: Config) -> bool:
    """Whether a model that is used is no toy."""
    models = all_models(config).values()
    paths = [config.llms[model.llm].path for model in models]
    paths += [config.encoders[name].path for model in models for _, name in model.encoders]
    return any(not path.startswith(TOYS) for path in paths)


def _assumptions(work: Work, device: str) -> Iterator[str]:
    for corpus in used_corpora(work.config):
        told = {split: work.lengths(corpus, split) for split in SPLITS}
        parts = [f"{split} {x.hours:,.2f} h ({x.basis})" for split, x in told.items()]
        yield f"{corpus}: {', '.join(parts)}"
    rates = work.rates
    yield (
        f"a {device.upper()} computes {rates.network_flops[device]:.3g} FLOP/s in encoders and "
        f"training, {rates.decoding_flops[device]:.3g} in decoding; a job there takes "
        f"{rates.start_s[device]:g} s to start"
    )
    yield f"{WORD_TOKENS:g} tokens of prompt and transcript per second of speech"
    yield "training: full batches, a backward pass costs a forward one, validation costs nothing"
    yield "decoding: every beam reaches decoding.max_new_tokens"
    yield "one device a job; memory of training and decoding is the device's, without batches"
    yield "left: in proportion to the jobs of a stage that are not done"
    yield "not counted: downloads, tables, figures, the report, retries"


if __name__ == "__main__":
    run_command(plan)
