"""WER against the tokens that the LLM reads, and how far methods differ from the baseline."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from mavsr.report.figures.looks import Look, Looks, look, looks, methods_of
from mavsr.report.figures.once import once
from mavsr.report.figures.style import (
    GREY,
    PAGE,
    errors,
    legend_above,
    mark_published,
    name_axis,
    panels,
)
from mavsr.report.names import label, scale_label
from mavsr.report.published import beside
from mavsr.report.sources import Sources
from mavsr.report.summary import rate_name, tested_on

APART = 1.012
"""Factor between neighbours' places on the lower axis, where intervals must not hide each other."""

LEAST = 0.5
"""Points that the axis of differences shows on either side of zero, at the least."""


def tokens(sources: Sources) -> Figure:
    """A column per corpus: above a line per method, below its difference from the baseline."""
    scores = once("figures/tokens", sources.select("figures/tokens", condition="clean"))
    published = sources.published()
    corpora, drawn_as = sorted(scores.corpus.unique()), looks(scores)
    compared = sources.differences
    below = compared is not None and not compared.empty
    figure, grid = panels(1 + below, len(corpora), height=2.4 if below else 2.8, width=PAGE)
    for place, corpus in enumerate(corpora):
        own, upper = scores[scores.corpus == corpus], grid[0][place]
        for method, variant in methods_of(own):
            rows = own[(own.method == method) & (own.variant == variant)].sort_values("tokens")
            for _, same in rows.groupby("task"):
                _line(upper, same, drawn_as[method, variant], label(method, variant))
                _published(upper, same, published)
        _name_scales(upper, own)
        name_axis(upper, corpus, scores)
        if below and compared is not None:
            here = pd.Series(tested_on(compared), compared.index) == corpus
            mine = compared[here & (compared.condition == "clean")]
            _differences(grid[1][place], mine, drawn_as, rate_name(own))
        for axes in (row[place] for row in grid):
            _axis(axes, own.tokens)
        broken = "\n" if len(corpora) > 1 else " "
        name = f"Tokens of audio, video and prompt{broken}per utterance (mean)"
        grid[-1][place].set_xlabel(name)
    legend_above(figure, grid[0][0], columns=5)
    return figure


def _line(axes: Axes, rows: pd.DataFrame, drawn: Look, name: str) -> None:
    axes.errorbar(
        rows.tokens,
        rows.wer,
        yerr=errors(rows),
        color=drawn.colour,
        ls=drawn.line,
        **drawn.mark,
        elinewidth=0.6,
        capsize=0,
        label=name,
    )


def _published(axes: Axes, rows: pd.DataFrame, published: pd.DataFrame) -> None:
    """Values in print of the same set-up in grey, at our tokens."""
    marks = beside(published, rows)
    if len(marks) > 1:
        axes.plot(marks.tokens, marks.published, color=GREY, lw=0.7, zorder=0.5)
    mark_published(axes, marks.tokens, marks.published, marks.doubt)


def _differences(axes: Axes, rows: pd.DataFrame, drawn_as: Looks, rate: str) -> None:
    """Difference from the baseline with its interval, methods side by side at every scale."""
    axes.axhline(0, color=GREY, lw=0.8, ls="--")
    methods = methods_of(rows)
    for number, (method, variant) in enumerate(methods):
        own = rows[(rows.method == method) & (rows.variant == variant)].sort_values("tokens")
        shift = APART ** (number - (len(methods) - 1) / 2)
        drawn = drawn_as.get((method, variant), look(method))
        axes.errorbar(
            own.tokens * shift,
            own.difference,
            yerr=[own.difference - own.low, own.high - own.difference],
            color=drawn.colour,
            ls="",
            **drawn.mark,
            elinewidth=0.9,
        )
    # Differences that are all zero would leave an axis of rounding errors.
    lowest, highest = axes.get_ylim()
    axes.set_ylim(min(lowest, -LEAST), max(highest, LEAST))
    names = sorted({label(name) for name in rows.baseline})
    if names:  # there are none where all were trained on what the baseline was not
        axes.set_ylabel(f"{rate} minus that of\n{' or '.join(names)} (points)")


def _name_scales(axes: Axes, rows: pd.DataFrame) -> None:
    axes.margins(y=0.12)  # room for the name above the highest interval
    for (audio, video), same in rows.groupby(["audio_rate", "video_rate"], dropna=False):
        axes.annotate(
            scale_label(audio, video),
            (same.tokens.mean(), same.wer_high.max()),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            fontsize=6.5,
        )


def _axis(axes: Axes, counts: pd.Series) -> None:
    axes.set_xscale("log")
    axes.set_xlim(counts.min() / 1.12, counts.max() * 1.12)
    subs = (1, 2, 5) if counts.max() / counts.min() > 6 else (1, 1.5, 2, 3, 4, 5, 6, 8)
    axes.xaxis.set_major_locator(LogLocator(subs=subs))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
