"""Scores of an experiment, from hypothesis files alone."""

import pandas as pd
import pytest
from evaluated import write_ledger_of, write_split

from mavsr.errors import InputError
from mavsr.evaluation.collect import collect, read_scores
from mavsr.evaluation.differences import differences
from mavsr.evaluation.hypotheses import read_hypotheses, write_hypotheses
from mavsr.evaluation.score import COLUMNS, ScoringSettings, score
from mavsr.tables import read_csv, write_csv

MODEL = {"task": "asr", "compression": "avgpool", "seed": 0, "llm": "results/toy/l"}
REFERENCES = {f"clip{n:02}": f"red green blue {n}" for n in range(40)}


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


def scored(paths, tmp_path, name="one", **settings):
    output = tmp_path / f"{name}.csv"
    score(paths, tmp_path, output, ScoringSettings(**settings))
    return read_scores(output)


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


TEN = {key: f"speaker{place % 10}" for place, key in enumerate(REFERENCES)}


def test_speakers_have_intervals_and_p_values_of_their_own(write, tmp_path):
    paths = [write("llama-avsr", 4, 10, speakers=TEN), write("mtsk-ms", 4, 22, speakers=TEN)]
    ours = scored(paths, tmp_path).set_index("method").loc["mtsk-ms"]
    assert ours.speakers == 10
    assert 0 < ours.wer_low_speakers < ours.wer < ours.wer_high_speakers
    # Speakers have 5 errors in 16 words or fewer here, more alike than utterances are.
    assert ours.wer_high_speakers < ours.wer_high
    assert 0 < ours.p_speakers < 0.05


def test_few_or_unknown_speakers_have_none(write, tmp_path):
    alone = scored([write("mtsk-ms", 4, 10)], tmp_path)
    assert alone.speakers.item() == 1
    unknown = scored([write("mtsk-ms", 4, 10, speakers={k: k for k in REFERENCES})], tmp_path)
    assert unknown.speakers.isna().all()
    for table in (alone, unknown):
        columns = ["wer_low_speakers", "wer_high_speakers", "p_speakers"]
        assert table[columns].isna().all(axis=None)


def test_seeds_of_both_systems_are_pooled(write, tmp_path):
    base = [write("llama-avsr", 4, 10 + seed, seed=seed, speakers=TEN) for seed in range(3)]
    ours = [write("mtsk-ms", 4, 25 + seed, seed=seed, speakers=TEN) for seed in range(3)]
    table = scored([*base, *ours], tmp_path)
    assert table.seeds.tolist() == [3] * 6
    pooled = table[table.method == "mtsk-ms"].p_seeds
    assert pooled.nunique() == 1
    assert pooled.iloc[0] < 0.01
    assert table[table.method == "llama-avsr"].p_seeds.isna().all()
    assert table[table.method == "mtsk-ms"].p_value.notna().all()
    fewer = scored([base[0], *ours], tmp_path).set_index(["method", "seed"])
    assert fewer.p_seeds.isna().all()
    assert pd.isna(fewer.baseline["mtsk-ms", 1])
    assert fewer.baseline["mtsk-ms", 0] == "llama-avsr"


def test_seeds_need_not_have_the_same_numbers(write, tmp_path):
    base = [write("llama-avsr", 4, 10, seed=seed) for seed in (0, 1)]
    ours = [write("mtsk-ms", 4, 30, seed=seed) for seed in (2, 3)]
    table = scored([*base, *ours], tmp_path).set_index("method")
    assert table.p_value["mtsk-ms"].isna().all()
    assert (table.p_seeds["mtsk-ms"] < 0.05).all()
    assert (table.baseline["mtsk-ms"] == "llama-avsr").all()


def tuned(write, method, wrong, variant):
    origin = {"corpus": "portrait", "split": "test", "encoders": "w", "llm": "l"}
    model = {"task": "asr", "method": method, "compression": "avgpool", "seed": 0}
    origin["variant"] = variant
    return write(f"{method}.{variant}", 4, wrong, origin=origin, model=model)


def test_of_several_baselines_the_one_that_was_trained_alike_counts(write, tmp_path):
    """In a sweep the last baseline of the config stood against every system."""
    paths = [
        tuned(write, "llama-avsr", 10, ""),
        tuned(write, "llama-avsr", 30, "lr0.0005"),
        tuned(write, "mtsk-ms", 30, ""),
        tuned(write, "mtsk-ms", 30, "lr0.0005"),
        tuned(write, "mome-ffn", 30, "r4k2s1b8-lr0.0005"),
        tuned(write, "mome-mhsa", 30, "r4k2s1b8"),
    ]
    table = scored(paths, tmp_path).assign(variant=lambda table: table.variant.fillna(""))
    found = table.set_index(["method", "variant"]).p_value
    assert found["mtsk-ms", ""] < 0.01
    assert found["mtsk-ms", "lr0.0005"] == 1
    assert found["mome-ffn", "r4k2s1b8-lr0.0005"] == 1
    assert found["mome-mhsa", "r4k2s1b8"] < 0.01
    output = tmp_path / "differences.csv"
    differences(paths, output, ScoringSettings())
    shown = read_csv(output, "differences").assign(variant=lambda table: table.variant.fillna(""))
    points = shown.set_index(["method", "variant"]).difference
    assert points["mtsk-ms", ""] == 12.5
    assert points["mtsk-ms", "lr0.0005"] == 0


def test_all_seeds_are_compared_with_baselines_of_one_variant(write, tmp_path):
    """A tuned baseline of one seed leaves the other seeds without one, not with the untuned."""
    paths = []
    for method, variant, seed in (
        *(("llama-avsr", "", 0), ("llama-avsr", "", 1), ("llama-avsr", "lr0.0005", 0)),
        *(("mtsk-ms", "lr0.0005", 0), ("mtsk-ms", "lr0.0005", 1)),
    ):
        origin = {"corpus": "portrait", "split": "test", "encoders": "w", "llm": "l"}
        model = MODEL | {"method": method, "seed": seed}
        folder = f"{method}.{variant}.s{seed}"
        paths.append(write(folder, 4, 10, origin=origin | {"variant": variant}, model=model))
    p_values = scored(paths, tmp_path).set_index("method").loc["mtsk-ms"].p_value
    assert p_values.iloc[0] == 1
    assert pd.isna(p_values.iloc[1])


def test_llms_of_one_path_are_told_apart_by_their_names(write, tmp_path):
    """Two entries of ``llms`` may differ in the rank of their LoRAs alone."""
    paths = []
    for llm, wrong in (("l", 10), ("l-rank-8", 30)):
        origin = {"corpus": "portrait", "split": "test", "encoders": "w", "llm": llm, "variant": ""}
        paths += [
            write(f"{method}.{llm}", 4, wrong, origin=origin, model=MODEL | {"method": method})
            for method in ("llama-avsr", "mtsk-ms")
        ]
    output = tmp_path / "differences.csv"
    differences(paths, output, ScoringSettings())
    shown = read_csv(output, "differences").set_index("llm")
    assert shown.difference.to_dict() == {"l": 0, "l-rank-8": 0}


def on_corpora(write, method, trained_on, folder="clean"):
    origin = {"corpus": "portrait", "split": "test", "encoders": "w", "llm": "l", "variant": ""}
    return write(method, 4, 10, condition=folder, origin={**origin, "trained_on": trained_on})


def test_systems_are_compared_with_a_baseline_of_the_same_training_corpora(write, tmp_path):
    paths = [
        on_corpora(write, "llama-avsr", "portrait"),
        on_corpora(write, "mtsk-ms", "portrait+lrs3"),
        on_corpora(write, "mtsk-ss", ""),  # imported
    ]
    table = scored(paths, tmp_path).set_index("method")
    assert table.trained_on.tolist() == ["portrait", "portrait+lrs3", ""]
    assert pd.isna(table.p_value["mtsk-ms"])
    assert table.p_value["mtsk-ss"] == 1


def test_a_models_tests_on_two_corpora_are_two_rows(write, tmp_path):
    own = write("mtsk-ms", 4, 10)
    scored([own], tmp_path)
    table = read_scores(tmp_path / "one.csv")
    write_csv(tmp_path / "two.csv", pd.concat([table, table.assign(corpus="wild")]))
    collect([tmp_path / "one.csv", tmp_path / "two.csv"], tmp_path / "wer.csv")
    assert read_scores(tmp_path / "wer.csv", sealed=False).corpus.tolist() == ["portrait", "wild"]


def test_noise_is_compared_with_noise(write, tmp_path):
    paths = [write("llama-avsr", 4, 10), write("mtsk-ms", 4, 30, "snr_-5")]
    assert scored(paths, tmp_path).p_value.isna().all()


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
