"""From cached features to the tables, through the commands that the rules call."""

import itertools
import json
import shutil
import sys
from dataclasses import asdict
from types import SimpleNamespace

import pandas as pd
import pytest
from evaluated import write_ledger_of
from safetensors.torch import load_file, save_file
from tiny import change_run, save_llm
from transformers import AutoConfig, AutoTokenizer

from mavsr.command import run_command
from mavsr.corpus.manifest import read_manifest, write_manifest
from mavsr.evaluation import decode as decode_module
from mavsr.evaluation.collect import collect, read_scores
from mavsr.evaluation.decode import decode
from mavsr.evaluation.resume import Resume
from mavsr.evaluation.score import COLUMNS, ScoringSettings, score
from mavsr.evaluation.settings import DecodingSettings
from mavsr.evaluation.transcribe import transcribe
from mavsr.report.cost import lora_parameters, matrix_parameters
from mavsr.report.sources import ReportSettings
from mavsr.report.table import write_table
from mavsr.training.settings import TrainingSettings
from mavsr.training.train import train
from mavsr.training.trainer import Trainer
from mavsr.workflow.code import code_digest

TRAIN = {f"clip{n}": 4 + n for n in range(6)}
VAL = {"val0": 6, "val1": 9}
TEST = {f"test{n}": 12 - n for n in range(5)}
ORIGIN = {"corpus": "portrait", "split": "test", "encoders": "w+a", "llm": "tiny"}
METHODS = ("mtsk-ms", "mtsk-ss", "mtsk-mss")


def call(monkeypatch, function, **options):
    arguments = []
    for name, value in options.items():
        values = value if isinstance(value, list) else [value]
        arguments += [
            f"--{name}",
            *(json.dumps(v) if isinstance(v, dict) else str(v) for v in values),
        ]
    monkeypatch.setattr(sys, "argv", ["command", *arguments])
    run_command(function)


@pytest.fixture
def data(write_features):
    """Manifests and index files of three splits; the test split also under noise."""
    train_manifest, view_0 = write_features("train", TRAIN, "view_0")
    _, view_1 = write_features("train", TRAIN, "view_1")
    val_manifest, val = write_features("val", VAL)
    test_manifest, clean = write_features("test", TEST)
    _, noisy = write_features("test", TEST, "snr_-5")
    return SimpleNamespace(
        train_manifest=train_manifest,
        views={modality: [view_0[modality], view_1[modality]] for modality in view_0},
        val_manifest=val_manifest,
        val=val,
        test_manifest=test_manifest,
        test={"clean": clean, "snr_-5": noisy},
    )


@pytest.fixture
def run_train(data, settings_of, tmp_path, monkeypatch):
    def run(name, epochs=2, gradient_checkpointing=False, **changes):
        settings = settings_of(**changes)
        heard, seen = settings.task != "vsr", settings.task != "asr"
        folder = tmp_path / "training" / name
        call(
            monkeypatch,
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

    return run


@pytest.fixture
def run_decode(data, tmp_path, monkeypatch):
    def run(folder, scale, condition="clean", batch=50, longest=6):
        task = json.loads((folder / "run.json").read_text())["model"]["task"]
        path = tmp_path / "evaluation" / folder.name / condition / f"{scale}.jsonl"
        call(
            monkeypatch,
            decode,
            model=folder,
            manifest=data.test_manifest,
            origin=ORIGIN,
            condition=condition,
            scale=scale,
            **({"audio": data.test[condition]["audio"]} if task != "vsr" else {}),
            **({"video": data.test["clean"]["video"]} if task != "asr" else {}),
            decoding={"beams": 2, "max_new_tokens": longest, "batch_tokens": batch},
            hypotheses=path,
            threads=1,
        )
        return path

    return run


def test_from_features_to_tables(run_train, run_decode, tmp_path, settings_of):
    hypotheses = []
    for method in METHODS:
        folder = run_train(method, method=method)
        for scale in settings_of(method=method).scales:
            hypotheses.append(run_decode(folder, scale.name))
            if method == "mtsk-ms":
                hypotheses.append(run_decode(folder, scale.name, "snr_-5"))
    for scale in settings_of().scales:
        name = f"avsr-{scale.name}"
        rates = {"audio_rates": (scale.audio,), "video_rates": (scale.video,)}
        folder = run_train(name, method="llama-avsr", **rates)
        hypotheses.append(run_decode(folder, scale.name))
    folder = run_train("asr", method="mtsk-ms", task="asr", video_rates=())
    hypotheses += [run_decode(folder, name, "snr_-5") for name in ("a2", "a4")]

    place = f"{ORIGIN['corpus']}/{ORIGIN['split']}"
    (tmp_path / "corpus" / ORIGIN["corpus"]).mkdir(parents=True)
    shutil.copy(tmp_path / "test.parquet", tmp_path / "corpus" / f"{place}.parquet")
    write_ledger_of(tmp_path / "mouths" / place / "ledger.csv", TEST)
    score(hypotheses, tmp_path, tmp_path / "scores.csv", ScoringSettings())
    collect([tmp_path / "scores.csv"], tmp_path / "wer.csv")
    scores = read_scores(tmp_path / "wer.csv", sealed=False)
    assert list(scores.columns) == list(COLUMNS)
    assert len(scores) == len(hypotheses) == 3 * 4 + 4 + 4 + 2
    assert (scores.utterances == len(TEST)).all()
    assert (scores.wer_low <= scores.wer).all()
    assert (scores.wer <= scores.wer_high).all()
    assert scores[scores.task == "asr"].video_rate.isna().all()
    assert scores.p_value.notna().sum() == 3 * 4

    settings = ReportSettings(kinds={"portrait": "portrait"})
    write_table("table1", tmp_path, settings, tmp_path / "scores.csv")
    table = pd.read_csv(tmp_path / "table1.csv")
    assert table.shape == (4, 6)
    assert list(table.columns[2:]) == ["(2,1)", "(2,3)", "(4,1)", "(4,3)"]
    chosen = scores[(scores.method == "mtsk-ss") & (scores.audio_rate == 4)]
    assert table.loc[2, "(4,3)"] == chosen[chosen.video_rate == 3].wer.item()
    write_table("noise_check", tmp_path, settings, tmp_path / "scores.csv")
    assert len(pd.read_csv(tmp_path / "noise_check.csv")) == 4


def test_a_model_folder_holds_exactly_what_is_promised(run_train, data):
    folder = run_train("model", method="mtsk-mss", epochs=3)
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    names = ["shared", "a2_v1", "a2_v3", "a4_v1", "a4_v3"]
    adapters = {
        f"adapters/{name}/{file}"
        for name in names
        for file in ("adapter_config.json", "adapter_model.safetensors")
    }
    assert files == {"run.json", "metrics.csv", "projectors.safetensors", *adapters}
    run = json.loads((folder / "run.json").read_text())
    assert run["dims"] == {"audio": 6, "video": 4}
    assert run["parameters"]["adapters"] == 5 * 2 * 4 * (2 * 16 + 16 + 8)
    assert run["model"]["method"] == "mtsk-mss"
    assert run["training"]["epochs"] == 3
    for path in (*data.views["audio"], *data.views["video"], data.train_manifest):
        assert len(run["data_sha256"][str(path)]) == 64
    metrics = pd.read_csv(folder / "metrics.csv")
    columns = ["step", "epoch", "split", "scale", "loss", "learning_rate", "wer"]
    assert list(metrics.columns) == columns
    assert len(metrics) == (run["steps"] + 3) * 4
    assert metrics.loss.notna().all()


def test_training_twice_gives_the_same_bytes(run_train):
    first, second = run_train("first"), run_train("second")
    for path in sorted(first.rglob("*")):
        if path.suffix in (".safetensors", ".csv"):
            assert path.read_bytes() == (second / path.relative_to(first)).read_bytes(), path


def test_hypotheses_are_sorted_and_their_sidecar_tells_the_cost(run_train, run_decode, settings_of):
    folder = run_train("model", method="mtsk-mss", epochs=1)
    path = run_decode(folder, "a4_v3")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["key"] for line in lines] == sorted(TEST)
    assert all(set(line) == {"key", "reference", "hypothesis"} for line in lines)
    sidecar = json.loads(path.with_suffix(".json").read_text())
    assert sidecar["decoding"] == asdict(
        DecodingSettings(beams=2, max_new_tokens=6, batch_tokens=50)
    )
    assert (sidecar["audio_rate"], sidecar["video_rate"]) == (4, 3)
    llm = settings_of().llm
    tokenizer, config = AutoTokenizer.from_pretrained(llm), AutoConfig.from_pretrained(llm)
    prompt = len(tokenizer("Transcribe speech and video to text.")["input_ids"])
    tokens = [2 * n // 4 + n // 3 + prompt for n in TEST.values()]
    assert sidecar["tokens"] == pytest.approx(sum(tokens) / len(tokens))
    weights = matrix_parameters(config) + 2 * lora_parameters(config, 4)
    assert sidecar["tflops"] == pytest.approx(2 * weights * sidecar["tokens"] / 1e12)


def test_references_that_cannot_be_reached_are_counted(
    run_train, run_decode, settings_of, capsys, caplog
):
    folder = run_train("model", method="mtsk-ms", epochs=1)
    path = run_decode(folder, "a4_v3", longest=99)
    assert json.loads(path.with_suffix(".json").read_text())["references_too_long"] == 0
    tokenizer = AutoTokenizer.from_pretrained(settings_of().llm)
    texts = [json.loads(line)["reference"] for line in path.read_text().splitlines()]
    needed = [len(tokenizer(text, add_special_tokens=False)["input_ids"]) + 1 for text in texts]
    path = run_decode(folder, "a4_v3", longest=max(needed) - 1)
    beyond = needed.count(max(needed))
    assert json.loads(path.with_suffix(".json").read_text())["references_too_long"] == beyond
    assert f"{beyond} of {len(needed)} references" in caplog.text + capsys.readouterr().err


def test_hypotheses_do_not_depend_on_the_batch_size(run_train, run_decode):
    folder = run_train("model", epochs=1)
    content = run_decode(folder, "a2_v1", batch=1).read_bytes()
    assert run_decode(folder, "a2_v1", batch=500).read_bytes() == content


def fails(capsys, function, *arguments, **options):
    with pytest.raises(SystemExit) as stopped:
        function(*arguments, **options)
    error = capsys.readouterr().err
    assert stopped.value.code == 2
    assert "Traceback" not in error
    return error


def test_wrong_inputs_are_named(run_train, run_decode, data, capsys, tmp_path, write_features):
    folder = run_train("model", epochs=1)
    assert "scale a8_v1 is not one of" in fails(capsys, run_decode, folder, "a8_v1")
    assert not list((tmp_path / "evaluation").rglob("*.jsonl"))
    (folder / "projectors.safetensors").unlink()
    assert "projectors.safetensors is missing" in fails(capsys, run_decode, folder, "a2_v1")
    data.views["video"] = data.views["video"][:1]
    assert "as many audio as video views" in fails(capsys, run_train, "other")
    _, fewer = write_features("train", {k: n for k, n in TRAIN.items() if k != "clip3"}, "view_1")
    data.views = {m: [data.views[m][0], fewer[m]] for m in fewer}
    write_features("train", TRAIN, "view_0")
    assert "clip3" in fails(capsys, run_train, "third")


def test_a_decode_without_a_model_says_so(
    run_train, run_decode, capsys, data, tmp_path, monkeypatch
):
    missing = tmp_path / "training" / "missing"
    options = {"model": missing, "manifest": data.test_manifest, "origin": ORIGIN}
    options |= {"condition": "clean", "scale": "a2_v1", "hypotheses": tmp_path / "x.jsonl"}
    decoding = {"beams": 1}
    error = fails(capsys, call, monkeypatch, decode, **options, decoding=decoding)
    assert f"{missing}" in error
    folder = run_train("model", epochs=1)
    content = json.loads((folder / "run.json").read_text())
    change_run(folder, model={**content["model"], "llm": str(folder / "no-llm")})
    assert "no-llm' cannot be loaded" in fails(capsys, run_decode, folder, "a2_v1")


def test_features_that_are_not_numbers_name_the_clip(data, run_train, write_features, capsys):
    write_features("train", TRAIN, "view_0", spoil=("audio", "clip2"))
    error = fails(capsys, run_train, "spoilt")
    assert "clip2" in error
    assert "loss is nan" in error


def test_an_interrupted_run_ends_like_an_undisturbed_one(run_train, monkeypatch, tmp_path):
    undisturbed = run_train("undisturbed")
    step = Trainer._step

    def stopping(self, *arguments):
        step(self, *arguments)
        if self.progress.step == 2:
            self._request_stop()

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_step", stopping)
        with pytest.raises(SystemExit) as stopped:
            run_train("interrupted")
    assert stopped.value.code == 143
    folder = tmp_path / "training" / "interrupted"
    assert [path.name for path in folder.iterdir()] == ["resume"]
    # An update of the code, and what the message says that came when memory did not suffice.
    monkeypatch.setattr("mavsr.training.train.code_digest", lambda module: f"new {module}")
    run_train("interrupted", gradient_checkpointing=True)
    code = json.loads((folder / "run.json").read_text())["code"]
    assert [each["from_step"] for each in code] == [0, 2]
    assert code[1]["digest"] == "new mavsr.training.train"
    assert not (folder / "resume").exists()
    for path in undisturbed.rglob("*.safetensors"):
        assert path.read_bytes() == (folder / path.relative_to(undisturbed)).read_bytes()
    assert (undisturbed / "metrics.csv").read_bytes() == (folder / "metrics.csv").read_bytes()


def test_a_state_of_another_llm_is_not_resumed(run_train, monkeypatch, settings_of, tmp_path):
    step = Trainer._step

    def stopping(self, *arguments):
        step(self, *arguments)
        self._request_stop()

    llm = save_llm(tmp_path / "llm")
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_step", stopping)
        with pytest.raises(SystemExit):
            run_train("model", llm=str(llm))
    weights = load_file(llm / "model.safetensors")
    other = {name: weight * 1.5 for name, weight in weights.items()}
    save_file(other, llm / "model.safetensors", {"format": "pt"})
    resumed = run_train("model", llm=str(llm))
    fresh = run_train("fresh", llm=str(llm))
    name = "projectors.safetensors"
    assert (resumed / name).read_bytes() == (fresh / name).read_bytes()


def test_an_interrupted_decoding_goes_on_where_it_stopped(run_train, run_decode, monkeypatch):
    folder = run_train("model", epochs=1)
    content = run_decode(folder, "a2_v1", batch=1).read_bytes()
    path = run_decode(folder, "a2_v1", batch=1)
    path.unlink()
    done = []

    def failing(network, utterances, *rest):
        if len(done) == 3:
            raise KeyboardInterrupt
        done.extend(utterances)
        return transcribe(network, utterances, *rest)

    slow = itertools.count(0, 50)
    with monkeypatch.context() as patch:
        patch.setattr(decode_module, "transcribe", failing)
        patch.setattr(decode_module.time, "monotonic", lambda: float(next(slow)))
        with pytest.raises(KeyboardInterrupt):
            run_decode(folder, "a2_v1", batch=1)
    assert not path.exists()
    left = path.with_suffix(".resume")
    with left.open("a") as file:
        file.write('{"lines": [{"key": "test4", "refer')
    rest, clock = [], itertools.count(100)

    def counting(network, utterances, *others):
        rest.extend(utterances)
        return transcribe(network, utterances, *others)

    with monkeypatch.context() as patch:
        patch.setattr(decode_module, "transcribe", counting)
        patch.setattr(decode_module, "code_digest", lambda module: "new")
        patch.setattr(decode_module.time, "monotonic", lambda: float(next(clock)))
        assert run_decode(folder, "a2_v1", batch=1).read_bytes() == content
    assert len(rest) == len(TEST) - 3
    sidecar = json.loads(path.with_suffix(".json").read_text())
    assert sidecar["seconds"] == pytest.approx(3 * 50 + 2)
    assert sidecar["code"] == [
        {"digest": code_digest("mavsr.evaluation.decode"), "from_utterance": 0},
        {"digest": "new", "from_utterance": 3},
    ]
    assert not left.exists()


def test_what_another_model_said_is_not_taken_over(run_train, run_decode, monkeypatch):
    folder = run_train("model", epochs=1)
    path = run_decode(folder, "a2_v1")
    line = {"key": "test0", "reference": "x", "hypothesis": "nonsense"}
    resume = Resume(path.with_suffix(".resume"), "of another model", "code")
    resume.add([line], 1.0)
    assert "nonsense" not in run_decode(folder, "a2_v1").read_text()


def test_a_corrected_transcript_is_not_taken_from_before(run_train, run_decode, data, monkeypatch):
    folder = run_train("model", epochs=1)

    def failing(network, utterances, *rest):
        if utterances[0].key == "test4":
            raise KeyboardInterrupt
        return transcribe(network, utterances, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(decode_module, "transcribe", failing)
        with pytest.raises(KeyboardInterrupt):
            run_decode(folder, "a2_v1", batch=1)
    table = read_manifest(data.test_manifest)
    table.loc[table.key == "test0", "text"] = "corrected"
    write_manifest(data.test_manifest, table)
    assert '"reference": "corrected"' in run_decode(folder, "a2_v1", batch=1).read_text()
