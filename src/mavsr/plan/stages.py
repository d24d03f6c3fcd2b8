"""A row per stage: jobs, hours, bytes and memory, and how many of the jobs are done."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mavsr.experiments import all_evaluations, all_models
from mavsr.features.content import BYTES
from mavsr.features.needs import wanted_caches
from mavsr.plan.work import Work

SPLITS = ("train", "val", "test")
FPS = 25
CLIP_TAR_BYTES = 1500
"""What a clip of a features shard takes beside its tokens: names and tar headers."""
TOKEN_BYTES = 4
"""Of a trained parameter as it is saved (float32)."""


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
    makers = (_corpus, _mouths, _noise, _standins, _features, _training, _evaluation)
    rows = [maker(work, gpu) for maker in makers]
    return [row for row in rows if row.jobs]


def _corpora(work: Work) -> list[str]:
    return sorted({model.corpus for model in all_models(work.config).values()})


def _seconds(work: Work, corpus: str, splits: Iterable[str] = SPLITS) -> float:
    return sum(float(work.lengths(corpus, split).seconds.sum()) for split in splits)


def _shards(work: Work, corpus: str, split: str) -> list[str]:
    return [f"{n:05d}" for n in range(work.config["corpora"][corpus]["shards"][split])]


def _corpus(work: Work, gpu: bool) -> Row:
    row = Row("corpus", [], memory_gb=work.rates.job_gb)
    for corpus in _corpora(work):
        place = work.results / "corpus" / corpus
        made = work.config["corpora"][corpus]["kind"] == "portrait"
        row.files += [place / "train.parquet"] + [place / "tree.json"] * made
        clips = sum(len(work.lengths(corpus, split).seconds) for split in SPLITS)
        row.seconds += clips * (work.rates.scan_s + work.rates.portrait_s * made)
        row.bytes += _seconds(work, corpus) * work.rates.clip_bytes * made
    row.seconds += row.jobs * work.rates.start_s["cpu"]
    return row


def _mouths(work: Work, gpu: bool) -> Row:
    row = Row("mouths", [], memory_gb=work.rates.job_gb)
    section = work.config["mouths"]
    look = work.rates.look_ms["every_frame" if section["detect_every"] == 1 else "every_nth"]
    size = work.rates.crop_bytes if section["codec"] == "ffv1" else work.rates.x264_bytes
    for corpus in _corpora(work):
        place = work.results / "mouths" / corpus
        for split in SPLITS:
            row.files += [place / split / f"{n}.tar" for n in _shards(work, corpus, split)]
            row.files += [place / split / "index.json"]
            row.files += [work.results / "report" / "mouths" / f"{corpus}_{split}.png"]
        row.files += [place / "ledger_summary.csv"]
        seconds = _seconds(work, corpus)
        row.seconds += seconds * FPS * look / 1000
        row.bytes += seconds * size
    row.seconds += row.jobs * work.rates.start_s["cpu"]
    return row


def _noise(work: Work, gpu: bool) -> Row:
    row = Row("noise", [], memory_gb=work.rates.job_gb)
    config = work.config
    heard = sorted(
        {
            (c.corpus, c.split, c.condition)
            for c in wanted_caches(config)
            if config["encoders"][c.encoder]["kind"] == "whisper" and c.condition != "clean"
        }
    )
    for corpus, split, condition in heard:
        place = work.results / "noise" / corpus / split / condition
        row.files += [place / f"{n}.tar" for n in _shards(work, corpus, split)]
        seconds = _seconds(work, corpus, [split])
        row.seconds += seconds / work.rates.mix_speed
        row.bytes += seconds * work.rates.noise_bytes
    row.seconds += row.jobs * work.rates.start_s["cpu"]
    return row


def _standins(work: Work, gpu: bool) -> Row:
    row = Row("standins", [], memory_gb=work.rates.job_gb)
    models, section = all_models(work.config).values(), work.config["standins"]
    paths = {work.config["llms"][m.llm]["path"] for m in models}
    paths |= {work.config["encoders"][e]["path"] for m in models for _, e in m.encoders}
    made = sorted(path for path in paths if path.startswith("results/standins/"))
    for path in made:
        row.files.append(work.results / path.removeprefix("results/"))
        corpus, name = path.split("/")[2], Path(path).stem
        if name == "llama":
            row.seconds += section["llama"]["steps"] * work.rates.standin_step_s
        else:
            epochs = section[name]["training"]["epochs"]
            speech = epochs * _seconds(work, corpus, ["train"])
            row.seconds += speech * work.rates.standin_epoch_s[name]
        row.bytes += work.rates.standin_bytes / 3
    row.seconds += row.jobs * work.rates.start_s["cpu"]
    return row


def _device(work: Work, row: Row, flops: float, speed: dict[str, float]) -> None:
    device = "gpu" if row.on_gpu else "cpu"
    row.seconds = flops / speed[device] + row.jobs * work.rates.start_s[device]


def _features(work: Work, gpu: bool) -> Row:
    row = Row("features", [], on_gpu=gpu, memory_gb=work.rates.job_gb)
    flops, indexes = 0.0, []
    for c in wanted_caches(work.config):
        place = work.results / "features" / c.encoder / c.corpus / c.split / c.condition
        row.files += [place / f"{n}.tar" for n in _shards(work, c.corpus, c.split)]
        indexes.append(place / "index.json")
        size, lengths = work.encoders[c.encoder], work.lengths(c.corpus, c.split)
        for seconds, clips in zip(*np.unique(lengths.seconds, return_counts=True), strict=True):
            flops += size.flops(float(seconds)) * int(clips)
        tokens = float(lengths.seconds.sum()) * size.tokens_per_s
        row.bytes += tokens * size.dim * BYTES[work.config["features"]["dtype"]]
        row.bytes += len(lengths.seconds) * CLIP_TAR_BYTES
    _device(work, row, flops, dict(work.rates.network_flops))
    row.files += indexes
    return row


def _training(work: Work, gpu: bool) -> Row:
    models = all_models(work.config)
    row = Row("training", [work.results / "training" / n / "run.json" for n in models], on_gpu=gpu)
    flops = sum(work.training_flops(model) for model in models.values())
    _device(work, row, flops, dict(work.rates.network_flops))
    for model in models.values():
        lines = len(model.settings.scales) * work.steps(model)
        row.bytes += TOKEN_BYTES * work.trained(model) + work.rates.metric_bytes * lines
    row.memory_gb = _with_llm(work, {model.llm for model in models.values()})
    return row


def _evaluation(work: Work, gpu: bool) -> Row:
    wanted = all_evaluations(work.config)
    files = [work.results / "evaluation" / f"{e.path}.jsonl" for e in wanted]
    row = Row("evaluation", files, on_gpu=gpu)
    flops = sum(work.decoding_flops(evaluation) for evaluation in wanted)
    _device(work, row, flops, dict(work.rates.decoding_flops))
    clips = sum(len(work.lengths(e.model.corpus, "test").seconds) for e in wanted)
    size = work.rates.evaluation_bytes
    row.bytes = clips * size["clip"] + row.jobs * size["job"]
    row.memory_gb = _with_llm(work, {e.model.llm for e in wanted})
    return row


def _with_llm(work: Work, llms: set[str]) -> float:
    """Peak of a job: the largest LLM's weights in float32, a quarter more, and the libraries."""
    largest = max((work.weights[llm] for llm in llms), default=0)
    return work.rates.job_gb + 1.25 * 4 * largest / 1e9
