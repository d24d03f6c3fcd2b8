"""What a run misses of the user's own files is named before its first job."""

import copy
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import pytest
import yaml
from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

from mavsr.config.read import parse_config
from mavsr.errors import InputError
from mavsr.workflow import preflight

CONFIG = yaml.safe_load((Path(__file__).parents[2] / "config.yaml").read_text())
FOLDER = {"kind": "folder", "root": "videos", "shards": {"train": 1, "val": 1, "test": 1}}


def missing_files(config, jobs):
    return preflight.missing_files(parse_config(config), jobs)


def check_files(config, jobs):
    preflight.check_files(parse_config(config), jobs)


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
        ("extract_features", {"encoder": "toy-whisper"}),
        ("extract_features", {"encoder": "toy-avhubert"}),
        ("train_model", {"model": "x", "llm": "toy-llama"}),
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
        "deep": {"kind": "whisper", "path": "my/own/whisper", "revision": None},
    }
    config["llms"]["mine"] = {"path": "../no-llm"}
    jobs = [
        ("decode", {"model": "mine", "llm": "mine"}),
        ("train_model", {"model": "mine", "llm": "mine"}),
        *(("extract_features", {"encoder": name, "shard": "00001"}) for name in ("deep", "ears")),
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
        "encoders.deep.path",
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
        (tmp_path / name).write_text("video,text\na.mp4,hello\n")
    config["encoders"]["ears"]["path"] = config["encoders"]["deep"]["path"] = str(tmp_path)
    config["llms"]["mine"]["path"] = str(tmp_path)
    check_files(config, jobs)


def test_quantisation_needs_its_library(config, tmp_path, monkeypatch):
    config["llms"]["mine"] = {"path": str(tmp_path), "quantization": "nf4"}
    jobs = [("train_model", {"model": "mine", "llm": "mine"})]
    monkeypatch.setattr("mavsr.workflow.own_files.is_installed", lambda name: False)
    (found,) = missing_files(config, jobs)
    assert found.startswith("llms.mine.quantization: nf4 needs bitsandbytes")
    assert "make quantization" in found
    monkeypatch.setattr("mavsr.workflow.own_files.is_installed", lambda name: True)
    assert missing_files(config, jobs) == []


def test_noises_without_recordings_are_named_with_their_key(config, tmp_path):
    config["noises"] |= {"hum": {"file": "hum.wav"}, "music": {"folder": "musan/music"}}
    jobs = [("import_noise", {"noise": "hum"}), ("list_noise", {"noise": "music"})]
    assert [line.split(":")[0] for line in missing_files(config, jobs)] == [
        "noises.hum.file",
        "noises.music.folder",
    ]
    (tmp_path / "hum.wav").touch()
    (tmp_path / "musan" / "music" / "rock").mkdir(parents=True)
    (tmp_path / "musan" / "music" / "README").touch()
    (line,) = missing_files(config, jobs)
    assert line.startswith("noises.music.folder: musan/music has no recording, in none of its")
    (tmp_path / "musan" / "music" / "rock" / "a.wav").touch()
    assert missing_files(config, jobs) == []


def test_a_noise_that_no_job_makes_may_be_missing(config, tmp_path):
    config["noises"] |= {"hum": {"file": "hum.wav"}, "other": {"file": "other.wav"}}
    (tmp_path / "hum.wav").touch()
    assert missing_files(config, [("import_noise", {"noise": "hum"})]) == []


HUB_JOBS = [
    *(
        (rule, {"encoder": "hub", "corpus": "x", "shard": f"{n}"})
        for rule in ("extract_features", "extract_views")
        for n in range(9)
    ),
    *(("train_model", {"model": name, "llm": "hub"}) for name in "abc"),
]


@pytest.fixture
def hub(config, monkeypatch):
    """A config of hub models, and what the hub was asked for."""
    config["encoders"]["hub"] = {"kind": "whisper", "path": "openai/whisper-base"}
    config["llms"]["hub"] = {"path": "meta-llama/Llama-3.2-1B", "revision": "v1"}
    asked = []

    def answer(name, revision, allow_patterns, local_files_only):
        asked.append((name, revision, allow_patterns, local_files_only))
        if name in refusals:
            raise refusals[name]
        return "somewhere"

    refusals = {}
    monkeypatch.setattr(huggingface_hub, "snapshot_download", answer)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    return config, asked, refusals


def test_a_hub_model_is_asked_for_once_before_the_first_job(hub):
    config, asked, _ = hub
    assert missing_files(config, HUB_JOBS) == []
    files = ["config.json"]
    assert asked == [
        ("openai/whisper-base", None, files, False),
        ("meta-llama/Llama-3.2-1B", "v1", files, False),
    ]


def test_terms_that_were_not_accepted_and_a_wrong_name_stop_a_run(hub):
    config, _, refusals = hub
    response = SimpleNamespace(headers={}, request=None)
    refusals["meta-llama/Llama-3.2-1B"] = GatedRepoError("gated", response=response)
    refusals["openai/whisper-base"] = RepositoryNotFoundError("404", response=response)
    encoder, llm = missing_files(config, HUB_JOBS)
    assert encoder.startswith("encoders.hub.path: Whisper model 'openai/whisper-base' is neither a")
    assert llm.startswith("llms.hub.path: LLM model 'meta-llama/Llama-3.2-1B' is gated: accept")
    assert "HF_TOKEN" in llm


def test_offline_a_hub_model_must_be_in_the_cache_with_its_weights(hub, tmp_path, monkeypatch):
    config, _, _ = hub
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: str(tmp_path))
    (tmp_path / "config.json").touch()
    found = missing_files(config, HUB_JOBS)
    assert [line.split(":")[0] for line in found] == ["encoders.hub.path", "llms.hub.path"]
    assert all("without its weights" in line for line in found)
    (tmp_path / "model.safetensors").touch()
    assert missing_files(config, HUB_JOBS) == []


def test_local_models_are_asked_of_the_disk_alone(hub, tmp_path):
    config, asked, _ = hub
    config["local_models"] = str(tmp_path)
    found = missing_files(config, HUB_JOBS)
    assert found == [
        f"encoders.hub.path: {tmp_path}/whisper-base does not exist",
        f"llms.hub.path: {tmp_path}/llama-3.2-1b does not exist",
    ]
    for name in ("whisper-base", "llama-3.2-1b"):
        (tmp_path / name).mkdir()
    assert missing_files(config, HUB_JOBS) == asked == []


def test_weights_of_retinaface_are_a_file_or_a_url(config, tmp_path):
    jobs = [("crop_mouths", {"corpus": "portrait"})]
    config["mouths"]["detector"] = "retinaface"
    config["mouths"]["retinaface"]["weights"] = "resnet50.pth"
    (line,) = missing_files(config, jobs)
    assert line.startswith("mouths.retinaface.weights: resnet50.pth is not a file")
    (tmp_path / "resnet50.pth").touch()
    assert missing_files(config, jobs) == []
    config["mouths"]["retinaface"]["weights"] = "https://example.org/resnet50.pth"
    config["mouths"]["retinaface"]["sha256"] = "0" * 64
    assert missing_files(config, jobs) == []


IMPORTED = {
    **{"label": "A", "task": "avsr", "llm": "toy-llama", "rates": {"audio": [4], "video": [2]}},
    **{"audio_encoder": "toy-whisper", "video_encoder": "toy-avhubert"},
}


@pytest.mark.parametrize("rule", ["decode", "record_routing", "record_similarity"])
def test_an_imported_model_that_is_not_whole_is_named(config, tmp_path, rule):
    config["imported"] = {"rel": IMPORTED}
    jobs = [(rule, {"model": "rel", "llm": "toy-llama", "imported": "rel"})]
    folder = tmp_path / "results" / "training" / "rel"
    folder.mkdir(parents=True)
    for name in ("run.json", "projectors.safetensors", "adapters"):
        (line,) = missing_files(config, jobs)
        assert line.startswith(f"imported.rel: results/training/rel/{name} does not exist; import")
        (folder / name).touch()
    assert missing_files(config, jobs) == []


def test_babble_that_nobody_could_speak_is_named(config):
    config["corpora"]["wild"] = {**FOLDER, "transcripts": "wild.csv"}
    config["corpora"]["crops"] = {**FOLDER, "kind": "crops", "splits": {"test": ["test.csv"]}}
    config["imported"] = {"rel": IMPORTED}
    entry = {"imported": ["rel"], "tests": ["wild"], "conditions": ["snr_0"]}
    config["experiments"] |= {"one": [entry]}
    config["use_experiments"] = ["one"]
    Path("videos").mkdir()
    Path("wild.csv").write_text("video,text,split\na.mp4,hello,test\n")
    for name in ("wild", "crops"):
        (line,) = missing_files(config, [("make_babble", {"corpus": name})])
        assert line.startswith("noise.babble: null mixes babble from training voices, and corpora.")
        assert f"corpora.{name} has none; set it to a recording" in line
    config["experiments"]["one"][0]["tests"] = ["wild", "crops"]
    Path("videos/test.csv").write_text("")
    scanned = missing_files(config, [("scan_corpus", {"corpus": "crops"})])
    assert not any("train" in line for line in scanned)
    (line,) = missing_files(config, [("scan_corpus", {"corpus": "wild"})])
    assert "has no row whose split is 'train'" in line
    Path("wild.csv").write_text("video,text,split\na.mp4,hello,test\nb.mp4,hello,train\n")
    assert not missing_files(
        config, [(r, {"corpus": "wild"}) for r in ("make_babble", "scan_corpus")]
    )


def test_a_test_corpus_without_transcripts_or_test_clips_is_named(config):
    Path("videos").mkdir()
    config["corpora"]["wild"] = FOLDER
    config["setup"]["tests"] = ["portrait", "wild"]
    jobs = [("scan_corpus", {"corpus": "wild"})]
    (line,) = missing_files(config, jobs)
    assert line.startswith("corpora.wild: no transcript (.txt, .align) lies below ")
    config["corpora"]["wild"] = {**FOLDER, "transcripts": "wild.csv"}
    Path("wild.csv").write_text("video,text,split\na.mp4,hello,train\n")
    (line,) = missing_files(config, jobs)
    assert line.startswith("corpora.wild.transcripts: wild.csv has no row whose split is 'test'")
    Path("wild.csv").write_text("video,text,split\na.mp4,hello,test\n")
    assert missing_files(config, jobs) == []
