"""Which files jobs read, without starting Snakemake."""

import json
from pathlib import Path

import pytest
import yaml
from asking import asked, mixed
from snakemake.exceptions import WorkflowError

from mavsr.report.catalogue import FIGURES, TABLES
from mavsr.workflow import paths
from mavsr.workflow.inputs import Inputs
from mavsr.workflow.model_inputs import clean, heard, seen, views
from mavsr.workflow.params import Params
from mavsr.workflow.start import babble_name, one_of
from mavsr.workflow.weights import weight_files

CONFIG = yaml.safe_load((Path(__file__).parents[2] / "config.yaml").read_text())
SPLIT = {"corpus": "portrait", "split": "train"}


@pytest.fixture
def model():
    return next(m.name for m in asked().models.values() if m.settings.task == "avsr")


def test_a_split_has_a_file_per_shard():
    needs = Inputs(asked())
    crops = [f"results/mouths/portrait/train/0000{n}.tar" for n in (0, 1)]
    assert needs.shards(paths.CROPS)(SPLIT) == crops
    assert needs.shards(paths.CROPS, "val")(SPLIT) == ["results/mouths/portrait/val/00000.tar"]


def test_only_audio_is_noisy():
    needs = Inputs(asked())
    place = {**SPLIT, "condition": "view_0", "shard": "00001"}
    heard = needs.audio_shard({**place, "encoder": "toy-whisper"})
    assert heard == "results/noise/portrait/train/view_0/00001.tar"
    crops = "results/mouths/portrait/train/00001.tar"
    assert needs.audio_shard({**place, "encoder": "toy-avhubert"}) == crops
    assert needs.audio_shard({**place, "encoder": "toy-whisper", "condition": "clean"}) == crops


@pytest.mark.parametrize(
    ("trained", "tests", "shown"),
    [
        ({"corpora": ["other", "portrait"]}, None, "other"),
        ({"corpora": ["other", "portrait"]}, ["third"], "third"),
        ({"corpus": "portrait"}, ["other"], "other"),
        ({"corpus": "portrait"}, None, "portrait"),
    ],
)
def test_a_page_of_errors_is_of_the_first_corpus_that_a_model_is_tested_on(trained, tests, shown):
    """The manifest was that of training, which a model of several corpora has none of."""
    folder = {"kind": "folder", "root": "x", "shards": {"train": 1, "val": 1, "test": 1}}
    needs = Inputs(
        asked(
            corpora={"other": folder, "third": folder},
            experiments={"one": [{"methods": ["mtsk-ms"], **trained, "tests": tests}]},
            use_experiments=["one"],
        )
    )
    (model,) = needs.asked.models
    assert needs.shown_manifest({"model": model}) == f"results/corpus/{shown}/test.parquet"
    assert needs.shown_clips({"model": model}) == [f"results/mouths/{shown}/test/00000.tar"]


def test_a_model_reads_every_view_and_tests_on_its_condition(model):
    needs = Inputs(asked(features={"views": 3}))
    wildcards = {"model": model, "condition": "snr_-5", "at": ""}
    found = needs.features("audio", "train", views)(wildcards)
    assert [path.split("/")[5] for path in found] == ["view_0", "view_1", "view_2"]
    (found,) = needs.features("audio", "test", heard)(wildcards)
    assert found == "results/features/toy-whisper/portrait/test/snr_-5/index.json"
    (found,) = needs.features("video", "test", seen)(wildcards)
    assert found == "results/features/toy-avhubert/portrait/test/clean/index.json"
    deaf = next(m.name for m in asked().models.values() if m.settings.task == "vsr")
    assert needs.features("audio", "test", heard)({**wildcards, "model": deaf}) == []


def test_audio_and_video_under_test_have_conditions_of_their_own(model):
    needs = Inputs(asked())
    both = {"model": model, "condition": "speech_0+drop_50"}
    assert [path.split("/")[5] for path in needs.features("audio", "test", heard)(both)] == [
        "speech_0"
    ]
    assert [path.split("/")[5] for path in needs.features("video", "test", seen)(both)] == [
        "drop_50"
    ]
    absent = {"model": model, "condition": "no_video"}
    (found,) = needs.features("video", "test", seen)(absent)
    assert found.endswith("/test/clean/index.json")


def test_a_noise_is_babble_a_recording_or_a_list():
    noises = {
        "hum": {"file": "hum.wav"},
        "music": {"folder": "musan/music"},
        "others": {"corpus": "tested"},
    }
    needs = Inputs(asked(noises=noises))
    place = {"corpus": "portrait", "split": "test"}
    wanted = {
        "snr_0": "results/noise/portrait/babble.flac",
        "view_1": "results/noise/portrait/babble.flac",
        "hum_0": "results/noise/named/hum.flac",
        "music_0": "results/noise/named/music.parquet",
        "others_0": "results/corpus/portrait/test.parquet",
    }
    assert {name: needs.noise({**place, "condition": name}) for name in wanted} == wanted


@pytest.mark.parametrize("condition", ["musik_5", "musik_5+drop_50", "snr_05"])
def test_a_condition_in_a_files_name_is_of_a_known_noise(condition, model):
    """A noise that is not in the config was babble."""
    needs = Inputs(asked())
    place = {"corpus": "portrait", "split": "test", "condition": condition, "at": ""}
    whisper = {**place, "encoder": "toy-whisper", "shard": "00000"}
    told = "condition 'snr_05' is unknown"
    if condition != "snr_05":
        told = r"about a noise 'musik', which is not under `noises` \(speech\); babble is snr_5"
    for function in (needs.noise, needs.audio_shard, needs.features("audio", "test", heard)):
        with pytest.raises(WorkflowError, match=told):
            function({**whisper, "model": model})


def test_a_model_of_three_tasks_reads_what_a_scale_needs():
    both = asked()
    model = next(m.name for m in both.models.values() if m.settings.task == "omni")
    needs, told = Inputs(both), Params(both)
    wanted = {"a4": ("audio",), "v2": ("video",), "a4_v2": ("audio", "video")}
    for scale, modalities in wanted.items():
        wildcards = {"model": model, "condition": "clean", "scale": scale}
        for modality, condition in (("audio", heard), ("video", seen)):
            found = needs.features(modality, "test", condition)(wildcards)
            assert bool(found) == (modality in modalities)
        encoders = [f"toy-{ {'audio': 'whisper', 'video': 'avhubert'}[m] }" for m in modalities]
        assert json.loads(told.origin(wildcards))["encoders"] == "+".join(encoders)
    assert needs.features("audio", "train", views)({"model": model})


def test_several_corpora_are_read_one_after_the_other():
    found = mixed(tests=["wild"])
    needs, (model,) = Inputs(found), found.models
    train = needs.features("audio", "train", views)({"model": model})
    assert [path.split("/")[3:6] for path in train] == [
        ["lrs3", "train", "view_0"],
        ["lrs3", "train", "view_1"],
        ["portrait", "train", "view_0"],
        ["portrait", "train", "view_1"],
    ]
    manifests = [f"results/corpus/{name}/val.parquet" for name in ("lrs3", "portrait")]
    assert needs.manifest("val")({"model": model}) == manifests
    (e,) = {e.corpus: e for e in found.evaluations}.values()
    (path,) = needs.features("video", "test", clean)(e.wildcards)
    assert path == "results/features/toy-avhubert/wild/test/clean/index.json"
    assert needs.manifest("test")(e.wildcards) == ["results/corpus/wild/test.parquet"]
    assert "--shares" not in Params(found).training_features({"model": model}, {})


def test_only_used_splits_of_a_corpus_are_prepared():
    found = mixed(tests=["wild", "lrs3"])
    assert found.used == {
        "lrs3": ("train", "val", "test"),
        "portrait": ("train", "val"),
        "wild": ("test",),
    }
    needs = Inputs(found)
    assert needs.ledgers({"corpus": "wild"}) == ["results/mouths/wild/test/ledger.csv"]
    assert "results/report/mouths/wild_train.png" not in needs.sheets({})
    assert needs.babble({"corpus": "wild"}) == "results/noise/portrait/babble.flac"
    assert needs.babble({"corpus": "lrs3"}) == "results/noise/lrs3/babble.flac"
    caches = [path for path in needs.all_features({}) if "/wild/" in path]
    assert [path.split("/")[4] for path in caches] == ["test", "test"]


def test_online_training_reads_crops_babble_and_encoders_instead(model):
    assert Inputs(asked()).online({"model": model}) == []
    needs = Inputs(asked(features={"mode": "online"}))
    crops, babble, *weights = needs.online({"model": model})
    assert crops == "results/mouths/portrait/train/index.json"
    assert babble == "results/noise/portrait/babble.flac"
    assert weights == [
        "results/toy/portrait/whisper/toy.json",
        "results/toy/portrait/whisper/model.safetensors",
        "results/toy/portrait/avhubert.pt",
        "results/toy/portrait/avhubert.json",
    ]
    assert needs.features("audio", "train", views)({"model": model}) == []


def test_babble_is_ones_own_file_only_where_it_lies(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    needs = Inputs(asked(noise={"babble": "babble.wav"}))
    assert needs.babble(SPLIT) == "results/noise/babble.flac"
    assert needs.babble_recording({}) == []
    Path("babble.wav").touch()
    assert needs.babble_recording({}) == ["babble.wav"]
    remote = asked(noise={"babble": {"url": "https://h/a%20b.mat"}})
    assert babble_name(remote) == "a b.mat"
    assert Inputs(remote).babble_recording({}) == ["results/noise/download/a b.mat"]
    assert babble_name(asked()) == ""


def test_weights_are_what_lies_there(tmp_path):
    assert weight_files("openai/whisper-small.en") == []
    for name in ("config.json", "model.safetensors", "README.md"):
        (tmp_path / name).touch()
    found = [str(tmp_path / name) for name in ("config.json", "model.safetensors")]
    assert weight_files(str(tmp_path)) == found
    assert weight_files(found[0]) == found[:1]


def test_tables_of_experiments_that_do_not_run_are_not_shown():
    needs = Inputs(asked(use_experiments=["table1"]))
    shown = needs.shown(TABLES | FIGURES)
    assert {Path(path).stem for path in shown} == {"table1", "table4"}
    assert needs.scores({"name": "table4"}) == []
    with pytest.raises(WorkflowError, match="of which use_experiments or use_corpora leaves"):
        needs.scores({"name": "figure3"})
    with pytest.raises(WorkflowError, match="which has none; add a method such as mome-mhsa"):
        needs.routing({"name": "mome/experts"})


def test_a_constraint_of_no_names_matches_nothing():
    assert one_of(["a.b", ""]) == r"a\.b"
    assert one_of([]) == "(?!)"
