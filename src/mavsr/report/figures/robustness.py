"""WER when audio or video fails, against how badly: a panel per noise and per fault of video."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mavsr.errors import InputError
from mavsr.noise.condition import ALTERATIONS, BABBLE, Condition, parts
from mavsr.report.figures.curves import TASK_LOOKS
from mavsr.report.figures.looks import Look, methods_of, varied
from mavsr.report.figures.once import once
from mavsr.report.figures.style import errors, from_zero, legend_above, name_axis, panels
from mavsr.report.names import condition_label, label, scale_label
from mavsr.report.sources import Sources

AXES = {
    "drop": "Frames dropped (%)",
    "patch": "Area hidden (%)",
    "blur": "Blur (pixels)",
    "late": "Video behind audio (ms)",
}
"""Kind of a condition of video -> its axis."""
COLUMNS = 3


@dataclass(frozen=True)
class Panel:
    """What grows along an axis, and what stays.

    Attributes:
        grows: a noise, or a kind of what befalls video.
        heard: under a fault of the video, the condition of the audio.

    """

    grows: str
    heard: str | None = None

    @property
    def axis(self) -> str:
        """Its label."""
        if self.heard is None:
            return f"SNR of {self.grows} (dB)"
        if self.heard == "clean":
            return AXES[self.grows]
        return f"{AXES[self.grows]}, audio at {condition_label(self.heard)}"

    def place(self, name: str, task: str) -> float | str | None:
        """Where a condition stands for a task: a number, ``clean``, ``none``, or nowhere."""
        given = {modality: part for part in parts(name) for modality in part.touches}
        audio, video = given.get("audio"), given.get("video")
        if self.heard is None:
            if task != "vsr" and video is None:
                return _along_noise(audio, self.grows)
            return None
        heard = audio.name if audio else "clean"
        if task == "asr" or (task == "avsr" and heard != self.heard):
            return None
        if video is None:
            return 0.0
        if video.kind == "no_video":
            return "none"
        return video.number if video.kind == self.grows else None

    def is_inner(self, place: float | str | None) -> bool:
        """Whether a place is on this axis alone: an SNR, or a fault and not the lack of it."""
        return isinstance(place, float) and (self.heard is None or place != 0)

    def flat(self, task: str) -> str | None:
        """Condition of a task that nothing of this axis reaches; None if something does."""
        if self.heard is None:
            return "clean" if task == "vsr" else None
        return self.heard if task == "asr" else None


def robustness(sources: Sources) -> Figure:
    """A panel per noise and per fault of the video, a line per task and model."""
    scores = sources.select("figures/robustness", task=list(TASK_LOOKS))
    scores = _first_scales(once("figures/robustness", scores))
    shown = panels_of(scores)
    if not shown:
        raise InputError(
            "figures/robustness needs conditions such as snr_0 or drop_50, and its experiment has "
            f"{', '.join(sorted(set(scores.condition)))} alone; add some to experiments.robustness"
        )
    corpora = sorted(scores.corpus.unique())
    columns = min(COLUMNS, len(shown))
    rows = -(-len(shown) // columns)
    figure, grid = panels(rows * len(corpora), columns)
    for number, corpus in enumerate(corpora):
        own = scores[scores.corpus == corpus]
        part = grid[number * rows : (number + 1) * rows]
        for row in part:
            name_axis(row[0], corpus, scores)
        places = [axes for row in part for axes in row]
        for axes, panel in zip(places, shown, strict=False):
            _draw(axes, panel, own)
        for axes in places[len(shown) :]:
            axes.set_axis_off()
    from_zero(grid)
    legend_above(figure, grid[0][0], columns=columns if len(methods_of(scores)) == 1 else 2)
    return figure


def panels_of(scores: pd.DataFrame) -> list[Panel]:
    """The panels of scores: noises first, babble before others, then faults of the video."""
    noises, faults = set(), set()
    seeing = set()
    for task, name in set(zip(scores.task, scores.condition, strict=True)):
        given = {modality: part for part in parts(name) for modality in part.touches}
        audio, video = given.get("audio"), given.get("video")
        if audio and audio.kind == "snr" and video is None:
            noises.add(audio.noise)
        if video and video.kind in ALTERATIONS:
            if task == "vsr":
                seeing.add(video.kind)
            else:
                faults.add((video.kind, audio.name if audio else "clean"))
    # What sees alone is drawn beside what hears too, whatever the latter hears.
    faults |= {(kind, "clean") for kind in seeing - {kind for kind, _ in faults}}
    first = [Panel(noise) for noise in sorted(noises, key=lambda noise: (noise != BABBLE, noise))]
    order = list(ALTERATIONS)
    return first + [Panel(*one) for one in sorted(faults, key=lambda f: (order.index(f[0]), f[1]))]


def _along_noise(audio: Condition | None, noise: str) -> float | str | None:
    if audio is None:
        return "clean"
    if audio.kind == "no_audio":
        return "none"
    return audio.number if audio.noise == noise else None


def _first_scales(scores: pd.DataFrame) -> pd.DataFrame:
    """Of each model its scale of lowest rates, as the experiment's ``scales: first`` has it."""
    ordered = scores.sort_values(["audio_rate", "video_rate"], kind="stable")
    same = ["corpus", "task", "method", "variant", "condition"]
    return ordered.drop_duplicates(same)


def _lines(scores: pd.DataFrame) -> Iterator[tuple[str, str, Look, pd.DataFrame]]:
    """Task, name, look and rows of every line."""
    models = methods_of(scores)
    for task, (name, look) in TASK_LOOKS.items():
        own = scores[scores.task == task]
        present = set(zip(own.method, own.variant, strict=True))
        for number, model in enumerate(one for one in models if one in present):
            rows = own[(own.method == model[0]) & (own.variant == model[1])]
            scale = scale_label(rows.audio_rate.iloc[0], rows.video_rate.iloc[0])
            called = label(*model)
            if len({method for method, _ in models}) == 1:  # what all are called tells nothing
                called = called.removeprefix(label(model[0])).strip(", ")
            called = f", {called}" if called else ""
            drawn = varied(replace(look, line="-"), number)
            yield task, f"{name} {scale}{called}", drawn, rows


def _draw(axes: Axes, panel: Panel, scores: pd.DataFrame) -> None:
    lines = list(_lines(scores))
    found = [[panel.place(name, task) for name in rows.condition] for task, *_, rows in lines]
    numbers = sorted({x for places in found for x in places if isinstance(x, float)})
    # Of another corpus there may be nothing; a fault of the video begins at 0, where it is none.
    if not (any(numbers) if panel.heard else numbers):
        axes.set_axis_off()
        return
    words = {x for places in found for x in places if isinstance(x, str)}
    step = (numbers[-1] - numbers[0]) / 3 or 5.0
    ends = {"clean": numbers[-1] + step, "none": numbers[0] - step}
    if panel.heard is not None:
        ends["none"] = numbers[-1] + step
    for (task, name, look, rows), places in zip(lines, found, strict=True):
        if panel.flat(task) is None and not any(panel.is_inner(place) for place in places):
            continue  # between the ends, which all panels share, nothing was measured
        x = [ends[place] if isinstance(place, str) else place for place in places]
        drawn = rows.assign(x=x).dropna(subset="x")
        if (flat := panel.flat(task)) is not None:
            same = rows[rows.condition == flat]
            reached = [*numbers, *(ends[word] for word in sorted(words))]
            drawn = pd.concat([same.assign(x=x) for x in (min(reached), max(reached))])
        drawn = drawn.astype({"x": float}).sort_values("x")
        if len(drawn) > 1:
            axes.errorbar(
                drawn.x,
                drawn.wer,
                yerr=errors(drawn),
                color=look.colour,
                ls=look.line,
                **look.mark,
                elinewidth=0.8,
                label=name,
            )
    ticks = {x: f"{x:g}" for x in numbers} | {ends[word]: word for word in words}
    axes.set_xticks(list(ticks), list(ticks.values()))
    axes.set_xlabel(panel.axis)
