"""Systems as tables and figures show them: intervals, several seeds, corrected p-values."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from synthetic import score, table

from mavsr.report.sources import ReportSettings, Sources
from mavsr.report.summary import footnote, holm, summarise, wer_text
from mavsr.report.table import table_builder

SPEAKERS = {"speakers": 50, "wer_low_speakers": 7.0, "wer_high_speakers": 13.0}


def test_holms_correction_is_that_of_the_definition():
    found = holm(pd.Series([0.01, None, 0.04, 0.03, 0.005]))
    assert found.drop(1).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert pd.isna(found[1])
    assert holm(pd.Series([0.6, 0.7])).tolist() == [1.0, 1.0]


def test_holms_correction_keeps_the_share_of_tables_with_a_false_claim():
    draw = np.random.default_rng(0)
    tables = [pd.Series(draw.random(12)) for _ in range(1000)]
    assert sum((holm(p) < 0.05).any() for p in tables) <= 66
    assert sum((p < 0.05).any() for p in tables) > 400


def test_speakers_go_before_utterances():
    row = score("mtsk-ms", 4, 2, 10.0, p_value=0.001, p_speakers=0.2, baseline="llama-avsr")
    (alone,) = summarise(table([row])).to_dict("records")
    assert (alone["over"], alone["wer_low"], alone["p"]) == ("utterances", 9.0, 0.001)
    (by_speaker,) = summarise(table([{**row, **SPEAKERS}])).to_dict("records")
    assert (by_speaker["over"], by_speaker["wer_low"], by_speaker["wer_high"]) == (
        "speakers",
        7.0,
        13.0,
    )
    assert by_speaker["p"] == 0.2
    assert wer_text(pd.Series(alone)) == "10.0 ±1.2§"
    assert wer_text(pd.Series(by_speaker)) == "10.0 ±3.0"


def seeds(method, wers, **changes):
    return [
        score(method, 4, 2, wer, seed=seed, seeds=len(wers), model=f"{method}.s{seed}", **changes)
        for seed, wer in enumerate(wers)
    ]


def test_seeds_are_one_row_with_their_mean_and_standard_deviation():
    rows = [
        *seeds("llama-avsr", [14.0, 15.0, 16.0], **SPEAKERS),
        *seeds("mtsk-ms", [10.0, 11.0, 15.0], **SPEAKERS, baseline="llama-avsr", p_seeds=0.03),
        *seeds("mtsk-ss", [10.0], **SPEAKERS),
    ]
    shown = summarise(table(rows)).set_index("method")
    assert len(shown) == 3
    assert shown.wer.tolist() == [15.0, 12.0, 10.0]
    assert wer_text(shown.loc["llama-avsr"]) == "15.0 ±1.0"
    deviation = scipy.stats.tstd([10, 11, 15])
    assert wer_text(shown.loc["mtsk-ms"]) == f"12.0 ±{deviation:.1f}†"
    assert shown.model["mtsk-ms"] == "mtsk-ms.s0"
    assert footnote(shown) == (
        "WER in %, ± the standard deviation over 3 seeds or half of the 95 % interval over "
        "speakers; differs from Llama-AVSR at p < 0.05, † for speakers like these and other seeds, "
        "after Holm's correction over 1 comparison."
    )


def test_a_table_takes_several_seeds_where_it_refused_them():
    rows = table([*seeds("llama-avsr", [14.0, 15.0]), *seeds("mtsk-ms", [10.0, 11.0])])
    built = table_builder("table1")(Sources(rows, ReportSettings(kinds={"portrait": "portrait"})))
    assert built.shown["(4,2)"].tolist() == ["14.5 ±0.7", "10.5 ±0.7"]


def test_one_seed_twice_is_not_averaged():
    row = score("mtsk-ms", 4, 2, 10.0)
    assert len(summarise(table([row, row]))) == 2


def test_too_few_speakers_are_told():
    rows = [score("mtsk-ms", 4, 2, 10.0, speakers=4)]
    assert "over utterances, as 4 speakers are too few for more." in footnote(
        summarise(table(rows))
    )


def test_corpora_with_and_without_speakers_are_told_apart():
    rows = [score("mtsk-ms", 4, 2, 10.0), score("mtsk-ms", 4, 2, 9.0, corpus="lrs3", **SPEAKERS)]
    assert "over speakers (lrs3) or half of the 95 % interval over utterances (portrait)" in (
        footnote(summarise(table(rows)))
    )


def test_a_corpus_that_a_model_was_not_trained_on_says_which_it_was():
    rows = [
        score("mtsk-ms", 4, 2, 10.0, corpus="lrs3"),
        score("mtsk-ms", 4, 2, 20.0, corpus="wild", trained_on="lrs3"),
        score("mtsk-ms", 4, 2, 15.0, corpus="wild", trained_on="lrs2+lrs3"),
        score("mtsk-ms", 4, 2, 17.0, corpus="wild", trained_on=""),
    ]
    names = ["lrs3", "wild (trained on lrs3)", "wild (trained on lrs2+lrs3)", "wild"]
    assert summarise(table(rows)).corpus.tolist() == names
    sources = Sources(table(rows), ReportSettings(kinds={"lrs3": "lrs3", "wild": "folder"}))
    assert table_builder("table1")(sources).frame.corpus.tolist() == sorted(names)
    assert set(names) < set(table_builder("table2")(sources).frame)


@pytest.mark.parametrize(
    ("wer", "low", "high", "text"),
    [
        (10.0, 8.0, 12.5, "10.0 ±2.2"),
        (1.6, 0.2, 12.6, "1.6 (0.2 to 12.6)"),
        (0.0, 0.0, 1.8, "0.0 (0.0 to 1.8)"),
        (3.0, 2.97, 3.06, "3.0 ±0.0"),
        (50.0, None, None, "50.0"),
    ],
)
def test_an_interval_that_is_lopsided_is_given_by_its_ends(wer, low, high, text):
    shown = summarise(table([score("mtsk-ms", 4, 2, wer, wer_low=low, wer_high=high)]))
    assert wer_text(shown.loc[0]) == text
    assert ("in brackets both ends" in footnote(shown)) == ("(" in text)


def test_rates_are_called_what_was_counted():
    words, signs = score("mtsk-ms", 4, 2, 10.0), score("mtsk-ms", 4, 2, 9.0, corpus="cmlr")
    signs["unit"] = "character"
    assert footnote(summarise(table([signs]))).startswith("CER in %, ±")
    both = footnote(summarise(table([words, signs])))
    assert both.startswith("Error rate in % (by characters on cmlr, else by words), ±")
