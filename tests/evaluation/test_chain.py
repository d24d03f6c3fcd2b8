"""From cached features to the tables, through the commands that the rules call."""

import json
import shutil
from dataclasses import asdict

import pandas as pd
import pytest
from chain import ORIGIN, TEST, TRAIN, call
from evaluated import write_ledger_of
from tiny import change_run, flip_byte
from transformers import AutoConfig, AutoTokenizer

from mavsr.evaluation.collect import collect, read_scores
from mavsr.evaluation.decode import decode
from mavsr.evaluation.score import COLUMNS, ScoringSettings, score
from mavsr.evaluation.settings import DecodingSettings
from mavsr.model.cost import matrix_parameters
from mavsr.report.adapter_sizes import lora_parameters
from mavsr.report.sources import ReportSettings
from mavsr.report.table import write_table

METHODS = ("mtsk-ms", "mtsk-ss", "mtsk-mss")


def test_from_features_to_tables(run_train, run_decode, tmp_path, settings_of):
    hypotheses = []
    for method in METHODS:
        folder = run_train(method, 1, method=method)
        for scale in settings_of(method=method).scales:
            hypotheses.append(run_decode(folder, scale.name))
            if method == "mtsk-ms":
                hypotheses.append(run_decode(folder, scale.name, "snr_-5"))
    for scale in settings_of().scales:
        name = f"avsr-{scale.name}"
        rates = {"audio_rates": (scale.audio,), "video_rates": (scale.video,)}
        folder = run_train(name, 1, method="llama-avsr", **rates)
        hypotheses.append(run_decode(folder, scale.name))
    folder = run_train("asr", 1, method="mtsk-ms", task="asr", video_rates=())
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


def test_one_model_of_three_tasks_from_features_to_scores(
    run_train, run_decode, tmp_path, settings_of
):
    changes = {"method": "omni-st", "task": "omni"}
    folder = run_train("omni", 1, **changes)
    run = json.loads((folder / "run.json").read_text())
    assert (run["model"]["task"], run["training"]["rates_per_step"]) == ("omni", "published")
    assert run["training"]["task_weights"] == {"asr": 1.0, "vsr": 1.5, "avsr": 1.0}
    adapters = {path.name for path in (folder / "adapters").iterdir()}
    assert adapters == {"shared", "asr", "vsr", "avsr"}
    scales = settings_of(**changes).scales
    hypotheses = [run_decode(folder, scale.name) for scale in scales]
    write_ledger_of(tmp_path / "mouths" / "portrait" / "test" / "ledger.csv", TEST)
    (tmp_path / "corpus" / "portrait").mkdir(parents=True)
    shutil.copy(tmp_path / "test.parquet", tmp_path / "corpus" / "portrait" / "test.parquet")
    score(hypotheses, tmp_path, tmp_path / "scores.csv", ScoringSettings())
    table = read_scores(tmp_path / "scores.csv")
    assert table.task.tolist() == [scale.task for scale in scales]
    assert table.method.unique().tolist() == ["omni-st"]
    with pytest.raises(SystemExit):
        run_decode(folder, "a8")


def test_a_model_folder_holds_exactly_what_is_promised(run_train, data):
    folder = run_train("whole", method="mtsk-mss", epochs=3)
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


def test_hypotheses_are_sorted_and_their_sidecar_tells_the_cost(model, run_decode, settings_of):
    path = run_decode(model, "a4_v3")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["key"] for line in lines] == sorted(TEST)
    parts = ["key", "reference", "hypothesis", "log_probability", "words", "nbest", "tokens"]
    assert all(list(line) == parts for line in lines)
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
    assert {line["key"]: line["tokens"] for line in lines} == dict(zip(TEST, tokens, strict=True))
    weights = matrix_parameters(config) + 2 * lora_parameters(config, 4)
    assert sidecar["tflops"] == pytest.approx(2 * weights * sidecar["tokens"] / 1e12)


def test_references_that_cannot_be_reached_are_counted(
    model, run_decode, settings_of, capsys, caplog
):
    path = run_decode(model, "a4_v3", longest=99)
    assert json.loads(path.with_suffix(".json").read_text())["references_too_long"] == 0
    tokenizer = AutoTokenizer.from_pretrained(settings_of().llm)
    texts = [json.loads(line)["reference"] for line in path.read_text().splitlines()]
    needed = [len(tokenizer(text, add_special_tokens=False)["input_ids"]) + 1 for text in texts]
    path = run_decode(model, "a4_v3", longest=max(needed) - 1)
    beyond = needed.count(max(needed))
    assert json.loads(path.with_suffix(".json").read_text())["references_too_long"] == beyond
    assert f"{beyond} of {len(needed)} references" in caplog.text + capsys.readouterr().err


def test_hypotheses_do_not_depend_on_the_batch_size(model, run_decode):
    content = run_decode(model, "a2_v1", batch=1).read_bytes()
    assert run_decode(model, "a2_v1", batch=500).read_bytes() == content


def fails(capsys, function, *arguments, **options):
    with pytest.raises(SystemExit) as stopped:
        function(*arguments, **options)
    error = capsys.readouterr().err
    assert stopped.value.code == 2
    assert "Traceback" not in error
    return error


def test_wrong_inputs_are_named(
    model, run_train, run_decode, data, capsys, tmp_path, write_features
):
    assert "scale a8_v1 is not one of" in fails(capsys, run_decode, model, "a8_v1")
    assert not list((tmp_path / "evaluation").rglob("*.jsonl"))
    (model / "projectors.safetensors").unlink()
    assert "projectors.safetensors is missing" in fails(capsys, run_decode, model, "a2_v1")
    data.views["video"] = data.views["video"][:1]
    assert "as many audio as video views" in fails(capsys, run_train, "other")
    _, fewer = write_features("train", {k: n for k, n in TRAIN.items() if k != "clip3"}, "view_1")
    data.views = {m: [data.views[m][0], fewer[m]] for m in fewer}
    write_features("train", TRAIN, "view_0")
    assert "clip3" in fails(capsys, run_train, "third")


@pytest.mark.parametrize("name", ["projectors.safetensors", "adapters/a2_v1"])
def test_a_flipped_byte_is_refused_before_anything_is_decoded(
    model, run_decode, capsys, tmp_path, name
):
    path = model / name
    flip_byte(path / "adapter_model.safetensors" if path.is_dir() else path)
    error = fails(capsys, run_decode, model, "a4_v3")  # another scale's adapter counts too
    assert str(path) in error and "is not what training wrote" in error and "rm -f" in error
    assert not list((tmp_path / "evaluation").rglob("*"))


def test_a_decode_without_a_model_says_so(model, run_decode, capsys, data, tmp_path):
    missing = tmp_path / "training" / "missing"
    options = {"model": missing, "manifest": data.test_manifest, "origin": ORIGIN}
    options |= {"condition": "clean", "scale": "a2_v1", "hypotheses": tmp_path / "x.jsonl"}
    decoding = {"beams": 1}
    error = fails(capsys, call, decode, **options, decoding=decoding)
    assert f"{missing}" in error
    content = json.loads((model / "run.json").read_text())
    change_run(model, model={**content["model"], "llm": str(model / "no-llm")})
    assert "no-llm' cannot be loaded" in fails(capsys, run_decode, model, "a2_v1")


def test_features_that_are_not_numbers_name_the_clip(data, run_train, write_features, capsys):
    write_features("train", TRAIN, "view_0", spoil=("audio", "clip2"))
    error = fails(capsys, run_train, "spoilt")
    assert "clip2" in error
    assert "loss is nan" in error
