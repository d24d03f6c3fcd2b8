"""Adaptive rates: what is counted for a threshold, and which one validation chooses."""

import numpy as np
import pandas as pd
import pytest
from evaluated import SIDECAR

from mavsr.config.elastic import ElasticSettings
from mavsr.config.scoring import ScoringSettings
from mavsr.errors import InputError
from mavsr.evaluation.adapt import COLUMNS, adapt
from mavsr.evaluation.hypotheses import Recognised, line_of, write_hypotheses
from mavsr.evaluation.judge import judge
from mavsr.evaluation.routed import Pass, choose, route, thresholds
from mavsr.evaluation.word_errors import WordErrors
from mavsr.report.sources import read_judged
from mavsr.tables import read_csv

KEYS = tuple("abcde")


def made(errors, tflops, confidences):
    zero = np.zeros(len(KEYS), int)
    counted = WordErrors(KEYS, np.array(errors), zero, zero, np.full(len(KEYS), 10))
    return Pass(counted, np.full(len(KEYS), float(tflops)), np.array(confidences))


COARSE = made([5, 0, 1, 0, 3], 1.0, [-4.0, -0.1, -2.0, -0.2, -3.0])
FINE = made([1, 1, 1, 0, 0], 3.0, [-1.0] * 5)


@pytest.mark.parametrize(
    ("threshold", "errors", "refined", "tflops"),
    [(-np.inf, 9, 0, 1.0), (-3.5, 5, 1, 1.6), (-2.5, 2, 2, 2.2), (-0.15, 2, 4, 3.4), (0, 3, 5, 4)],
)
def test_errors_and_both_passes_are_counted(threshold, errors, refined, tflops):
    found = route(COARSE, FINE, threshold)
    assert found.errors.errors.sum() == errors
    assert found.errors.words.sum() == 50
    assert found.refined == refined / 5
    assert found.tflops == pytest.approx(tflops)


def test_thresholds_refine_from_none_to_all_one_at_a_time():
    refined = [route(COARSE, FINE, t).refined for t in thresholds(COARSE)]
    assert refined == [0, 0.2, 0.4, 0.6, 0.8, 1.0]


@pytest.mark.parametrize(("tolerance", "refined"), [(0.0, 0.4), (4.0, 0.2), (12.0, 0.0)])
def test_the_cheapest_threshold_within_the_tolerance_is_chosen(tolerance, refined):
    threshold = choose(COARSE, FINE, tolerance)
    assert route(COARSE, FINE, threshold).refined == refined


def test_a_coarse_scale_that_is_sure_of_its_errors_refines_all_of_them():
    sure = made([5, 0, 0, 0, 0], 1.0, [-0.01, -1, -1, -1, -1])
    assert (
        route(sure, made([0] * 5, 3.0, [0] * 5), choose(sure, made([0] * 5, 3, [0] * 5), 0)).refined
        == 1
    )


SAID = dict.fromkeys(KEYS, "bin blue now")
HEARD = {
    "a16_v5": {"a": "bin blew now", "b": "bin blue now", "c": "bin", "d": "bin blue now", "e": ""},
    "a4_v2": {
        "a": "bin blue now",
        "b": "bin blue now",
        "c": "bin",
        "d": "bin now",
        "e": "bin blue now",
    },
}
SURE = {"a": -1.0, "b": -0.05, "c": -2.0, "d": -0.1, "e": -3.0}


def write(place, scale, **said):
    audio, video = (int(part[1:]) for part in scale.split("_"))
    lines = []
    for key, text in HEARD[scale].items():
        each = [SURE[key] / max(len(text.split()), 1)] * len(text.split())
        found = Recognised(text, SURE[key], each, [(text, SURE[key])])
        lines.append(line_of(key, SAID[key], found, 400 // audio))
    cost = {"tokens": 400 / audio, "tflops": 4.0 / audio, "audio_rate": audio, "video_rate": video}
    for split in ("clean", "val"):
        path = place / "m" / split / f"{scale}.jsonl"
        write_hypotheses(path, lines, SIDECAR | cost | said)


@pytest.fixture
def files(tmp_path):
    for scale in HEARD:
        write(tmp_path, scale)
    return [[tmp_path / "m" / split / f"{s}.jsonl" for s in HEARD] for split in ("clean", "val")]


def run_adapt(files, output, **elastic):
    adapt(*files, output, ScoringSettings(), ElasticSettings(**elastic))
    return read_csv(output, "adaptive rates")


def test_a_table_of_all_thresholds_and_the_chosen_one(files, tmp_path):
    table = run_adapt(files, tmp_path / "adaptive.csv", tolerance=0.0)
    assert list(table.columns) == list(COLUMNS)
    assert set(table.start) == {"a16_v5"}
    assert set(table.finish) == {"a4_v2"}
    test = table[table.split == "test"]
    assert test.refined.tolist() == [0, 20, 40, 60, 80, 100]
    [chosen] = test[test.chosen].to_dict("records")
    assert chosen["refined"] == 20, "one is enough: three errors, as the finest scale has"
    assert chosen["wer"] == pytest.approx(100 * 3 / 15)
    assert chosen["finish_wer"] == pytest.approx(100 * 3 / 15)
    assert chosen["tflops"] == pytest.approx(0.25 + 0.2 * 1.0)
    assert chosen["finish_tflops"] == pytest.approx(1.0)
    assert chosen["wer_low"] <= chosen["wer"] <= chosen["wer_high"]
    assert pd.isna(test[~test.chosen].wer_low).all()


def test_a_threshold_and_a_start_may_be_given(files, tmp_path):
    table = run_adapt(files, tmp_path / "a.csv", threshold=-1.5, start="a16_v5")
    assert table[table.chosen].threshold.tolist() == [-1.5, -1.5]
    assert table[table.chosen].refined.tolist() == [40, 40]
    with pytest.raises(InputError, match=r"elastic\.start a8_v2 is a coarser scale of no model"):
        run_adapt(files, tmp_path / "a.csv", start="a8_v2")
    with pytest.raises(InputError, match=r"elastic\.start a4_v2 is a coarser scale of no model"):
        run_adapt(files, tmp_path / "a.csv", start="a4_v2")
    for wrong in ({"start": "16,5"}, {"threshold": 0.5}, {"tolerance": -1.0}):
        with pytest.raises(InputError, match=f"elastic.{next(iter(wrong))}"):
            ElasticSettings(**wrong)


def test_confidence_is_judged_for_every_scale_unit_and_curve(files, tmp_path):
    judge(*files, tmp_path / "confidence.csv", ScoringSettings())
    table = read_csv(tmp_path / "confidence.csv", "confidence")
    kinds = table.groupby(["scale", "unit", "curve"]).size()
    assert sorted(kinds.index) == [
        (scale, unit, curve)
        for scale in ("a16_v5", "a4_v2")
        for unit, curve in (
            ("utterance", "reliability"),
            ("utterance", "risk"),
            ("word", "reliability"),
        )
    ]
    risk = table[(table.curve == "risk") & (table.scale == "a16_v5")]
    assert risk.y.tolist() == pytest.approx([0, 0, 100 / 9, 300 / 12, 600 / 15])
    assert risk.area.iloc[0] == pytest.approx(risk.y.mean())
    words = table[(table.unit == "word") & (table.scale == "a16_v5")]
    assert words["count"].sum() == 10


@pytest.mark.parametrize("on", ["lrs3", "", None])
def test_rows_say_what_a_model_was_trained_on(files, tmp_path, on):
    """Of an imported model nobody knows; what says nothing is of a version before other corpora."""
    said = {} if on is None else {"trained_on": on}
    origin = {**SIDECAR["origin"], **said}
    for scale in HEARD:
        write(tmp_path, scale, origin=origin)
    adapted = run_adapt(files, tmp_path / "adaptive.csv")
    judge(*files, tmp_path / "confidence.csv", ScoringSettings())
    expected = {"portrait" if on is None else on}
    assert set(adapted.trained_on.fillna("")) == expected
    assert set(read_judged(tmp_path / "confidence.csv").trained_on) == expected


def test_words_that_normalising_parts_have_no_confidence(files, tmp_path, monkeypatch):
    """Three words are written and three counted, but others: "-" is none, and one is two."""
    monkeypatch.setitem(HEARD["a16_v5"], "b", "bin - blue-now")
    write(tmp_path, "a16_v5")
    judge(*files, tmp_path / "c.csv", ScoringSettings(normaliser="punctuation"))
    table = read_csv(tmp_path / "c.csv", "confidence")
    words = table[(table.unit == "word") & (table.scale == "a16_v5")]
    assert words["count"].sum() == 10 - 3


def test_hypotheses_of_an_earlier_version_are_named(files, tmp_path):
    path = files[0][0]
    old = [{"key": key, "reference": text, "hypothesis": text} for key, text in SAID.items()]
    write_hypotheses(path, old, SIDECAR)
    with pytest.raises(InputError, match=f"{path} has no log-probability for a.*decode again"):
        run_adapt(files, tmp_path / "a.csv")
    with pytest.raises(InputError, match=r"has no hypotheses of the validation split"):
        run_adapt([files[0], files[1][1:]], tmp_path / "a.csv")
