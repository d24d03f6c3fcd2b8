"""Fixtures of several stages: a video, a tiny LLM, cached features of clips, the smoke run."""

import os
from functools import partial
from pathlib import Path

import lanes
import numpy as np
import pandas as pd
import pytest
import safetensors.torch
import torch
from filelock import FileLock
from huggingface_hub import constants
from project import SMOKE, Project
from tiny import DIMS, make_text, make_utterance, save_llm
from trees import manifest_row

from mavsr.corpus.manifest import write_manifest
from mavsr.features.index import index
from mavsr.media import read_video
from mavsr.model.adapters.settings import MomeSettings
from mavsr.model.avsr import Utterance
from mavsr.model.methods import method_of
from mavsr.model.settings import SECTIONS, ModelSettings
from mavsr.shards import write_shard

# No test asks a model hub: neither this process nor those that it starts.
constants.HF_HUB_OFFLINE = True
os.environ["HF_HUB_OFFLINE"] = "1"
# Tiny networks: more threads cost more than they bring.
torch.set_num_threads(1)


@pytest.hookimpl(tryfirst=True)  # before pytest chooses by marks
def pytest_collection_modifyitems(items):
    lanes.mark(items)
    lanes.order(items)


@pytest.fixture(scope="session")
def smoke_run(tmp_path_factory) -> Project:
    """The smoke config, run once for all tests. What a test changes there, it puts back.

    Workers of pytest-xdist share the run and have a copy each. For work on the tests themselves
    SMOKE_RUN may name the folder of an earlier run by this code.
    """
    place = tmp_path_factory.mktemp("smoke run") / "project"
    if earlier := os.environ.get("SMOKE_RUN"):
        return Project.copied(Path(earlier), place)
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    finished = shared / "finished smoke run"
    with FileLock(shared / "smoke run.lock"):
        if not finished.exists():
            project = Project(shared / f"smoke run of {base.name}")
            result = project.run(*SMOKE)
            assert result.returncode == 0, result.stdout[-5000:]
            project.folder.rename(finished)
    return Project.copied(finished, place)


@pytest.fixture(scope="session")
def portrait() -> np.ndarray:
    """Two seconds of a speaking portrait, uint8 (50, 224, 224, 3)."""
    return read_video(Path(__file__).parent / "data" / "portrait.mp4")


@pytest.fixture(scope="session")
def llm_folder(tmp_path_factory) -> Path:
    return save_llm(tmp_path_factory.mktemp("llm") / "llama")


@pytest.fixture(scope="session")
def settings_of(llm_folder):
    """Model settings over the tiny LLM; keywords change them."""

    def make(**changes) -> ModelSettings:
        values = {
            "task": "avsr",
            "method": "mtsk-mss",
            "compression": "avgpool",
            "audio_rates": (2, 4),
            "video_rates": (1, 3),
            "llm": str(llm_folder),
            "llm_revision": None,
            "lora_rank": 4,
            "lora_scale": 0.5,
            "projector_hidden": 12,
            "projector_layer_norm": False,
            "seed": 0,
        }
        method = method_of(changes.get("method", "mtsk-mss"))
        if method.omni:
            values["task"] = "omni"
        if method.section:
            values[method.section] = SECTIONS[method.section]()
        if method.section == "mome":
            values["mome"] = MomeSettings(routed=5, shared=1, top_k=2, bottleneck=3)
        return ModelSettings(**{**values, **changes})

    return make


@pytest.fixture
def utterances() -> list[Utterance]:
    """Three clips of different length in tokens and in words."""
    clips = [make_utterance(key, frames) for key, frames in (("a", 9), ("b", 5), ("c", 14))]
    assert len({len(clip.text.split()) for clip in clips}) > 1
    return clips


@pytest.fixture
def write_features(tmp_path, write_features_to):
    """Write manifest and cached features of a made-up split; return manifest and index paths."""
    return partial(write_features_to, tmp_path)


@pytest.fixture(scope="session")
def write_features_to():
    """The same for a folder that is named first."""

    def write(place: Path, split: str, lengths: dict[str, int], view: str = "clean", spoil=None):
        clips = {key: make_utterance(f"{view} {key}", n) for key, n in sorted(lengths.items())}
        manifest = place / f"{split}.parquet"
        rows = [
            manifest_row(key, text=make_text(key), duration_s=n / 25, split=split)
            for key, n in lengths.items()
        ]
        write_manifest(manifest, pd.DataFrame(rows))
        indexes = {}
        for modality in DIMS:
            cache = place / "features" / modality / split / view
            samples = []
            for key, clip in clips.items():
                tokens = clip.tokens[modality].half()
                if spoil == (modality, key):
                    tokens[0, 0] = float("nan")
                samples.append((key, {"safetensors": safetensors.torch.save({"features": tokens})}))
            write_shard(cache / "00000.tar", iter(samples))
            index([cache / "00000.tar"], cache / "index.json", cache / "samples.parquet", {})
            indexes[modality] = cache / "index.json"
        return manifest, indexes

    return write
