"""What papers print stands beside ours only where it is the same experiment."""

import pandas as pd
import pytest
from synthetic import score, table
from tabled import LARGE, LRS2, PAIRS, SMALL, build


@pytest.mark.parametrize("name", ["table1", "table2", "table5", "mome/main"])
def test_published_values_stand_only_beside_the_papers_own_corpus(scores, name):
    """``mine`` is of kind lrs3; ``lrs3`` is a folder of other videos, whatever its name."""
    scores = scores.assign(**(LARGE if name == "table5" else SMALL))
    three = pd.concat([scores.assign(corpus=n, trained_on=n) for n in ("portrait", "mine", "lrs3")])
    alone = build(name, scores.assign(corpus="lrs3", trained_on="lrs3"))
    assert not [column for column in alone.frame if "published" in column]
    assert set(alone.frame.get("source", ["this run"])) == {"this run"}
    built = build(name, three)
    if name == "table2":
        source = built.frame.source
        published = built.frame[source != "this run"]
        assert "labelled hours LRS2/LRS3" in built.shown
        assert "labelled hours LRS2/LRS3" not in build(name, scores).shown
        assert published.mine.notna().all()
        assert published[["portrait", "lrs3"]].isna().all(axis=None)
        assert built.frame[source == "this run"].lrs3.notna().all()
        assert "Published:" not in built.caption
    else:
        published = built.frame.set_index(["corpus", "method"])["(4,2) published"]
        assert published["portrait"].isna().all()
        assert published["lrs3"].isna().all()
        values = {"table5": [0.9, 1.0, 0.9, 1.2]}.get(name, [2.4, 2.6, 2.3, 2.4])
        assert published["mine"].tolist() == values
        where = {"table5": "Table 5"}.get(name, "Table 1")
        assert f"Published: {where} of Llama-MTSK (arXiv 2503.06362)." in built.caption


def test_published_values_stand_only_beside_the_papers_encoder_and_llm(scores):
    mine = scores.assign(corpus="mine", trained_on="mine", **SMALL)
    assert "(4,2) published" in build("table1", mine).frame
    for change in ({"llm": "llama-3.2-3b"}, {"encoders": "whisper-base+avhubert-large"}):
        built = build("table1", mine.assign(**change))
        assert not [column for column in built.frame if "published" in column]
        assert "Published" not in built.caption


def test_moes_published_values_meet_their_variant():
    def rows(method, variant):
        made = [score(method, a, v, 5.0, corpus="mine", variant=variant) for a, v in PAIRS]
        return table([{**row, **SMALL} for row in made])

    frame = build("mome/main", rows("mome-mhsa", "r23k4s1b8")).frame
    assert frame.method.tolist() == ["MoME-23/4-MHSA"]
    assert frame["(16,5) published"].tolist() == [2.9]
    assert frame.active_parameters.tolist() == [4096]
    independent = build("mome/main", rows("mome-mhsa-i", "r23k4s1b8")).frame
    assert independent.method.tolist() == ["MoME-23/4-MHSA-I"]
    assert independent["(16,5) published"].tolist() == [3.7]
    # A model of another size has no number in print.
    assert "(16,5) published" not in build("mome/main", rows("mome-mhsa", "r23k4s1b12")).frame


def test_the_table_of_omni_has_a_column_per_task_and_scale_and_the_papers_mean():
    scales = [(4, None), (16, None), (None, 2), (None, 5), *PAIRS]
    encoders = {"asr": "whisper-medium", "vsr": "v", "avsr": "whisper-medium+v"}

    def rows(method, corpus):
        made = [score(method, a, v, 1.0 + n, corpus=corpus) for n, (a, v) in enumerate(scales)]
        whole = {"llm": "llama-3.2-1b", **({} if method == "llama-avsr" else {"model": method})}
        return [{**row, "encoders": encoders[row["task"]], **whole} for row in made]

    made = table(
        [*rows("omni-st", "mine"), *rows("llama-avsr", "mine"), *rows("omni-mome", "mine")]
    )
    built = build("omni/main", made.sample(frac=1, random_state=0))
    frame = built.frame.set_index("method")
    assert list(frame.index) == ["Llama-AVSR", "Omni-AVSR-ST", "Omni-MoME-MHSA"]
    ours = [c for c in frame if "published" not in c]
    assert ours == [
        *("corpus", "ASR 4", "ASR 16", "VSR 2", "VSR 5"),
        *("AVSR (4,2)", "AVSR (4,5)", "AVSR (16,2)", "AVSR (16,5)", "mean"),
    ]
    assert frame.loc["Omni-AVSR-ST", "mean"] == pytest.approx(4.5)
    assert frame.loc["Omni-AVSR-ST", "VSR 2 published"] == 26.8
    # 7.9 is printed where the eight values have the mean 7.86.
    assert frame["mean published"].tolist()[:2] == [8.3, 7.9]
    assert pd.isna(frame.loc["Omni-MoME-MHSA", "mean published"])
    assert built.shown["mean published"].tolist() == ["8.3‡", "7.9‡", "–"]
    # Over another Whisper, what sees and hears is another model, also where it only sees.
    encoders |= {"asr": "whisper-small", "avsr": "whisper-small+v"}
    other = table([*rows("omni-st", "mine"), *rows("llama-avsr", "mine")])
    frame = build("omni/main", other).frame.set_index("method")
    assert pd.isna(frame.loc["Omni-AVSR-ST", "VSR 2 published"])
    assert frame.loc["Llama-AVSR", "VSR 2 published"] == 27.4
    assert "Table 1 of Omni-AVSR (arXiv 2511.07253)" in built.caption


def test_doubtful_values_are_marked_and_explained():
    made = [
        score("mome-layer", 4, 2, 9.0, name, variant="r23k4s1b12", corpus="two")
        for name in ("snr_0", "snr_5", "snr_10")
    ]
    rows = table([{**row, **LRS2} for row in made])
    built = build("mome/noise", rows, kinds={"two": "lrs2"})
    assert built.frame[["0 dB published", "5 dB published"]].iloc[0].tolist() == [9.6, 6.4]
    assert pd.isna(built.frame["10 dB published"].iloc[0])
    assert built.shown["0 dB published"].tolist() == ["9.6‡"]
    assert built.shown["10 dB published"].tolist() == ["–"]
    assert (
        "Published: Table 2 of MoME (arXiv 2510.04136). ‡ not a value to expect:" in built.caption
    )
    assert "0 dB looks as if its babble was mixed at random levels" in built.caption
    other = build("mome/noise", rows[rows.condition != "snr_0"], kinds={"two": "lrs2"})
    assert "0 dB looks" not in other.caption
    assert "is inferred" in other.caption


def test_what_is_read_off_a_figure_stands_in_no_table():
    row = {**score("mome-mhsa", 4, 5, 1.0, corpus="mine", variant="r23k4s1b8"), **LARGE}
    built = build("mome/large", table([row]))
    assert built.frame["(4,5) published"].tolist() == [0.9]
    assert "Table 6 of MoME" in built.caption
    assert "LRS2 and LRS3 together" in built.caption
