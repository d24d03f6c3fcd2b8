"""A trained model on features of a made-up corpus, what trains and decodes more of them, and files
of hypotheses."""

import shutil

import pytest
import torch
from chain import ORIGIN, TEST, TRAIN, VAL, call, data_in, train_on
from evaluated import write_split
from scored import MODEL, REFERENCES
from tiny import DIMS, save_trained

from mavsr.evaluation.decode import decode
from mavsr.evaluation.hypotheses import write_hypotheses
from mavsr.model.avsr import MatryoshkaModel
from mavsr.model.scales import Scale
from mavsr.noise.condition import cached_as


@pytest.fixture(scope="session")
def written(tmp_path_factory, write_features_to, settings_of):
    """The data, and in ``training/model`` a model of one epoch: tests have copies of them."""
    place = tmp_path_factory.mktemp("chain")
    for view in ("view_0", "view_1"):
        write_features_to(place, "train", TRAIN, view)
    write_features_to(place, "val", VAL)
    for condition in ("clean", "snr_-5"):
        write_features_to(place, "test", TEST, condition)
    train_on(data_in(place), settings_of(), place / "training" / "model", epochs=1)
    return place


@pytest.fixture
def data(written, tmp_path):
    shutil.copytree(written, tmp_path, dirs_exist_ok=True)
    return data_in(tmp_path)


@pytest.fixture
def model(data, tmp_path):
    """The folder of a trained model."""
    return tmp_path / "training" / "model"


@pytest.fixture
def run_train(data, settings_of, tmp_path):
    def run(name, epochs=2, gradient_checkpointing=False, **changes):
        folder = tmp_path / "training" / name
        return train_on(data, settings_of(**changes), folder, epochs, gradient_checkpointing)

    return run


@pytest.fixture
def run_decode(data, tmp_path):
    def run(folder, scale, condition="clean", batch=50, longest=6):
        used = Scale.parse(scale).rates
        path = tmp_path / "evaluation" / folder.name / condition / f"{scale}.jsonl"
        call(
            decode,
            model=folder,
            manifest=data.test_manifest,
            origin=ORIGIN,
            condition=condition,
            scale=scale,
            **{m: data.test[cached_as(condition, m)][m] for m in used},
            decoding={"beams": 2, "max_new_tokens": longest, "batch_tokens": batch},
            hypotheses=path,
            threads=1,
        )
        return path

    return run


@pytest.fixture
def trained(settings_of, tmp_path):
    """Make a model whose trained weights are drawn anew, and its folder."""

    def make(**changes):
        torch.manual_seed(3)
        model = MatryoshkaModel(settings_of(**changes), DIMS)
        for parameter in model.trainable():
            torch.nn.init.normal_(parameter, std=0.5)
        return model, save_trained(model, tmp_path / "model")

    return make


@pytest.fixture
def write(tmp_path):
    """Write a hypothesis file and its sidecar; ``wrong`` utterances lose a word."""

    def make(
        method,
        audio,
        wrong,
        condition="clean",
        references=REFERENCES,
        split=None,
        seed=0,
        speakers=None,
        **changes,
    ):
        model = f"portrait.asr.{method}" + (f".s{seed}" if seed else "")
        path = tmp_path / "evaluation" / model / condition / f"a{audio}.jsonl"
        lines = []
        for place, (key, text) in enumerate(references.items()):
            heard = text.rsplit(" ", 1)[0] if place < wrong else text
            lines.append({"key": key, "reference": text, "hypothesis": heard})
        sidecar = {
            "origin": {
                **{"corpus": "portrait", "split": "test", "encoders": "w", "llm": "l"},
                "variant": "",
            },
            "condition": condition,
            "audio_rate": audio,
            "video_rate": None,
            "model": MODEL | {"method": method, "seed": seed},
            "references_too_long": 2,
            "active_parameters": 1234,
            "tokens": 31.25,
            "tflops": 0.00123456,
            "seconds": 4.5,
        }
        write_hypotheses(path, lines, {**sidecar, **changes})
        write_split(tmp_path, split or references, speakers=speakers)
        return path

    return make
