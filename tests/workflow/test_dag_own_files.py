"""Dry runs over a user's own corpora and weights: what is made, what is read where it lies."""

import copy
import re

import yaml
from asking import read_config


def test_a_corpus_of_ones_own_is_not_made(project):
    config = read_config(project)
    config["corpora"]["mine"] = copy.deepcopy(config["corpora"]["portrait"])
    del config["corpora"]["mine"]["make"]
    config["corpora"]["mine"] |= {"kind": "lrs3", "root": "data/lrs3"}
    config["setup"]["corpus"] = "mine"
    (project.folder / "config.yaml").write_text(yaml.safe_dump(config))
    jobs = project.plan("results/mouths/mine/test/index.json")
    assert jobs["make_portrait"] == 0
    assert jobs["crop_mouths"] == config["corpora"]["mine"]["shards"]["test"]


def test_a_corpus_for_tests_alone_and_several_for_training(project):
    config = read_config(project)
    for name, kind in (("lrs2", {"kind": "lrs2"}), ("wild", {"kind": "folder"})):
        shards = {"train": 4, "val": 1, "test": 2}
        config["corpora"][name] = {**kind, "root": name, "shards": shards}
    config["corpora"]["lrs2"]["longest_segment_s"] = 16
    config["experiments"] = {
        "table1": [
            {
                **{"methods": ["mtsk-ms"], "scales": "first", "conditions": ["clean", "snr_0"]},
                **{"corpora": {"portrait": 1, "lrs2": 1}, "tests": ["portrait", "wild"]},
                "seeds": [0, 1],
            }
        ]
    }
    (project.folder / "config.yaml").write_text(yaml.safe_dump(config))
    jobs = project.plan("results/table1.csv", "results/report/run.html")
    assert (jobs["train_model"], jobs["decode"], jobs["scan_corpus"]) == (2, 2 * 2 * 2, 3)
    used = {"portrait": (2, 1, 1), "lrs2": (4, 1), "wild": (2,)}
    assert jobs["crop_mouths"] == sum(map(sum, used.values()))
    assert jobs["make_babble"] == 2  # of both training corpora; one serves wild
    heard = 1 + 1 + 2 * (1 + 2)
    assert jobs["extract_features"] == heard + 1 + 1 + (1 + 2)
    assert jobs["extract_views"] == 2 * (2 + 4)
    shown = project.run("--dry-run", "--", "results/table1.csv").stdout
    assert re.search(r"output: results/evaluation/lrs2@1\+portrait@1\.\S+/snr_0@wild/a4_v2", shown)


def test_weights_behind_a_url_are_fetched_once_and_only_for_their_detector(project):
    config = read_config(project)
    weights = {"weights": "https://example.org/w.zip", "sha256": "0" * 64, "batch": 8}
    config["mouths"] |= {"retinaface": weights}
    target = "results/mouths/portrait/train/index.json"
    (project.folder / "config.yaml").write_text(yaml.safe_dump(config))
    assert "fetch_retinaface" not in project.plan(target)
    config["mouths"]["detector"] = "retinaface"
    (project.folder / "config.yaml").write_text(yaml.safe_dump(config))
    jobs = project.plan(target)
    assert (jobs["fetch_retinaface"], jobs["crop_mouths"]) == (1, 2)
    # A dry run needs no data, so none of the user's own either.
    config["mouths"]["retinaface"] |= {"weights": "not_yet_here.pth", "sha256": None}
    (project.folder / "config.yaml").write_text(yaml.safe_dump(config))
    jobs = project.plan(target)
    assert (jobs["fetch_retinaface"], jobs["crop_mouths"]) == (0, 2)


def test_a_folder_of_ones_own_is_an_input_with_its_settings(project):
    names = ("config.json", "model.safetensors", "preprocessor_config.json")
    folder = project.folder / "my whisper"
    folder.mkdir()
    for name in (*names, "README.md"):
        (folder / name).touch()
    config = read_config(project)
    config["encoders"]["toy-whisper"]["path"] = "my whisper"
    (project.folder / "config.yaml").write_text(yaml.safe_dump(config))
    target = "results/features/toy-whisper/portrait/val/clean/00000.tar"
    result = project.run("--dry-run", target)
    assert result.returncode == 0, result.stdout
    crops = [f"results/mouths/portrait/val/00000.{suffix}" for suffix in ("tar", "csv")]
    inputs = ", ".join([*crops, *(f"my whisper/{name}" for name in names)])
    assert f"input: {inputs}\n" in result.stdout
