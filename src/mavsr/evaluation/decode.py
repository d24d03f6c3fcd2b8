"""Command: transcribe a split with one model at one scale.

Writes one JSON line per utterance (key, reference, hypothesis, and what beam search says of it);
scoring reads only these lines and the sidecar that says how they were made.
"""

import hashlib
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from mavsr.command import progress, run_command
from mavsr.errors import InputError
from mavsr.evaluation.hypotheses import Origin, line_of, write_hypotheses
from mavsr.evaluation.resume import Resume
from mavsr.evaluation.settings import DecodingSettings
from mavsr.evaluation.split import read_split
from mavsr.evaluation.transcribe import plan_batches, recognise
from mavsr.evaluation.work import counting, describe_work, peak_gb
from mavsr.features.join import UtteranceSource
from mavsr.files import sha256
from mavsr.model.avsr import MatryoshkaModel, Utterance
from mavsr.model.cost import matrix_parameters, prefix_tokens, teraflops
from mavsr.model.folder import ModelFolder, read_model_folder
from mavsr.model.llm import written_config
from mavsr.model.loading import best_device, load_trained
from mavsr.model.scales import Scale
from mavsr.noise.condition import absent
from mavsr.provenance import provenance
from mavsr.tokens import TOKENS_PER_SECOND
from mavsr.workflow.code import code_digest


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

    What an interrupted call has finished is kept beside them, in ``<scale>.resume``.

    Args:
        model: folder of a trained model.
        manifest: manifest of the split to transcribe.
        origin: what the config calls corpus, encoders and LLM, for the sidecar.
        condition: what is done to the clips; features say so already, but for a modality that is
            absent (:func:`mavsr.noise.condition.absent`).
        scale: scale such as ``a4_v2``.
        hypotheses: the file to write.
        decoding: profile and beam search settings.
        audio: ``index.json`` of the split's audio features.
        video: ``index.json`` of its video features.
        threads: CPU threads.
    """
    torch.set_num_threads(threads)
    folder = read_model_folder(model)
    chosen = Scale.parse(scale)
    folder.settings.check_scale(chosen)
    taken_away = absent(condition)
    if taken_away and len(chosen.rates) < 2:
        raise InputError(
            f"{model} at scale {scale} cannot do without {taken_away}; decode {condition} at "
            "scales of both modalities"
        )
    source = read_split(folder, manifest, audio, video, taken_away, chosen.task)
    device = best_device()
    network = load_trained(folder, device)

    prompt = len(network.prompt_ids(chosen))
    tokens = {key: prefix_tokens(n, chosen, prompt) for key, n in source.lengths().items()}
    read = [manifest, *(path for path in (audio, video) if path)]
    resume = Resume(
        hypotheses.with_suffix(".resume"),
        _fingerprint(folder, read, origin, decoding, taken_away),
        code_digest("mavsr.evaluation.decode"),
    )
    _transcribe(network, source, chosen, decoding, tokens, resume)
    write_hypotheses(
        hypotheses,
        [line for _, line in sorted(resume.lines.items())],
        {
            "origin": asdict(origin),
            "condition": condition,
            "audio_rate": chosen.audio,
            "video_rate": chosen.video,
            "model": folder.run["model"],
            "decoding": asdict(decoding),
            "references_too_long": _count_too_long(network, resume, decoding.max_new_tokens),
            **_costs(network, source, chosen, tokens, resume, decoding.max_new_tokens),
            "utterances": len(tokens),
            "speech_s": round(sum(source.frames().values()) / TOKENS_PER_SECOND["video"], 2),
            "threads": threads,
            "peak_gb": round(peak_gb(device), 3),
            "code": resume.code,
            "seconds": round(resume.seconds, 3),
            **provenance(),
        },
    )
    resume.remove()
    logging.info("%d utterances at %s", len(tokens), scale)


def _transcribe(
    network: MatryoshkaModel,
    source: UtteranceSource,
    scale: Scale,
    decoding: DecodingSettings,
    tokens: Mapping[str, int],
    resume: Resume,
) -> None:
    """Add to ``resume`` the lines of all utterances that it lacks, batch by batch.

    Args:
        network: the model.
        source: the split.
        scale: at which it is read.
        decoding: beam search settings.
        tokens: key -> what the LLM reads before the transcript.
        resume: what an earlier call has finished.
    """
    # Planned whole: what is left meets the batch that it would have met, and rounds alike.
    planned = (
        [k for k in batch if k not in resume.lines] for batch in plan_batches(tokens, decoding)
    )
    batches = [batch for batch in planned if batch]
    if resume.lines:
        logging.info("%d of %d utterances were done before", len(resume.lines), len(tokens))
    for batch in progress(batches, len(batches), "decoding batches"):
        started = time.monotonic()
        utterances = [source[key] for key in batch]
        with counting(network) as searched:
            found = recognise(network, utterances, scale, decoding)
        lines = [
            line_of(utterance.key, utterance.text, one, tokens[utterance.key])
            for utterance, one in zip(utterances, found, strict=True)
        ]
        resume.add(lines, time.monotonic() - started, searched.tokens)


def _count_too_long(network: MatryoshkaModel, resume: Resume, most: int) -> int:
    """How many references need more than ``most`` tokens, which no hypothesis has; a warning."""
    too_long = sum(
        len(network.tokenizer(line["reference"], add_special_tokens=False)["input_ids"]) + 1 > most
        for line in resume.lines.values()
    )
    if too_long:
        logging.warning(
            "%d of %d references need more than decoding.max_new_tokens (%d) tokens, so their "
            "hypotheses are cut; raise it",
            too_long,
            len(resume.lines),
            most,
        )
    return too_long


def _costs(
    network: MatryoshkaModel,
    source: UtteranceSource,
    scale: Scale,
    tokens: Mapping[str, int],
    resume: Resume,
    most: int,
) -> dict[str, Any]:
    """Tokens and FLOPs for the sidecar, as the paper counts them and as they were.

    Args:
        network: the model.
        source: the split.
        scale: at which it was read.
        tokens: key -> what the LLM read before the transcript, as the paper counts.
        resume: what was transcribed.
        most: tokens of a transcript at most.
    """
    mean_tokens = sum(tokens.values()) / len(tokens)
    active_parameters = network.adapter.active_parameters(scale)
    shape = written_config(network.settings.llm, network.settings.llm_revision)
    weights = matrix_parameters(shape) + active_parameters
    written = [
        min(len(network.targets(Utterance(key, line["hypothesis"], {}))), most)
        for key, line in resume.lines.items()
    ]
    lengths = list(source.lengths().values())
    return {
        "active_parameters": active_parameters,
        "prompt_tokens": len(network.prompt_ids(scale)),
        "tokens": mean_tokens,
        "tflops": teraflops(weights, mean_tokens),
        "work": describe_work(network, shape, scale, lengths, written, resume.searched),
    }


def _fingerprint(
    folder: ModelFolder,
    read: list[Path],
    origin: Origin,
    decoding: DecodingSettings,
    taken_away: str | None,
) -> str:
    """Identifies everything that hypotheses and references depend on, but for code.

    The model's part is its own digest, which covers its files and its LLM.
    """
    settings = {k: v for k, v in asdict(decoding).items() if k != "batch_tokens"}
    digests = [folder.run["run_sha256"], *map(sha256, read)]
    content = [digests, asdict(origin), settings, taken_away]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


if __name__ == "__main__":
    run_command(decode)
