"""Figures of experts and of the similarity of scales."""

import pandas as pd
import pytest
from drawn import MOME, ROUTING, as_paper, bars, build, mome_rows, names_in_legend
from synthetic import score

from mavsr.errors import InputError


def test_clouds_mark_published_values_at_our_cost():
    rows = [
        score(method, 4, 2, 5.0, variant=MOME.get(method, ""), active_parameters=1000 * count)
        for method, count in (("llama-avsr", 27.5), ("mome-mhsa", 12.7))
    ]
    rows += [{**rows[1], "variant": "r4k2s1b24"}, {**rows[1], "variant": "r23k4s1b1"}]
    parts = {"encoders": "whisper-small+avhubert-large", "llm": "llama-3.2-3b"}
    parts |= {"corpus": "two", "trained_on": "two"}
    rows = [{**row, **parts, "active_parameters": int(row["active_parameters"])} for row in rows]
    figure = build("mome/parameters", rows, {"two": "lrs2"})
    marks = [line for line in figure.axes[0].lines if line.get_label() == "published"]
    assert sorted(mark.get_ydata().tolist() for mark in marks) == [[2.9], [3.2], [4.1]]
    assert sorted(mark.get_xdata()[0] for mark in marks) == pytest.approx(
        [12.7, 12.7, 27.5], rel=0.02
    )
    assert "published" not in names_in_legend(build("mome/parameters", rows, {"two": "folder"}))


def test_experts_that_were_not_traced_are_asked_for():
    for name in ("mome/experts", "mome/expert_bars"):
        with pytest.raises(InputError, match=r"experiments.mome_experts with a MoME model"):
            build(name, routing=None)
    with pytest.raises(InputError, match=r"mome_experts with a model of several rates"):
        build("mome/similarity", similarity=None)


def test_stacked_bars_add_up_the_choices_of_all_tokens():
    figure = build("mome/expert_bars")
    left = figure.axes[0]
    assert left.get_xlabel() == "Layer, rates (4,2)"
    figure.draw_without_rendering()
    assert all(float(place).is_integer() for place in left.get_xticks())
    first = [bar for bar in bars(left) if bar.get_x() < 1 < bar.get_x() + bar.get_width()]
    # Over text, audio and video expert e has 6 e + 1 of 96 choices; the most used lies below.
    heights = [bar.get_height() for bar in sorted(first, key=lambda bar: bar.get_y())]
    assert heights == pytest.approx([100 * (6 * e + 1) / 96 for e in (5, 4, 3, 2, 1, 0)])
    assert sum(heights) == pytest.approx(100)
    assert len(bars(left)) == 3 * 6
    looks = {(bar.get_facecolor(), bar.get_hatch()) for bar in bars(left)}
    assert len(looks) == 6  # an expert looks alike in all layers


@pytest.mark.parametrize(("name", "axis"), [("experts", "Expert"), ("expert_bars", "Layer")])
def test_experts_of_a_model_of_three_tasks_are_shown_at_all_its_scales(name, axis):
    read = {"a4_v2": ("text", "audio", "video"), "v2": ("text", "video"), "a4": ("text", "audio")}
    rows = [
        ROUTING[(ROUTING["scale"] == "a4_v2") & ROUTING.modality.isin(kinds)].assign(scale=scale)
        for scale, kinds in read.items()
    ]
    figure = build(f"mome/{name}", routing=pd.concat(rows))
    figure.draw_without_rendering()
    named = [axes.get_xlabel() for axes in figure.axes if axes.get_xlabel()]
    rates = ("audio rate 4", "video rate 2", "rates (4,2)")
    assert named == [f"{axis}, {words}" for words in rates]


def test_compressions_have_panels_of_their_own_with_what_is_read_off():
    made = mome_rows([(4, None), (8, None)])
    made = [{**row, "variant": row["variant"].replace("b12", "b8")} for row in made]
    rows = as_paper([{**row, "compression": c} for row in made for c in ("avgpool", "stack")], "m")
    figure = build("mome/asr", rows, {"m": "lrs3"})
    assert [axes.get_xlabel().split(", ")[1] for axes in figure.axes] == [
        "average pooling",
        "stacking",
    ]
    marks = [
        [line.get_ydata().tolist() for line in axes.lines if "doubtful" in str(line.get_label())]
        for axes in figure.axes
    ]
    assert marks == [[[2.6, 2.95], [1.91, 2.2]], [[2.29, 3.36], [1.75, 1.79]]]
