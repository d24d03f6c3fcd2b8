"""What a run misses of the user's own files is named before its first job."""

import copy
from pathlib import Path

import pytest
import yaml

from mavsr.errors import InputError
from mavsr.preflight import check_files, missing_files

CONFIG = yaml.safe_load((Path(__file__).parents[1] / "config.yaml").read_text())
FOLDER = {"kind": "folder", "root": "videos", "shards": {"train": 1, "val": 1, "test": 1}}


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return copy.deepcopy(CONFIG)


def test_what_the_workflow_makes_is_not_missed(config):
    config["corpora"]["fetched"] = {**FOLDER, "download": {"files": [{"url": "https://h/x"}]}}
    jobs = [
        ("scan_corpus", {"corpus": "portrait"}),
        ("scan_corpus", {"corpus": "fetched"}),
        ("crop_mouths", {"corpus": "portrait", "split": "train", "shard": "00000"}),
        ("import_babble", {}),
        ("extract_features", {"encoder": "whisper-standin"}),
        ("extract_features", {"encoder": "avhubert-standin"}),
        ("train_model", {"model": "x", "llm": "llama-standin"}),
    ]
    assert missing_files(config, jobs) == []


def test_everything_that_is_missing_is_named_once_until_it_is_there(config, tmp_path):
    config["corpora"]["mine"] = {**FOLDER, "transcripts": "table.csv"}
    config["corpora"]["lrs3"] = {
        **{**FOLDER, "kind": "lrs3", "root": "lrs3"},
        "longest_segment_s": 16,
        "validation": "valid.id",
    }
    config["noise"]["babble"] = "babble.wav"
    config["mouths"] |= {"detector": "landmarks", "landmarks": "points"}
    config["encoders"] |= {
        "lips": {"kind": "avhubert", "path": "large.pt", "revision": None},
        "ears": {"kind": "whisper", "path": "/no/whisper", "revision": None},
        "hub": {"kind": "whisper", "path": "openai/whisper-small.en", "revision": None},
    }
    config["llms"]["mine"] = {"path": "../no-llm"}
    config["llms"]["hub"] = {"path": "meta-llama/Llama-3.2-1B"}
    jobs = [
        *(("decode", {"model": name, "llm": name}) for name in ("mine", "hub")),
        ("train_model", {"model": "mine", "llm": "mine"}),
        *(("extract_features", {"encoder": name, "shard": "00001"}) for name in ("hub", "ears")),
        *(("extract_features", {"encoder": "lips", "shard": f"0000{n}"}) for n in range(3)),
        ("import_babble", {}),
        *(("scan_corpus", {"corpus": name}) for name in ("lrs3", "mine")),
        ("crop_mouths", {"corpus": "mine"}),
    ]
    found = missing_files(config, jobs)
    assert [line.split(":")[0] for line in found] == [
        "corpora.lrs3.validation",
        "corpora.lrs3",
        "corpora.mine",
        "mouths.landmarks",
        "noise.babble",
        "encoders.ears.path",
        "encoders.lips.path",
        "llms.mine.path",
    ]
    with pytest.raises(InputError, match=r"this run needs what is not there:\ncorpora\.lrs3\.v"):
        check_files(config, jobs)
    (tmp_path / "videos").mkdir()
    (tmp_path / "points").mkdir()
    for name in ("pretrain", "trainval", "test"):
        (tmp_path / "lrs3" / name / "s1").mkdir(parents=True)
    for name in ("valid.id", "table.csv", "babble.wav", "large.pt"):
        (tmp_path / name).touch()
    config["encoders"]["ears"]["path"] = config["llms"]["mine"]["path"] = str(tmp_path)
    check_files(config, jobs)


def test_weights_of_retinaface_are_a_file_or_a_url(config, tmp_path):
    jobs = [("crop_mouths", {"corpus": "portrait"})]
    config["mouths"]["detector"] = "retinaface"
    config["mouths"]["retinaface"]["weights"] = "resnet50.pth"
    (line,) = missing_files(config, jobs)
    assert line.startswith("mouths.retinaface.weights: resnet50.pth is not a file")
    (tmp_path / "resnet50.pth").touch()
    assert missing_files(config, jobs) == []
    config["mouths"]["retinaface"]["weights"] = "https://example.org/resnet50.pth"
    assert missing_files(config, jobs) == []
