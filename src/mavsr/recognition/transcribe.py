"""Command: what is said in video files, according to a trained model at one of its scales.

``mavsr transcribe --model results/training/<model> --scale 4,2 --videos talk.mp4``

Crops, tokens and beam search are those of the workflow under the same config, so a clip of a corpus
gets the transcript that evaluation gives it.
"""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from mavsr.command import run_command
from mavsr.config.config import Config
from mavsr.config.read import plain, read_config
from mavsr.encoders import Encoder, EncoderSettings, load_encoder
from mavsr.errors import InputError
from mavsr.evaluation import transcribe as decoding
from mavsr.features.extract import origin
from mavsr.features.settings import ExtractSettings
from mavsr.model.avsr import MatryoshkaModel, Utterance
from mavsr.model.export import read_scale
from mavsr.model.scales import TASKS
from mavsr.model.settings import ModelSettings
from mavsr.recognition.clip import CLEAN, clip_tokens, read_clip
from mavsr.recognition.settings import (
    crop_settings,
    encoder_names,
    extract_settings,
)


def transcribe(
    model: Path,
    scale: str,
    videos: list[Path],
    configfile: list[Path] | None = None,
    start: float = 0.0,
    end: float | None = None,
    crops: Path | None = None,
) -> None:
    """Print a line per video file: its name, a tab, and what is said in it.

    A model of task asr also takes sound files and looks at no picture; one of task vsr also takes
    videos without sound. A file that cannot be used is named and does not stop the others.

    Args:
        model: folder of a trained model, under the name that the workflow gave it.
        scale: rates such as ``4,2`` (audio, video), ``4`` for one modality, or ``a4_v2``.
        videos: files of one utterance each, about as long as those that the model was trained on.
        configfile: the configs that the model was trained with, each stating what differs from the
            one before and from config.yaml.
        start: where the utterance begins in the files, seconds.
        end: where it ends, seconds; the end of the file if not given.
        crops: folder for the mouth crops that the model sees, ``<name>.mkv``; none for asr.
    """
    run = _read_run(model)
    settings = ModelSettings.from_dict(run["model"])
    modalities, chosen = TASKS[settings.task], read_scale(scale, settings)
    _check_files(videos, crops if "video" in modalities else None)
    config = read_config(configfile or [])
    cropping, extraction = crop_settings(config), extract_settings(config)
    searching = config.decoding
    device = "cuda" if torch.cuda.is_available() else "cpu"
    encoders = _load_encoders(model, run, config, extraction, device)
    network = MatryoshkaModel(settings, run["dims"])
    network.load(model)
    network.to(device).eval()
    refused = 0
    for video in videos:
        try:
            clip = read_clip(video, start, end, modalities, cropping)
            if crops and "mkv" in clip:
                crops.mkdir(parents=True, exist_ok=True)
                (crops / f"{video.stem}.mkv").write_bytes(clip["mkv"])
            tokens = clip_tokens(video.stem, clip, encoders, extraction)
        except InputError as error:
            logging.error("%s: %s", video, error)
            refused += 1
            continue
        utterance = Utterance(video.stem, "", tokens)
        [text] = decoding.transcribe(network, [utterance], chosen, searching)
        if network.count_targets([Utterance("", text, {})]) > searching.max_new_tokens:
            logging.warning(
                "%s: the text may be cut: decoding.max_new_tokens is %d; raise it",
                video,
                searching.max_new_tokens,
            )
        print(f"{video}\t{text}", flush=True)
    if refused:
        raise InputError(f"{refused} of {len(videos)} files have no transcript; see above")


def _check_files(videos: list[Path], crops: Path | None) -> None:
    """Refuse what can be seen to be wrong before an LLM is loaded."""
    if missing := [str(video) for video in videos if not video.is_file()]:
        raise InputError(f"no such file: {', '.join(missing)}")
    names = [video.stem for video in videos]
    if crops and (double := [name for name in names if names.count(name) > 1]):
        raise InputError(
            f"--crops: two files are called {double[0]}, so their crops would have one name; "
            "transcribe one after the other"
        )


def _load_encoders(
    model: Path,
    run: Mapping[str, Any],
    config: Config,
    extraction: ExtractSettings,
    device: str,
) -> dict[str, Encoder]:
    """Modality -> encoder; InputError unless the model was trained on the tokens of just these."""
    encoders = {}
    names = encoder_names(model.name, run["model"]["task"], config.encoders)
    for modality, name in names.items():
        settings = EncoderSettings(**plain(config.encoders[name]))
        encoder = load_encoder(settings, device, extraction.long_clips == "split")
        made_by = origin(encoder, settings, CLEAN, extraction)
        for key, trained_on in run.get("encoders", {}).get(modality, {}).items():
            if made_by.get(key) != trained_on:
                raise InputError(
                    f"{model} was trained on another encoder than encoders.{name} of the config "
                    f"({settings.path}): {key} is {made_by.get(key)} instead of {trained_on}; give "
                    "the --configfile that it was trained with"
                )
        encoders[modality] = encoder
    return encoders


def _read_run(model: Path) -> dict[str, Any]:
    if not (model / "run.json").is_file():
        raise InputError(
            f"{model}/run.json does not exist, so {model} is no trained model; give a folder under "
            "results/training"
        )
    return json.loads((model / "run.json").read_text())


if __name__ == "__main__":
    run_command(transcribe)
