"""Videos, encoders and models for the recognition of single files."""

import shutil

import numpy as np
import pandas as pd
import pytest
import soundfile
import yaml
from page_client import served
from tiny import save_avhubert, save_trained, save_whisper, scramble
from trees import manifest_row
from videos import write_mp4

import mavsr
from mavsr import cli
from mavsr.config.read import read_config
from mavsr.corpus.manifest import write_manifest
from mavsr.encoders import EncoderSettings
from mavsr.features.extract import extract
from mavsr.features.index import index
from mavsr.features.join import UtteranceSource
from mavsr.features.origin import encoders_of
from mavsr.model.avsr import MatryoshkaModel
from mavsr.model.methods import METHODS
from mavsr.model.scales import MODALITIES
from mavsr.mouths.clip import CropSettings
from mavsr.mouths.crop import crop
from mavsr.toy.portrait.talk import make_talk
from mavsr.workflow.setup import describe_setup

DIMS = {"audio": 16, "video": 16}
NAMES = {"audio": "ear", "video": "eye"}
CLIPS = {"one": 25, "two": 37, "three": 50}


@pytest.fixture(scope="module")
def place(tmp_path_factory, portrait):
    """Three clips, two encoders, a config that names them, and what the jobs make of the clips."""
    folder = tmp_path_factory.mktemp("own")
    draw = np.random.default_rng(0)
    for key, frames in CLIPS.items():
        sound = draw.normal(0, 0.1, 640 * frames).astype(np.float32)
        write_mp4(folder / f"{key}.mp4", portrait[-frames:], sound)
        write_mp4(folder / f"{key}_silent.mp4", portrait[-frames:])
        soundfile.write(folder / f"{key}.wav", sound, 16_000)
    encoders = {
        "ear": {"kind": "whisper", "path": str(save_whisper(folder / "w", chunk_s=3))},
        "eye": {"kind": "avhubert", "path": str(save_avhubert(folder / "v.pt"))},
    }
    config = {
        "encoders": {name: {**section, "revision": None} for name, section in encoders.items()},
        "mouths": {"detect_every": 3},
        "decoding": {"beams": 2, "max_new_tokens": 20},
    }
    (folder / "my.yaml").write_text(yaml.safe_dump(config))
    rows = [manifest_row(key, folder / f"{key}.mp4", split="test") for key in CLIPS]
    rows.append(manifest_row("part", folder / "three.mp4", split="test", start=0.4, end=1.6))
    write_manifest(folder / "test.parquet", pd.DataFrame(rows))
    shard = folder / "crops" / "00000.tar"
    crop(folder / "test.parquet", 0, shard, folder / "0.csv", CropSettings(detect_every=3))
    for modality, name in NAMES.items():
        tokens = folder / modality / "00000.tar"
        extract([shard], EncoderSettings(**encoders[name]), ["clean"], [tokens])
        index([tokens], folder / modality / "index.json", folder / modality / "samples.parquet", {})
    return folder


@pytest.fixture
def train(place, settings_of, tmp_path, llm_folder):
    """Save a model of random weights as training does."""
    llm = shutil.copytree(llm_folder, tmp_path / "llm")

    def make(task="avsr", method="mtsk-ss", **run):
        pooled = {"audio_rates": (1,), "video_rates": (1,)}
        rates = pooled if METHODS[method].models == "uncompressed" else {}
        settings = settings_of(task=task, method=method, llm=str(llm), **rates)
        model = scramble(MatryoshkaModel(settings, DIMS))
        indexes = {m: place / m / "index.json" for m in MODALITIES[task]}
        source = UtteranceSource(place / "test.parquet", indexes)
        names = {modality: NAMES[modality] for modality in MODALITIES[task]}
        told = {
            "dims": DIMS,
            "encoders": encoders_of([source]),
            "setup": describe_setup(read_config([place / "my.yaml"]), ["mine"], names, "toy-llama"),
        }
        return save_trained(model, tmp_path / f"{task} model", **told | run)

    return make


@pytest.fixture
def client(train):
    with served(mavsr.load(train())) as found:
        yield found


@pytest.fixture(scope="session")
def talk(tmp_path_factory):
    """A talk of several people in every kind of shot, and its lines."""
    path = tmp_path_factory.mktemp("talk") / "talk.mp4"
    return path, make_talk(path, seconds=14, seed=35)


@pytest.fixture
def transcribe(place, capsys):
    """Call the command; return the printed text of each file."""

    def call(model, scale, files, *options):
        paths = [str(place / name) for name in files]
        capsys.readouterr()
        cli.main(["transcribe", str(model), *paths, "--scale", scale, *options])
        lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
        assert [name for name, _ in lines] == paths
        return [text for _, text in lines]

    return call


@pytest.fixture
def fails(capsys):
    """Call the command in vain; return what it says."""

    def call(model, *options):
        with pytest.raises(SystemExit) as stopped:
            cli.main(["transcribe", str(model), *map(str, options)])
        assert stopped.value.code == 2
        return capsys.readouterr().err

    return call
