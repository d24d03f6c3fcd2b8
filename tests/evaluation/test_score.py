"""Scores of an experiment, from hypothesis files alone."""

import json

import pandas as pd
import pytest

from mavsr.errors import InputError
from mavsr.evaluation.collect import collect, read_scores
from mavsr.evaluation.score import COLUMNS, ScoringSettings, score

REFERENCES = {f"clip{n:02}": f"red green blue {n}" for n in range(40)}


@pytest.fixture
def write(tmp_path):
    """Write a hypothesis file and its sidecar; ``wrong`` utterances lose a word."""

    def make(method, audio, wrong, condition="clean", references=REFERENCES, **changes):
        model = f"portrait.asr.{method}"
        path = tmp_path / "evaluation" / model / condition / f"a{audio}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = []
        for place, (key, text) in enumerate(references.items()):
            heard = text.rsplit(" ", 1)[0] if place < wrong else text
            lines.append(json.dumps({"key": key, "reference": text, "hypothesis": heard}) + "\n")
        path.write_text("".join(lines))
        sidecar = {
            "origin": {
                **{"corpus": "portrait", "split": "test", "encoders": "w", "llm": "l"},
                "variant": "",
            },
            "condition": condition,
            "audio_rate": audio,
            "video_rate": None,
            "model": {"task": "asr", "method": method, "compression": "avgpool", "seed": 0},
            "references_too_long": 2,
            "active_parameters": 1234,
            "tokens": 31.25,
            "tflops": 0.00123456,
            "seconds": 4.5,
        }
        path.with_suffix(".json").write_text(json.dumps({**sidecar, **changes}))
        return path

    return make


def scored(paths, tmp_path, name="one", **settings):
    output = tmp_path / f"{name}.csv"
    score(paths, output, ScoringSettings(**settings))
    return read_scores(output)


def test_a_row_says_everything_about_a_file(write, tmp_path):
    table = scored([write("llama-avsr", 4, 10)], tmp_path)
    assert list(table.columns) == list(COLUMNS)
    (row,) = table.to_dict("records")
    assert (row["utterances"], row["words"], row["deletions"]) == (40, 160, 10)
    assert (row["substitutions"], row["insertions"]) == (0, 0)
    assert row["wer"] == 6.25
    assert row["wer_low"] < 6.25 < row["wer_high"]
    assert (row["encoders"], row["llm"], row["variant"], row["split"]) == ("w", "l", "", "test")
    assert row["audio_rate"] == 4
    assert pd.isna(row["video_rate"])
    assert (row["cut"], row["active_parameters"], row["seconds"]) == (5.0, 1234, 4.5)
    assert row["tflops"] == 0.001235
    assert row["model"] == "portrait.asr.llama-avsr"


def test_systems_are_compared_with_the_baseline_at_their_own_scale(write, tmp_path):
    paths = [
        write("llama-avsr", 4, 10),
        write("llama-avsr", 16, 30),
        write("mtsk-ms", 4, 22),
        write("mtsk-ms", 16, 30),
        write("mtsk-ms", 8, 0),
    ]
    table = scored(paths, tmp_path).set_index(["method", "audio_rate"])
    assert table.p_value["llama-avsr"].isna().all()
    assert table.p_value["mtsk-ms", 4] < 0.01
    assert table.p_value["mtsk-ms", 16] == 1
    assert pd.isna(table.p_value["mtsk-ms", 8])
    assert table.baseline["mtsk-ms", 4] == "llama-avsr"
    assert pd.isna(table.baseline["mtsk-ms", 8])
    without = scored(paths, tmp_path, baseline=None)
    assert without.p_value.isna().all()
    other = scored(paths, tmp_path, baseline="mtsk-ms").set_index(["method", "audio_rate"])
    assert other.p_value["llama-avsr", 4] == table.p_value["mtsk-ms", 4]


def test_noise_is_compared_with_noise(write, tmp_path):
    paths = [write("llama-avsr", 4, 10), write("mtsk-ms", 4, 30, "snr_-5")]
    assert scored(paths, tmp_path).p_value.isna().all()


def test_systems_on_other_utterances_are_both_named(write, tmp_path):
    fewer = dict(list(REFERENCES.items())[:-1])
    paths = [write("llama-avsr", 4, 1), write("mtsk-ms", 4, 1, references=fewer)]
    with pytest.raises(InputError, match="clip39 was not transcribed by both") as caught:
        scored(paths, tmp_path)
    assert all(str(path) in str(caught.value) for path in paths)


def test_an_empty_reference_is_named_with_its_file(write, tmp_path):
    path = write("mtsk-ms", 4, 0, references={"clip1": " "})
    with pytest.raises(InputError, match="the reference of clip1 is empty") as caught:
        scored([path], tmp_path)
    assert str(path) in str(caught.value)


def test_a_normaliser_changes_the_count(write, tmp_path):
    path = write("mtsk-ms", 4, 0, references={"a": "it's ten"})
    lines = json.loads(path.read_text()) | {"hypothesis": "its ten"}
    path.write_text(json.dumps(lines) + "\n")
    assert scored([path], tmp_path).wer.item() == 50
    assert scored([path], tmp_path, normaliser="punctuation").wer.item() == 0
    with pytest.raises(InputError, match="normaliser is 'roman': choose 'none', "):
        ScoringSettings(normaliser="roman")


def test_experiments_are_joined_without_repetitions(write, tmp_path):
    ours, base = write("mtsk-ms", 4, 12), write("llama-avsr", 4, 10)
    scored([ours], tmp_path, "alone")
    scored([base, ours], tmp_path, "both")
    collect([tmp_path / "alone.csv", tmp_path / "both.csv"], tmp_path / "wer.csv")
    table = read_scores(tmp_path / "wer.csv")
    assert sorted(table.method) == ["llama-avsr", "mtsk-ms"]
    assert table.set_index("method").p_value["mtsk-ms"] < 1
    assert list(table.columns) == list(COLUMNS)
