"""Curves: WER against the signal-to-noise ratio, and against one compression rate."""

from collections.abc import Iterable

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mavsr.model.compressions import COMPRESSIONS
from mavsr.noise.condition import Condition
from mavsr.report.figures.bars import RATES
from mavsr.report.figures.looks import Look, looks, methods_of
from mavsr.report.figures.once import PLACE, once
from mavsr.report.figures.style import (
    errors,
    from_zero,
    legend_above,
    mark_published,
    name_axis,
    panels,
)
from mavsr.report.names import in_babble, label, scale_label
from mavsr.report.published import comparable
from mavsr.report.sources import Sources

TASK_LOOKS = {
    "asr": ("audio", Look("#0072b2", "o", "", "--")),
    "vsr": ("video", Look("#4d4d4d", "s", "", ":")),
    "avsr": ("audio-visual", Look("#d55e00", "D", "")),
}
SNR = "Signal-to-noise ratio of babble (dB)"
BAND = 0.2
"""Opacity of a standard deviation over seeds."""
STEP = 5.0
"""dB between the highest ratio and where clean audio is drawn."""


def noise(sources: Sources) -> Figure:
    """Hearing, seeing and both, against the signal-to-noise ratio."""
    scores = _babble(sources.select("figures/noise", task=list(TASK_LOOKS)))
    once("figures/noise", scores, ("corpus", "task", "condition"))
    corpora = sorted(scores.corpus.unique())
    figure, grid = panels(1, len(corpora))
    for corpus, axes in zip(corpora, grid[0], strict=True):
        own = scores[scores.corpus == corpus]
        for task, (name, drawn) in TASK_LOOKS.items():
            rows = own[own.task == task]
            if rows.empty:
                continue
            scale = scale_label(rows.audio_rate.iloc[0], rows.video_rate.iloc[0])
            what = f"{name}, rate {scale}" if task != "avsr" else f"{name}, rates {scale}"
            if task == "vsr":  # no noise reaches it
                rows = _everywhere(rows, own.condition.unique())
            _against_noise(axes, rows, own.condition, drawn, what)
        _noise_axis(axes, own.condition.unique())
        name_axis(axes, corpus, scores)
    from_zero(grid)
    legend_above(figure, grid[0][0], columns=2 if len(corpora) == 1 else 4)
    return figure


def mome_noise(sources: Sources) -> Figure:
    """Methods against the signal-to-noise ratio (MoME)."""
    scores = _babble(sources.select("mome/noise", task="avsr"))
    once("mome/noise", scores, ("corpus", "method", "variant", "condition"))
    drawn_as = looks(scores)
    corpora = sorted(scores.corpus.unique())
    figure, grid = panels(1, len(corpora))
    for corpus, axes in zip(corpora, grid[0], strict=True):
        own = scores[scores.corpus == corpus]
        methods = methods_of(own)
        for place, (method, variant) in enumerate(methods):
            rows = own[(own.method == method) & (own.variant == variant)]
            shift = 0.3 * (place - (len(methods) - 1) / 2)  # intervals must not hide each other
            name = label(method, variant)
            _against_noise(axes, rows, own.condition, drawn_as[method, variant], name, shift)
        _noise_axis(axes, own.condition.unique())
        name_axis(axes, corpus, scores)
    legend_above(figure, grid[0][0], columns=2)
    return figure


def mome_asr(sources: Sources) -> Figure:
    """Methods against the audio rate (MoME)."""
    return _against_rate(sources, "mome/asr", "asr", "audio_rate")


def mome_vsr(sources: Sources) -> Figure:
    """Methods against the video rate (MoME)."""
    return _against_rate(sources, "mome/vsr", "vsr", "video_rate")


def _against_rate(sources: Sources, name: str, task: str, rate: str) -> Figure:
    """A panel per compression (and row per corpus), a line per method."""
    scores = sources.select(name, task=task, condition="clean")
    once(name, scores, (*PLACE, "compression"))
    drawn_as = looks(scores)
    published = sources.published(read_off=True)
    corpora = sorted(scores.corpus.unique())
    shown = [kind for kind in COMPRESSIONS if kind in set(scores.compression)]
    figure, grid = panels(len(corpora), len(shown))
    for corpus, row in zip(corpora, grid, strict=True):
        for compression, axes in zip(shown, row, strict=True):
            own = scores[(scores.corpus == corpus) & (scores.compression == compression)]
            rates = sorted(own[rate].unique())
            methods = methods_of(own)
            for place, (method, variant) in enumerate(methods):
                rows = own[(own.method == method) & (own.variant == variant)].sort_values(rate)
                shift = 0.06 * (place - (len(methods) - 1) / 2)  # for the same reason
                x = [rates.index(value) + shift for value in rows[rate]]
                drawn = drawn_as[method, variant]
                _line(axes, x, rows, drawn, label(method, variant))
                known = comparable(published, rows).sort_values(rate)
                marks = [rates.index(value) + shift for value in known[rate]]
                mark_published(axes, marks, known.wer, known.doubt, drawn.colour)
            axes.set_xticks(range(len(rates)), [str(value) for value in rates])
            what = (
                RATES[task]
                if len(shown) == 1
                else f"{RATES[task]}, {COMPRESSIONS[compression].words}"
            )
            axes.set_xlabel(what)
        name_axis(row[0], corpus, scores)
    legend_above(figure, grid[0][0], columns=2 if len(shown) == 1 else 4)
    return figure


def _babble(scores: pd.DataFrame) -> pd.DataFrame:
    """The rows without any other noise, and with the video as it is."""
    return scores[scores.condition.map(in_babble)]


def _snr(condition: str, conditions: Iterable[str]) -> float:
    """Where a condition stands on the axis: its ratio, or right of the highest one if clean."""
    parsed = Condition.parse(condition)
    if parsed.kind == "snr":
        return parsed.number
    ratios = [Condition.parse(c).number for c in conditions if c != "clean"]
    return max(ratios, default=0.0) + STEP


def _against_noise(
    axes: Axes,
    rows: pd.DataFrame,
    conditions: Iterable[str],
    drawn: Look,
    name: str,
    shift: float = 0.0,
) -> None:
    """A line, on the axis that :func:`_noise_axis` makes of all ``conditions`` of the panel."""
    places = [_snr(c, conditions) + shift for c in rows.condition]
    rows = rows.assign(x=places).sort_values("x")
    _line(axes, rows.x.tolist(), rows, drawn, name)


def _line(axes: Axes, x: list[float], rows: pd.DataFrame, drawn: Look, name: str) -> None:
    """A line with whiskers, or with a band where there are several seeds."""
    several = bool((rows.seeds > 1).all())
    if several:
        axes.fill_between(x, rows.wer_low, rows.wer_high, color=drawn.colour, alpha=BAND, lw=0)
    axes.errorbar(
        x,
        rows.wer,
        yerr=None if several else errors(rows),
        color=drawn.colour,
        ls=drawn.line,
        **drawn.mark,
        elinewidth=0.8,
        label=name,
    )


def _noise_axis(axes: Axes, conditions: Iterable[str]) -> None:
    places = sorted({(_snr(c, conditions), c) for c in conditions})
    names = ["clean" if c == "clean" else f"{Condition.parse(c).number:g}" for _, c in places]
    axes.set_xticks([x for x, _ in places], names)
    axes.set_xlabel(SNR)


def _everywhere(rows: pd.DataFrame, conditions: Iterable[str]) -> pd.DataFrame:
    """The first row under every condition."""
    return pd.concat([rows.iloc[:1].assign(condition=c) for c in conditions], ignore_index=True)
