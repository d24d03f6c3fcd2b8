"""Scores of an experiment, from hypothesis files alone."""

import pandas as pd
import pytest
from evaluated import write_ledger_of, write_split
from scored import REFERENCES, scored

from mavsr.errors import InputError
from mavsr.evaluation.collect import collect, read_scores
from mavsr.evaluation.hypotheses import read_hypotheses, write_hypotheses
from mavsr.evaluation.score import COLUMNS, ScoringSettings
from mavsr.tables import write_csv


def test_a_row_says_everything_about_a_file(write, tmp_path):
    table = scored([write("llama-avsr", 4, 10)], tmp_path)
    assert list(table.columns) == list(COLUMNS)
    (row,) = table.to_dict("records")
    assert (row["utterances"], row["words"], row["deletions"]) == (40, 160, 10)
    assert (row["substitutions"], row["insertions"]) == (0, 0)
    assert row["wer"] == 6.25
    assert row["unit"] == "word"
    assert row["cer"] > 0
    assert row["wer_low"] < 6.25 < row["wer_high"]
    assert (row["encoders"], row["llm"], row["variant"], row["split"]) == ("w", "l", "", "test")
    assert row["audio_rate"] == 4
    assert pd.isna(row["video_rate"])
    assert (row["cut"], row["active_parameters"], row["seconds"]) == (5.0, 1234, 4.5)
    assert row["tflops"] == 0.001235
    assert row["model"] == "portrait.asr.llama-avsr"


def test_a_models_tests_on_two_corpora_are_two_rows(write, tmp_path):
    own = write("mtsk-ms", 4, 10)
    scored([own], tmp_path)
    table = read_scores(tmp_path / "one.csv")
    write_csv(tmp_path / "two.csv", pd.concat([table, table.assign(corpus="wild")]))
    collect([tmp_path / "one.csv", tmp_path / "two.csv"], tmp_path / "wer.csv")
    assert read_scores(tmp_path / "wer.csv", sealed=False).corpus.tolist() == ["portrait", "wild"]


@pytest.mark.parametrize(
    ("references", "message"),
    [
        (dict(list(REFERENCES.items())[:-2]), "every clip once: lacks 2 clips: clip38, clip39"),
        ({**REFERENCES, "z": "one"}, "every clip once: has unknown 1 clip: z"),
        ({**REFERENCES, "clip00": "one"}, "references are the transcripts: differ for 1 clip: c"),
    ],
)
def test_hypotheses_of_other_clips_than_the_manifest_has_are_not_scored(
    write, tmp_path, references, message
):
    path = write("mtsk-ms", 4, 1, references=references, split=REFERENCES)
    with pytest.raises(InputError, match=f"{message}(.|\n)*rm -f {path}"):
        scored([path], tmp_path)
    assert not (tmp_path / "one.csv").exists()


def test_clips_that_the_ledger_dropped_are_not_missed(write, tmp_path):
    fewer = dict(list(REFERENCES.items())[:-1])
    path = write("mtsk-ms", 4, 0, references=fewer)
    write_split(tmp_path, REFERENCES, dropped=["clip39"])
    assert scored([path], tmp_path).utterances.item() == 39


def test_a_ledger_that_lost_a_clip_is_named(write, tmp_path):
    path = write("mtsk-ms", 4, 0)
    write_ledger_of(tmp_path / "mouths/portrait/test/ledger.csv", list(REFERENCES)[1:])
    with pytest.raises(InputError, match=r"ledger .*ledger\.csv lacks 1 clip: clip00"):
        scored([path], tmp_path)


def test_an_empty_reference_is_named_with_its_file(write, tmp_path):
    path = write("mtsk-ms", 4, 0, references={"clip1": "..."})
    with pytest.raises(InputError, match="the reference of clip1 is empty") as caught:
        scored([path], tmp_path, normaliser="punctuation")
    assert str(path) in str(caught.value)


def test_a_normaliser_changes_the_count(write, tmp_path):
    path = write("mtsk-ms", 4, 0, references={"a": "it's ten"})
    found = read_hypotheses(path)
    lines = [{"key": "a", "reference": "it's ten", "hypothesis": "its ten"}]
    write_hypotheses(path, lines, found.sidecar)
    assert scored([path], tmp_path).wer.item() == 50
    assert scored([path], tmp_path, normaliser="punctuation").wer.item() == 0
    with pytest.raises(InputError, match="normaliser is 'roman': choose 'none', "):
        ScoringSettings(normaliser="roman")


def test_experiments_are_joined_without_repetitions(write, tmp_path):
    ours, base = write("mtsk-ms", 4, 12), write("llama-avsr", 4, 10)
    scored([ours], tmp_path, "alone")
    scored([base, ours], tmp_path, "both")
    collect([tmp_path / "alone.csv", tmp_path / "both.csv"], tmp_path / "wer.csv")
    table = read_scores(tmp_path / "wer.csv", sealed=False)
    assert sorted(table.method) == ["llama-avsr", "mtsk-ms"]
    assert table.set_index("method").p_value["mtsk-ms"] < 1
    more = [write(method, 4, 11, seed=1) for method in ("llama-avsr", "mtsk-ms")]
    scored([base, ours, *more], tmp_path, "seeds")
    collect([tmp_path / f"{n}.csv" for n in ("both", "seeds")], tmp_path / "wer.csv")
    table = read_scores(tmp_path / "wer.csv", sealed=False)
    assert table.seeds.tolist() == [2] * 4
    assert table.p_seeds[table.method == "mtsk-ms"].notna().all()
    assert list(table.columns) == list(COLUMNS)
