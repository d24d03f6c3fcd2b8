"""Figures of noise and of faults of the video."""

import pytest
from drawn import build, failing
from synthetic import score

from mavsr.errors import InputError
from mavsr.noise.condition import ALTERATIONS
from mavsr.report.figures.robustness import AXES
from mavsr.report.names import condition_label


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


def test_nothing_is_drawn_where_only_the_ends_were_measured():
    """A line from no fault to no video looked like values that nobody had measured."""
    few = ("clean", "snr_5", "snr_-5", "no_audio", "snr_-5+drop_50", "snr_-5+no_video")
    less = [row for row in failing("novideo0.25") if row["task"] == "avsr"]
    figure = build("figures/robustness", failing() + [r for r in less if r["condition"] in few])
    panels = {axes.get_xlabel().split(" (")[0]: drawn_in(axes) for axes in figure.axes}
    shown = [axis for axis, lines in panels.items() if any("dropout" in name for name in lines)]
    assert shown == ["SNR of babble", "Frames dropped"]


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


def test_conditions_of_one_task_move_no_other_ones_clean():
    """Clean stood 5 dB right of the highest ratio of each line, the tick right of all."""
    measured = {4: {"clean": 10, "snr_0": 30, "snr_10": 14}, 2: {"clean": 5, "snr_-5": 25}}
    rows = [score("mtsk-ms", 4, None, wer, name) for name, wer in measured[4].items()]
    for name, wer in measured[2].items():
        rows.append(score("mtsk-ms", 4, 2, wer, name))
    for figure in (build("figures/noise", rows), build("mome/noise", mixed(rows))):
        (axes,) = figure.axes
        names = [tick.get_text() for tick in axes.get_xticklabels()]
        ticks = dict(zip(names, axes.get_xticks(), strict=True))
        clean = [
            x
            for container in axes.containers
            for x, y in zip(*container.lines[0].get_data(), strict=True)
            if y in (5, 10)
        ]
        assert ticks["clean"] == 15
        assert clean == pytest.approx([15, 15], abs=0.2)


def mixed(rows):
    """The same of two methods."""
    methods = {"asr": "llama-avsr", "avsr": "mtsk-ms"}
    heard = {"task": "avsr", "video_rate": 2}
    return [{**row, "method": methods[row["task"]], **heard} for row in rows]
