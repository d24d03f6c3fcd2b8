"""Figures from made-up scores: what is drawn, where, and that it survives print."""

import matplotlib.colors
import pandas as pd
import pytest
from PIL import Image
from synthetic import score, table

from mavsr.errors import InputError
from mavsr.noise.condition import ALTERATIONS
from mavsr.report.catalogue import FIGURES
from mavsr.report.figure import draw_figure, figure_builder
from mavsr.report.figures.robustness import AXES
from mavsr.report.figures.style import LOOKS, save, styled
from mavsr.report.names import condition_label
from mavsr.report.sources import ReportSettings, Sources
from mavsr.tables import write_csv

METHODS = ["llama-avsr", "mtsk-ms", "mtsk-ss", "mtsk-mss"]
MOME = {"mome-mhsa": "r23k4s1b12"}


def mome_rows(rates):
    return [
        score(method, *rate, 10.0 + place, variant=MOME.get(method, ""))
        for place, method in enumerate(("llama-avsr", "mtsk-mss", "mome-mhsa"))
        for rate in rates
    ]


def noisy(method, audio, video, wer):
    conditions = (("snr_-5", 20), ("snr_0", 8), ("clean", 0))
    return [score(method, audio, video, wer + more, name) for name, more in conditions]


def failing(variant="", more=0.0):
    """Rows of audio, video and both, of which ``more`` is what another variant is worse by."""
    audio = {"clean": 10, "snr_5": 14, "snr_-5": 30, "speech_5": 20, "speech_-5": 40}
    video = {"clean": 20, "drop_25": 30, "drop_50": 45}
    both = {"clean": 5, "snr_5": 8, "snr_-5": 15, "speech_5": 9, "speech_-5": 18, "no_audio": 60}
    both |= {"snr_-5+drop_25": 20, "snr_-5+drop_50": 26, "snr_-5+no_video": 33, "no_video": 12}
    both |= {"snr_-5+late_80": 16, "snr_-5+late_240": 28, "snr_-5+blur_4": 17}
    tasks = ((4, None, audio), (None, 2, video), (4, 2, both))
    return [
        score("mtsk-ms", a, v, wer + more, condition, variant=variant)
        for a, v, wers in tasks
        for condition, wer in wers.items()
    ]


ROWS = {
    "figure3": [
        score(m, a, None, a + 1.0, compression=c)
        for c in ("avgpool", "stack")
        for m in METHODS
        for a in (4, 8)
    ],
    "figure4": [score(m, None, v, v + 9.0) for m in METHODS for v in (1, 5)],
    "figure5": [score(m, a, None, a + 1.0, compression="stack") for m in METHODS for a in (2, 4)],
    "figure6": [score(m, 4, v, v + 9.0, compression="stack") for m in METHODS for v in (2, 5)],
    "mome/asr": mome_rows([(4, None), (8, None), (16, None)]),
    "mome/vsr": mome_rows([(None, 1), (None, 5)]),
    "mome/noise": noisy("llama-avsr", 4, 2, 9.0) + noisy("mtsk-mss", 4, 2, 8.0),
    "mome/parameters": mome_rows([(4, 2)]),
    "mome/experts": mome_rows([(4, 2)]),
    "mome/expert_bars": mome_rows([(4, 2)]),
    "mome/expert_bars_ffn": mome_rows([(4, 2)]),
    "mome/similarity": mome_rows([(4, 2)]),
    "figures/noise": noisy("mtsk-ms", 4, None, 12.0)
    + noisy("mtsk-ms", 4, 2, 9.0)
    + [score("mtsk-ms", None, 2, 14.0)],
    "figures/robustness": failing(),
    "figures/tradeoff": [
        score(m, a, v, a + v / 9) for m in METHODS for a in (4, 16) for v in (2, 5)
    ],
}
ROWS["figures/tokens"] = [
    {**row, "tokens": 300 * row["tflops"]} for row in ROWS["figures/tradeoff"]
]
ROWS["figures/confidence"] = ROWS["figures/tradeoff"]
ADAPTIVE = pd.DataFrame(
    [
        {
            **{"corpus": "portrait", "task": "avsr", "method": method, "variant": ""},
            **{"model": method, "start": "a16_v5", "finish": "a4_v2", "split": split},
            **{"threshold": -3.0 + place, "chosen": place == 1, "refined": 30.0 * place},
            **{"wer": 12.0 - place, "wer_low": 10.0, "wer_high": 13.0},
            **{"tflops": 0.2 + 0.1 * place, "finish_wer": 10.0, "finish_tflops": 0.5},
        }
        for method in ("mtsk-mss", "mtsk-ms")
        for split in ("val", "test")
        for place in range(3)
    ]
)
CONFIDENCE = pd.DataFrame(
    [
        {
            **{"corpus": "portrait", "task": "avsr", "method": "mtsk-ms", "variant": ""},
            **{"model": "m", "scale": "a4_v2", "unit": unit, "curve": curve},
            **{"x": x, "y": 0.9 * x if curve == "reliability" else 20 * x, "area": 9.5},
        }
        for unit, curve in (
            ("utterance", "reliability"),
            ("utterance", "risk"),
            ("word", "reliability"),
        )
        for x in (0.2, 0.6, 1.0)
    ]
)
DIFFERENCES = pd.DataFrame(
    [
        {
            **{"corpus": "portrait", "condition": "clean", "method": method, "variant": ""},
            **{"baseline": "llama-avsr", "audio_rate": a, "video_rate": v, "tokens": 900 / a + v},
            **{"difference": 0.5, "low": -0.75, "high": 1.0, "trained_on": "portrait"},
        }
        for method in METHODS[1:]
        for a in (4, 16)
        for v in (2, 5)
    ]
)
ROUTING = pd.DataFrame(
    [
        (layer, scale, kind, expert, 2 * expert + (kind == "audio"), 1 / 6)
        for layer in range(3)
        for scale in ("a4_v2", "a16_v5")
        for kind in ("text", "audio", "video")
        for expert in range(6)
    ],
    columns=["layer", "scale", "modality", "expert", "choices", "share"],
)
SIMILARITY = pd.DataFrame(
    [
        ("clip", one, other, token, other_token, 0.1 * token - 0.05 * other_token)
        for one, other in (("a4", "a16"), ("a4", "v2"), ("a16", "v2"), ("v2", "v5"))
        for token in range(4)
        for other_token in range(3)
    ],
    columns=["key", "one", "other", "token", "other_token", "similarity"],
)


def build(name, rows=None, kinds=None, routing=ROUTING, similarity=SIMILARITY):
    scores = table(ROWS[name] if rows is None else rows)
    settings = ReportSettings(kinds=kinds or {"portrait": "portrait"})
    sources = Sources(
        scores,
        settings,
        routing=routing,
        similarity=similarity,
        adaptive=ADAPTIVE,
        confidence=CONFIDENCE,
        differences=DIFFERENCES,
    )
    with styled():
        return figure_builder(name)(sources)


def names_in_legend(figure):
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def test_every_figure_of_the_catalogue_can_be_drawn():
    assert set(FIGURES) == set(ROWS)


@pytest.mark.parametrize("name", FIGURES)
def test_axes_are_named_and_there_is_no_title(name):
    figure = build(name)
    assert figure.axes
    assert not figure.get_suptitle()
    labels = [label for axes in figure.axes for label in (axes.get_xlabel(), axes.get_ylabel())]
    assert all(not axes.get_title() for axes in figure.axes)
    if name == "mome/experts":
        assert "Share of choices (%)" in labels
        assert "Layer, video" in labels
        assert "Expert, rates (16,5)" in labels
    elif name.startswith("mome/expert_bars"):
        assert labels.count("Share of choices (%)") == 1
        assert "Layer, rates (16,5)" in labels
    elif name == "figures/confidence":
        assert labels[:3:2] == ["Confidence of a transcript", "Confidence of a word"]
        assert labels[1] == "Share that was right"
        assert labels[4:] == ["Share of utterances kept", "WER (%) of those kept"]
        assert figure.axes[2].get_ylim()[1] > 20
    elif name == "figures/tokens":
        assert labels[1] == "WER (%)"
        assert labels[3].startswith("WER minus that of\nLlama-AVSR")
        assert labels[2].startswith("Tokens of audio, video and prompt")
    elif name == "mome/similarity":
        assert {"Token, audio rate 4", "Token, video rate 5"} <= set(labels)
    else:
        assert labels[1] == "WER (%)"
        assert any(unit in labels[0] for unit in ("rate", "dB", "TFLOPs", "thousands"))


def drawn_in(axes):
    """Name of each line -> its points."""
    return {
        container.get_label(): list(
            zip(*(values.tolist() for values in container.lines[0].get_data()), strict=True)
        )
        for container in axes.containers
    }


def test_every_noise_and_every_fault_of_the_video_has_a_panel():
    figure = build("figures/robustness")
    used = [axes for axes in figure.axes if axes.axison]
    assert [axes.get_xlabel() for axes in used] == [
        "SNR of babble (dB)",
        "SNR of speech (dB)",
        "Frames dropped (%), audio at -5 dB",
        "Blur (pixels), audio at -5 dB",
        "Video behind audio (ms), audio at -5 dB",
    ]
    ticks = [[tick.get_text() for tick in axes.get_xticklabels()] for axes in used]
    assert [sorted(names) for names in ticks[:3]] == [
        ["-5", "5", "clean", "none"],
        ["-5", "5", "clean", "none"],
        ["0", "25", "50", "none"],
    ]
    babble, dropped = drawn_in(used[0]), drawn_in(used[2])
    assert list(babble) == ["audio 4", "video 2", "audio-visual (4,2)"]
    wer = {name: [y for _, y in points] for name, points in babble.items()}
    # No audio, -5 and 5 dB, clean; video hears nothing of it.
    assert wer["audio-visual (4,2)"] == [60, 15, 8, 5]
    assert wer["audio 4"] == [30, 14, 10] and wer["video 2"] == [20, 20]
    assert dropped["audio-visual (4,2)"][:3] == [(0, 15), (25, 20), (50, 26)]
    assert dropped["audio-visual (4,2)"][3][1] == 33  # no video
    assert dropped["video 2"] == [(0, 20), (25, 30), (50, 45)]
    assert {y for _, y in dropped["audio 4"]} == {30}
    # A model of video alone is never late.
    assert "video 2" not in drawn_in(used[4])


def test_every_fault_of_the_video_has_an_axis_and_a_name():
    assert set(AXES) == set(ALTERATIONS)
    labels = {condition_label(f"{kind}_{40}") for kind in ALTERATIONS}
    assert labels == {
        "40 % of frames dropped",
        "patch of 40 %",
        "blur of 40 px",
        "video 40 ms late",
    }
    assert condition_label("speech_-5+no_video") == "speech, -5 dB, no video"
    assert condition_label("late_-80") == "video 80 ms ahead"


def test_models_of_one_task_are_told_apart_by_line_and_marker():
    figure = build("figures/robustness", failing() + failing("novideo0.25", -2.0))
    containers = figure.axes[0].containers
    both = [c for c in containers if c.get_label().startswith("audio-visual")]
    assert [c.get_label() for c in both] == [
        "audio-visual (4,2)",
        "audio-visual (4,2), video dropout 0.25",
    ]
    assert len({(c.lines[0].get_linestyle(), c.lines[0].get_fillstyle()) for c in both}) == 2
    assert len({c.lines[0].get_color() for c in both}) == 1


def test_faults_of_a_model_that_only_sees_have_panels_too():
    rows = [row for row in failing() if row["task"] == "vsr"]
    (axes,) = build("figures/robustness", rows).axes
    assert axes.get_xlabel() == "Frames dropped (%)"


def test_a_corpus_without_a_condition_leaves_its_panel_empty():
    rows = failing()
    few = [row for row in rows if row["condition"] in ("clean", "snr_5", "snr_-5")]
    figure = build("figures/robustness", [*rows, *({**row, "corpus": "other"} for row in few)])
    used = [axes.get_xlabel() for axes in figure.axes if axes.axison]
    assert len(used) == 1 + 5 and used[0] == used[1] == "SNR of babble (dB)"


def test_without_a_fault_there_is_nothing_to_draw():
    rows = [row for row in failing() if row["condition"] == "clean"]
    with pytest.raises(InputError, match=r"needs conditions such as snr_0 .* has clean alone"):
        build("figures/robustness", rows)


@pytest.mark.parametrize("name", FIGURES)
def test_both_files_are_written_and_the_same_each_time(name, tmp_path):
    for folder in (tmp_path / "a", tmp_path / "b"):
        with styled():
            save(build(name), folder, name)
    for suffix in (".pdf", ".png"):
        first = (tmp_path / "a" / f"{name}{suffix}").read_bytes()
        assert first == (tmp_path / "b" / f"{name}{suffix}").read_bytes()
    with Image.open(tmp_path / "a" / f"{name}.png") as image:
        assert 600 <= image.width <= 1500
        assert image.height >= 400
        assert len(image.convert("L").getcolors(1 << 20)) > 20


def bars(axes):
    return [patch for container in axes.containers for patch in getattr(container, "patches", [])]


def test_bars_stand_at_their_values_with_their_intervals():
    figure = build("figure3")
    left, right = figure.axes
    assert (left.get_xlabel(), right.get_xlabel()) == (
        "Audio compression rate, average pooling",
        "Audio compression rate, stacking",
    )
    assert [tick.get_text() for tick in left.get_xticklabels()] == ["4", "8"]
    assert all(axes.get_ylim()[0] == 0 for axes in figure.axes)
    heights = sorted(bar.get_height() for bar in bars(left))
    assert heights == [5.0] * 4 + [9.0] * 4
    middles = sorted(bar.get_x() + bar.get_width() / 2 for bar in bars(left))
    assert max(middles[:4]) < 0.5 < min(middles[4:])
    ends = [
        segment[:, 1].tolist()
        for container in left.containers
        if (errorbar := getattr(container, "errorbar", None))
        for segment in errorbar.lines[2][0].get_segments()
    ]
    assert sorted(ends)[0] == pytest.approx([4.0, 6.4])
    assert len(ends) == 8
    assert names_in_legend(figure) == [
        "Llama-AVSR",
        "Llama-MTSK MS",
        "Llama-MTSK SS",
        "Llama-MTSK MSS",
    ]


def test_no_interval_leaves_its_panel():
    rows = [
        {**row, "wer_high": 50.0} if row["compression"] == "stack" else row
        for row in ROWS["figure3"]
    ]
    assert all(axes.get_ylim()[1] > 50 for axes in build("figure3", rows).axes)
    rows = [
        {**row, "corpus": name, "trained_on": name}
        for row in ROWS["figures/noise"]
        for name in ("a", "b")
    ]
    rows = [{**row, "wer_high": 50.0} if row["corpus"] == "b" else row for row in rows]
    assert all(axes.get_ylim()[1] > 50 for axes in build("figures/noise", rows).axes)


def as_paper(rows, corpus):
    parts = {
        "encoders": "whisper-small",
        "llm": "llama-3.2-1b",
        "corpus": corpus,
        "trained_on": corpus,
    }
    return [{**row, **parts} for row in rows]


def test_published_values_are_marked_on_their_own_corpus_only():
    rows = [row for row in ROWS["figure3"] if row["compression"] == "avgpool"]
    kinds = {"mine": "lrs3", "lrs3": "folder"}
    drawn = build("figure3", as_paper(rows, "mine"), kinds)
    assert names_in_legend(drawn)[-1] == "published"
    (marks,) = [line for line in drawn.axes[0].lines if line.get_label() == "published"]
    assert marks.get_ydata().tolist() == [2.3, 2.7]
    # Omni-AVSR ran Llama-AVSR and Llama-MTSK again, with a larger encoder.
    larger = [{**row, "encoders": "whisper-medium"} for row in as_paper(rows, "mine")]
    lines = build("figure3", larger, kinds).axes[0].lines
    again = [line.get_ydata().tolist() for line in lines if line.get_label() == "published"]
    assert again == [[1.1], [1.0]]
    for other in (
        as_paper(rows, "lrs3"),
        [{**row, "llm": "toy-llama"} for row in as_paper(rows, "mine")],
        [{**row, "encoders": "whisper-base"} for row in as_paper(rows, "mine")],
    ):
        assert "published" not in names_in_legend(build("figure3", other, kinds))


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


def test_corpora_have_panels_of_their_own():
    rows = ROWS["figure6"] + [
        {**row, "corpus": "other", "trained_on": "other"} for row in ROWS["figure6"]
    ]
    figure = build("figure6", rows)
    labels = [axes.get_ylabel() for axes in figure.axes]
    assert labels == ["WER (%), other", "WER (%), portrait"]


def test_noise_goes_from_loud_to_clean_and_does_not_reach_the_eye():
    figure = build("figures/noise")
    (axes,) = figure.axes
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["-5", "0", "clean"]
    lines = {c.get_label(): c.lines[0].get_ydata().tolist() for c in axes.containers}
    assert lines == {
        "audio, rate 4": [32.0, 20.0, 12.0],
        "audio-visual, rates (4,2)": [29.0, 17.0, 9.0],
        "video, rate 2": [14.0, 14.0, 14.0],
    }


def test_the_front_is_what_nothing_beats():
    points = [(1.0, 20.0, "mtsk-ms"), (2.0, 22.0, "mtsk-ss"), (3.0, 15.0, "llama-avsr")]
    rows = [score(m, 4, 2, wer, tflops=cost) for cost, wer, m in points]
    figure = build("figures/tradeoff", rows)
    (front,) = [line for line in figure.axes[0].lines if line.get_label() == "Pareto front"]
    assert front.get_ydata().tolist() == [20.0, 15.0, 15.0]
    assert names_in_legend(figure)[-1] == "Pareto front"


def test_adaptive_rates_are_a_curve_with_a_star_at_the_chosen_threshold():
    figure = build("figures/tradeoff")
    dotted = [line for line in figure.axes[0].lines if line.get_linestyle() == ":"]
    stars = [line for line in figure.axes[0].lines if line.get_marker() == "*"]
    assert [line.get_xydata()[0].tolist() for line in stars] == [pytest.approx([0.3, 11.0])] * 2
    assert dotted[0].get_ydata().tolist() == [12.0, 11.0, 10.0]
    assert "adaptive rates" in names_in_legend(figure)


def test_differences_stand_at_their_values_with_their_own_intervals():
    figure = build("figures/tokens")
    upper, lower = figure.axes
    assert len(lower.containers) == 3, "the baseline does not differ from itself"
    for container in lower.containers:
        points, _, (bars,) = container
        assert set(points.get_ydata()) == {0.5}
        assert {tuple(segment[:, 1]) for segment in bars.get_segments()} == {(-0.75, 1.0)}
    assert upper.get_xlim() == lower.get_xlim()
    assert names_in_legend(figure) == [
        "Llama-AVSR",
        "Llama-MTSK MS",
        "Llama-MTSK SS",
        "Llama-MTSK MSS",
    ]


def test_differences_on_a_corpus_that_models_were_not_trained_on_are_drawn():
    """They were looked for under the corpus' name alone, and their panel stayed empty."""
    trained = {"portrait": 0.5, "b": 0.75}
    rows = [{**row, "trained_on": on} for row in ROWS["figures/tokens"] for on in trained]
    compared = [DIFFERENCES.assign(trained_on=on, difference=d) for on, d in trained.items()]
    sources = Sources(
        table(rows),
        ReportSettings(kinds={"portrait": "portrait"}),
        differences=pd.concat(compared, ignore_index=True),
    )
    with styled():
        figure = figure_builder("figures/tokens")(sources)
    columns = zip(figure.axes[:2], figure.axes[2:], strict=True)
    lower = {upper.get_ylabel(): below for upper, below in columns}
    for name, difference in (("portrait", 0.5), ("portrait (trained on b)", 0.75)):
        points = [container[0].get_ydata() for container in lower[f"WER (%), {name}"].containers]
        assert len(points) == 3
        assert {value for drawn in points for value in drawn} == {difference}


def test_without_a_baseline_there_is_one_panel():
    sources = Sources(table(ROWS["figures/tokens"]), ReportSettings(kinds={"portrait": "portrait"}))
    with styled():
        assert len(figure_builder("figures/tokens")(sources).axes) == 1


@pytest.mark.parametrize("name", ["figures/confidence"])
def test_confidence_that_was_not_measured_is_asked_for(name):
    sources = Sources(table(ROWS[name]), ReportSettings())
    with pytest.raises(InputError, match="no model of the experiment has several scales"):
        figure_builder(name)(sources)


@pytest.mark.parametrize(("tflops", "unit"), [(2.4, "TFLOPs"), (2e-3, "GFLOPs"), (1e-4, "MFLOPs")])
def test_costs_have_a_unit_that_makes_them_plain_numbers(tflops, unit):
    figure = build("figures/tradeoff", [score("mtsk-ms", 4, 2, 9.0, tflops=tflops)])
    assert figure.axes[0].get_xlabel() == f"{unit} of the LLM per utterance (mean)"
    (line,) = [c.lines[0] for c in figure.axes[0].containers]
    assert 1 <= line.get_xdata()[0] < 1000


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
    first = [bar for bar in bars(left) if bar.get_x() < 1 < bar.get_x() + bar.get_width()]
    # Over text, audio and video expert e has 6 e + 1 of 96 choices; the most used lies below.
    heights = [bar.get_height() for bar in sorted(first, key=lambda bar: bar.get_y())]
    assert heights == pytest.approx([100 * (6 * e + 1) / 96 for e in (5, 4, 3, 2, 1, 0)])
    assert sum(heights) == pytest.approx(100)
    assert len(bars(left)) == 3 * 6
    looks = {(bar.get_facecolor(), bar.get_hatch()) for bar in bars(left)}
    assert len(looks) == 6  # an expert looks alike in all layers


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
        [line.get_ydata().tolist() for line in axes.lines if line.get_label() == "published"]
        for axes in figure.axes
    ]
    assert marks == [[[2.6, 2.95], [1.91, 2.2]], [[2.29, 3.36], [1.75, 1.79]]]


@pytest.mark.parametrize(("name", "task"), [("figure3", "asr"), ("figure4", "vsr")])
def test_a_figure_without_its_task_says_so(name, task):
    with pytest.raises(InputError, match=f"{name} needs scores with task {task}"):
        build(name, ROWS["figure6"])


def test_methods_are_told_apart_without_colour():
    assert len({look.hatch for look in LOOKS.values()}) == len(LOOKS)
    assert len({look.marker for look in LOOKS.values()}) == len(LOOKS)


def simulate(colour, kind):
    """A colour as the colour-blind see it (Machado et al. 2009, severity 1), in linear RGB."""
    matrices = {
        "protanopia": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
        "deuteranopia": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    }
    red, green, blue = matplotlib.colors.to_rgb(colour)
    return [a * red + b * green + c * blue for a, b, c in matrices[kind]]


@pytest.mark.parametrize("kind", ["protanopia", "deuteranopia"])
def test_the_methods_of_one_figure_differ_to_the_colour_blind(kind):
    seen = [simulate(LOOKS[method].colour, kind) for method in METHODS]
    apart = [
        sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) ** 0.5
        for place, one in enumerate(seen)
        for other in seen[:place]
    ]
    assert min(apart) > 0.15


def test_the_command_draws_from_files(tmp_path):
    write_csv(tmp_path / "scores.csv", table(ROWS["mome/experts"]))
    write_csv(tmp_path / "routing.csv", ROUTING)
    settings = ReportSettings(kinds={"portrait": "portrait"})
    inputs = (tmp_path / "scores.csv", tmp_path / "routing.csv")
    draw_figure("mome/experts", tmp_path / "out", settings, *inputs)
    assert (tmp_path / "out" / "mome" / "experts.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("name", "kind", "rows"),
    [
        ("figures/tradeoff", "adaptive", ADAPTIVE),
        ("figures/confidence", "confidence", CONFIDENCE),
        ("figures/tokens", "differences", DIFFERENCES),
    ],
    ids=["adaptive", "confidence", "differences"],
)
def test_the_command_gives_a_figure_the_table_that_it_looks_for(name, kind, rows, tmp_path):
    write_csv(tmp_path / "scores.csv", table(ROWS[name]))
    write_csv(tmp_path / f"{kind}.csv", rows)
    settings = ReportSettings(kinds={"portrait": "portrait"})
    inputs = {kind: tmp_path / f"{kind}.csv"}
    draw_figure(name, tmp_path / "drawn", settings, tmp_path / "scores.csv", **inputs)
    with styled():
        save(build(name), tmp_path / "built", name)
    drawn, built = (tmp_path / folder / f"{name}.png" for folder in ("drawn", "built"))
    assert drawn.read_bytes() == built.read_bytes()


def test_several_seeds_are_a_band_and_one_has_whiskers():
    def drawn(seeds):
        rows = [
            score("mtsk-ms", rate, None, wer + seed, seed=seed)
            for rate, wer in ((4, 10.0), (8, 12.0))
            for seed in range(seeds)
        ]
        with styled():
            (axes,) = build("mome/asr", rows).axes
        return axes

    (band,) = drawn(3).collections
    (path,) = band.get_paths()
    assert sorted(set(path.vertices[:, 1].round(6))) == [
        10.0,
        12.0,
        14.0,
    ]  # mean 11, 13; deviation 1
    (whiskers,) = drawn(1).collections
    assert len(whiskers.get_segments()) == 2
