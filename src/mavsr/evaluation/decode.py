"""Command: transcribe a split with one model at one scale.

Writes one JSON line per utterance (key, reference, hypothesis); scoring reads only these lines and
the sidecar that says how they were made.
"""

import json
import logging
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from transformers import AutoConfig

from mavsr.command import progress, run_command
from mavsr.errors import InputError
from mavsr.evaluation.hypotheses import Origin
from mavsr.features.join import UtteranceSource, check_modalities
from mavsr.features.origin import check_encoders, check_pooling
from mavsr.files import atomic, write_json
from mavsr.model.avsr import MatryoshkaModel
from mavsr.model.scales import Scale
from mavsr.model.settings import ModelSettings
from mavsr.provenance import provenance
from mavsr.report.cost import matrix_parameters, prefix_tokens, teraflops


@dataclass(frozen=True)
class DecodingSettings:
    """Deterministic beam search; nothing is taken from the checkpoint's generation settings."""

    beams: int = 15
    """Beam width (15 in the paper)."""
    max_new_tokens: int = 32
    """Longest hypothesis, tokens (32 in the public code)."""
    batch_utterances: int = 25
    """Utterances decoded together."""

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if value < 1:
                raise InputError(f"decoding.{name} is {value}; it must be at least 1")


def decode(
    model: Path,
    manifest: Path,
    origin: Origin,
    condition: str,
    scale: str,
    hypotheses: Path,
    decoding: DecodingSettings,
    audio: Path | None = None,
    video: Path | None = None,
    threads: int = 1,
) -> None:
    """Write ``hypotheses`` (JSON lines, sorted by key) and the sidecar of the same name in .json.

    Args:
        model: folder of a trained model.
        manifest: manifest of the split to transcribe.
        origin: what the config calls corpus, encoders and LLM, for the sidecar.
        condition: name of the listening condition, for the sidecar.
        scale: scale such as ``a4_v2``.
        hypotheses: the file to write.
        decoding: beam search settings.
        audio: ``index.json`` of the split's audio features.
        video: ``index.json`` of its video features.
        threads: CPU threads.
    """
    torch.set_num_threads(threads)
    started = time.monotonic()
    if not (model / "run.json").is_file():
        raise InputError(f"{model}/run.json does not exist; run `snakemake {model}/run.json`")
    run = json.loads((model / "run.json").read_text())
    settings, chosen = ModelSettings.from_dict(run["model"]), Scale.parse(scale)
    indexes = {m: path for m, path in (("audio", audio), ("video", video)) if path}
    check_modalities(settings.task, indexes)
    source = UtteranceSource(manifest, indexes)
    check_encoders(run.get("encoders", {}), source)
    check_pooling(settings, source)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    network = MatryoshkaModel(settings, run["dims"])
    network.load(model)
    network.to(device)
    network.eval()

    frames = source.frames()
    keys = sorted(source, key=lambda key: (frames[key], key))
    size = decoding.batch_utterances
    batches = [keys[i : i + size] for i in range(0, len(keys), size)]
    lines: dict[str, dict] = {}
    too_long = 0
    for batch in progress(batches, len(batches), "decoding batches"):
        utterances = [source[key] for key in batch]
        texts = network.transcribe(utterances, chosen, decoding.beams, decoding.max_new_tokens)
        for utterance, text in zip(utterances, texts, strict=True):
            too_long += network.count_targets([utterance]) > decoding.max_new_tokens
            lines[utterance.key] = {
                "key": utterance.key,
                "reference": utterance.text,
                "hypothesis": text.strip(),
            }
    with atomic(hypotheses) as partial, partial.open("w", encoding="utf-8") as file:
        for key in sorted(lines):
            file.write(json.dumps(lines[key], ensure_ascii=False) + "\n")

    if too_long:
        logging.warning(
            "%d of %d references need more than decoding.max_new_tokens (%d) tokens, so their "
            "hypotheses are cut; raise it",
            too_long,
            len(lines),
            decoding.max_new_tokens,
        )
    tokens = [
        prefix_tokens(length, chosen, len(network.prompt_ids))
        for length in source.lengths().values()
    ]
    mean_tokens = sum(tokens) / len(tokens)
    config = AutoConfig.from_pretrained(settings.llm, revision=settings.llm_revision)
    active_parameters = network.adapter.active_parameters(chosen)
    weights = matrix_parameters(config) + active_parameters
    write_json(
        hypotheses.with_suffix(".json"),
        {
            "origin": asdict(origin),
            "condition": condition,
            "audio_rate": chosen.audio,
            "video_rate": chosen.video,
            "model": settings.to_dict(),
            "decoding": asdict(decoding),
            "references_too_long": too_long,
            "active_parameters": active_parameters,
            "prompt_tokens": len(network.prompt_ids),
            "tokens": mean_tokens,
            "tflops": teraflops(weights, mean_tokens),
            "seconds": round(time.monotonic() - started, 1),
            **provenance(),
        },
    )
    logging.info("%d utterances at %s", len(lines), scale)


if __name__ == "__main__":
    run_command(decode)
