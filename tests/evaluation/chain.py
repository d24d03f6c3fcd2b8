"""A made-up corpus, and the commands of training and decoding, called as rules call them."""

import json
import sys
from dataclasses import asdict
from types import SimpleNamespace

import pytest
from tiny import DIMS

from mavsr.command import run_command
from mavsr.training.settings import TrainingSettings
from mavsr.training.train import train

TRAIN = {f"clip{n}": 4 + n for n in range(6)}
VAL = {"val0": 6, "val1": 9}
TEST = {f"test{n}": 12 - n for n in range(5)}
ORIGIN = {"corpus": "portrait", "split": "test", "encoders": "w+a", "llm": "tiny"}


def call(function, **options):
    arguments = []
    for name, value in options.items():
        values = value if isinstance(value, list) else [value]
        arguments += [
            f"--{name}",
            *(json.dumps(v) if isinstance(v, dict) else str(v) for v in values),
        ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["command", *arguments])
        run_command(function)


def data_in(place):
    """Manifests and index files of three splits; the test split also under noise."""

    def indexes(split, view):
        return {m: place / "features" / m / split / view / "index.json" for m in DIMS}

    views = [indexes("train", name) for name in ("view_0", "view_1")]
    return SimpleNamespace(
        train_manifest=place / "train.parquet",
        views={modality: [view[modality] for view in views] for modality in DIMS},
        val_manifest=place / "val.parquet",
        val=indexes("val", "clean"),
        test_manifest=place / "test.parquet",
        test={condition: indexes("test", condition) for condition in ("clean", "snr_-5")},
    )


def train_on(data, settings, folder, epochs=2, gradient_checkpointing=False):
    heard, seen = settings.task != "vsr", settings.task != "asr"
    call(
        train,
        output=folder,
        train_manifest=data.train_manifest,
        val_manifest=data.val_manifest,
        **({"audio": data.views["audio"], "audio_val": data.val["audio"]} if heard else {}),
        **({"video": data.views["video"], "video_val": data.val["video"]} if seen else {}),
        model=settings.to_dict(),
        training=asdict(
            TrainingSettings(
                epochs=epochs,
                batch_frames=26,
                gradient_checkpointing=gradient_checkpointing,
            )
        ),
        threads=1,
    )
    return folder
