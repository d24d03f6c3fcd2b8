"""Features that a training run takes, and a trainer."""

import math

import pytest
import torch
from planned import TASKS
from tiny import DIMS, make_utterance, scramble
from trained import LENGTHS, SETTINGS

from mavsr.model.avsr import MatryoshkaModel, Utterance
from mavsr.training.state import ResumeState
from mavsr.training.trainer import Trainer


@pytest.fixture
def files(write_features):
    """Options of a training run on seven clips, validated on two."""
    train_manifest, views = write_features("train", {f"k{n}": 4 + n for n in range(7)}, "view_0")
    val_manifest, clean = write_features("val", {"v1": 6, "v2": 9}, "clean")
    return {
        "train_manifest": [train_manifest],
        "val_manifest": [val_manifest],
        "audio": [views["audio"]],
        "video": [views["video"]],
        "audio_val": [clean["audio"]],
        "video_val": [clean["video"]],
    }


@pytest.fixture
def make_model(settings_of):
    """A scrambled model over the tiny LLM, of several rates if its method has them."""

    def model(method="mtsk-ms", task="avsr", **changes):
        rates = TASKS[task]
        if method in ("llama-avsr", "llama-mt"):
            rates = {name: values[:1] for name, values in rates.items()}
        settings = settings_of(method=method, task=task, **rates, **changes)
        return scramble(MatryoshkaModel(settings, DIMS))

    return model


@pytest.fixture
def make(settings_of, tmp_path):
    """A trainer on two views of eight made-up clips."""

    def trainer(fingerprint="same", settings=SETTINGS, spoil=None, plan=None, **changes):
        model = MatryoshkaModel(settings_of(**{"method": "mtsk-ss", **changes}), DIMS)
        views = [
            {key: make_utterance(f"{view}{key}", n) for key, n in LENGTHS.items()}
            for view in range(2)
        ]
        if spoil:
            bad = views[0][spoil]
            tokens = {m: torch.full_like(t, math.nan) for m, t in bad.tokens.items()}
            views[0][spoil] = Utterance(bad.key, bad.text, tokens)
        validation = {key: make_utterance(key, 6) for key in ("v1", "v2")}
        state = ResumeState(tmp_path / "resume" / "state.pt", fingerprint, "code")
        return Trainer(model, settings, 0, views, validation, LENGTHS, state, plan=plan)

    return trainer
