"""What holds for every figure: named axes, published values, that it survives print."""

import matplotlib.colors
import pytest
from drawn import (
    ADAPTIVE,
    CONFIDENCE,
    DIFFERENCES,
    METHODS,
    ROUTING,
    ROWS,
    as_paper,
    bars,
    build,
    names_in_legend,
)
from PIL import Image
from synthetic import score, table

from mavsr.errors import InputError
from mavsr.report.catalogue import FIGURES
from mavsr.report.figure import draw_figure
from mavsr.report.figures.looks import LOOKS
from mavsr.report.figures.style import save, styled
from mavsr.report.sources import ReportSettings
from mavsr.tables import write_csv


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
        assert labels[4:] == ["Share of utterances kept", "Error rate (%) of those kept"]
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
    again = {line.get_label(): line.get_ydata().tolist() for line in lines if line.get_marker()}
    # Which variant of Llama-MTSK theirs is they do not print.
    assert (again["published"], again["published, doubtful"]) == ([1.1], [1.0])
    for other in (
        as_paper(rows, "lrs3"),
        [{**row, "llm": "toy-llama"} for row in as_paper(rows, "mine")],
        [{**row, "encoders": "whisper-base"} for row in as_paper(rows, "mine")],
    ):
        assert "published" not in names_in_legend(build("figure3", other, kinds))


def test_corpora_have_panels_of_their_own():
    rows = ROWS["figure6"] + [
        {**row, "corpus": "other", "trained_on": "other"} for row in ROWS["figure6"]
    ]
    figure = build("figure6", rows)
    labels = [axes.get_ylabel() for axes in figure.axes]
    assert labels == ["WER (%), other", "WER (%), portrait"]
    signs = [{**row, "unit": "character"} if row["corpus"] == "other" else row for row in rows]
    labels = [axes.get_ylabel() for axes in build("figure6", signs).axes]
    assert labels == ["CER (%), other", "WER (%), portrait"]


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
