"""A row per stage: jobs, hours, bytes and memory, and how many of the jobs are done."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mavsr.plan.features import encoding_flops, stored_bytes
from mavsr.plan.files import (
    is_made,
    made_toys,
    noisy_splits,
    stage_files,
    used_corpora,
)
from mavsr.plan.work import Work
from mavsr.tokens import TOKENS_PER_SECOND
from mavsr.workflow.experiments import (
    all_evaluations,
    trained_models,
    validations,
)
from mavsr.workflow.needs import pooling, used_splits, wanted_caches
from mavsr.workflow.paths import SPLITS

CLIP_TAR_BYTES = 1500
"""What a clip of a features shard takes beside its tokens: names and tar headers."""
PARAMETER_BYTES = 4
"""Of a trained parameter as it is saved (float32)."""
ON_GPU = ("features", "training", "evaluation")


@dataclass
class Row:
    """What a stage takes from nothing; hours are of processor cores and of GPUs."""

    stage: str
    files: list[Path]
    """One main output per job."""
    seconds: float = 0.0
    on_gpu: bool = False
    bytes: float = 0.0
    memory_gb: float = 0.0

    @property
    def device(self) -> str:
        """What its hours are of, as rates call it: cpu or gpu."""
        return "gpu" if self.on_gpu else "cpu"

    @property
    def jobs(self) -> int:
        """How many."""
        return len(self.files)

    @property
    def done(self) -> int:
        """How many of them have left their output."""
        return sum(path.exists() for path in self.files)


def stage_rows(work: Work, gpu: bool) -> list[Row]:
    """The stages in the order of the data; tables and figures take seconds and are left out.

    Args:
        work: the config's sizes.
        gpu: whether encoders, training and decoding have one.
    """
    rows = []
    for stage, files in stage_files(work.config, work.results).items():
        row = Row(stage, files, on_gpu=gpu and stage in ON_GPU, memory_gb=work.rates.job_gb)
        _MAKERS[stage](work, row)
        row.seconds += row.jobs * work.rates.start_s[row.device]
        rows.append(row)
    return rows


def _seconds(work: Work, corpus: str, splits: Iterable[str] = SPLITS) -> float:
    return sum(float(work.lengths(corpus, split).seconds.sum()) for split in splits)


def _corpus(work: Work, row: Row) -> None:
    for corpus in used_corpora(work.config):
        made = is_made(work.config, corpus)
        clips = sum(len(work.lengths(corpus, split).seconds) for split in SPLITS)
        row.seconds += clips * (work.rates.scan_s + work.rates.portrait_s * made)
        row.bytes += _seconds(work, corpus) * work.rates.clip_bytes * made


def _mouths(work: Work, row: Row) -> None:
    section = work.config.mouths
    look = work.rates.look_ms["every_frame" if section.detect_every == 1 else "every_nth"]
    size = work.rates.crop_bytes if section.codec == "ffv1" else work.rates.x264_bytes
    for corpus, splits in used_splits(all_evaluations(work.config)).items():
        seconds = _seconds(work, corpus, splits)
        row.seconds += seconds * TOKENS_PER_SECOND["video"] * look / 1000
        row.bytes += seconds * size


def _noise(work: Work, row: Row) -> None:
    for corpus, split, _ in noisy_splits(work.config):
        seconds = _seconds(work, corpus, [split])
        row.seconds += seconds / work.rates.mix_speed
        row.bytes += seconds * work.rates.noise_bytes


def _toys(work: Work, row: Row) -> None:
    section = work.config.toy
    for path in made_toys(work.config):
        corpus, name = path.split("/")[2], Path(path).stem
        if name == "llama":
            row.seconds += section.llama.steps * work.rates.toy_step_s
        else:
            epochs = getattr(section, name).training.epochs
            speech = epochs * _seconds(work, corpus, ["train"])
            row.seconds += speech * work.rates.toy_epoch_s[name]
        row.bytes += work.rates.toy_bytes / 3


def _features(work: Work, row: Row) -> None:
    wanted, flops = all_evaluations(work.config), 0.0
    for c in wanted_caches(work.config):
        size, lengths = work.encoders[c.encoder], work.lengths(c.corpus, c.split)
        pool = pooling(work.config, wanted, c.encoder, c.corpus)
        flops += encoding_flops(size, lengths)
        row.bytes += stored_bytes(size, lengths, work.config.features.dtype, pool)
        row.bytes += len(lengths.seconds) * CLIP_TAR_BYTES
    row.seconds = flops / work.rates.network_flops[row.device]


def _training(work: Work, row: Row) -> None:
    models = trained_models(work.config).values()
    flops = sum(work.training_flops(model) for model in models)
    row.seconds = flops / work.rates.network_flops[row.device]
    for model in models:
        row.bytes += PARAMETER_BYTES * work.trained(model)
        row.bytes += work.rates.metric_bytes * work.losses(model)
    row.memory_gb += _llm_gb(work, {model.llm for model in models})


def _evaluation(work: Work, row: Row) -> None:
    wanted = [(e, "test") for e in all_evaluations(work.config)]
    wanted += [(e, "val") for e in validations(work.config)]
    flops = sum(work.decoding_flops(evaluation, split) for evaluation, split in wanted)
    row.seconds = flops / work.rates.decoding_flops[row.device]
    clips = sum(len(work.lengths(e.corpus, split).seconds) for e, split in wanted)
    size = work.rates.evaluation_bytes
    row.bytes = clips * size["clip"] + row.jobs * size["job"]
    row.memory_gb += _llm_gb(work, {e.model.llm for e, _ in wanted})


def _llm_gb(work: Work, llms: set[str]) -> float:
    """The largest LLM's weights, in float32 unless they are quantised, and a quarter more."""
    return 1.25 * max(work.frozen_bytes(llm) for llm in llms) / 1e9


_MAKERS = {
    "corpus": _corpus,
    "mouths": _mouths,
    "noise": _noise,
    "toy": _toys,
    "features": _features,
    "training": _training,
    "evaluation": _evaluation,
}
"""Stage -> what adds its costs to its row."""
