"""Command: a page per test clip with sliders for rates (``python -m mavsr.report.pages.clips``).

The idea of the papers, to be seen: one clip, one model, and what the transcript costs and becomes
when the LLM reads fewer tokens.
"""

import logging
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mavsr.command import progress, run_command
from mavsr.config.scoring import ScoringSettings
from mavsr.corpus.manifest import read_manifest
from mavsr.errors import InputError
from mavsr.files import atomic
from mavsr.media import decode_audio, decode_video, video_frames
from mavsr.report.names import flops_unit, rank
from mavsr.report.page import page, paragraph, tag
from mavsr.report.pages.decoded import Decoded, read_decoded
from mavsr.report.pages.media import Clips, data_url, player_video
from mavsr.report.pages.slider import SCRIPT, SLIDER_STYLE, Choice, slider
from mavsr.report.pages.transcripts import LEGEND, STYLE

COLUMNS = 6
"""Models that have a column each in the list of clips; of more it shows what all made of a clip."""
BACK = '<p><a href="index.html">all clips</a></p>'


def clips(
    hypotheses: list[Path],
    manifest: Path,
    shards: list[Path],
    output: Path,
    scoring: ScoringSettings,
    count: int,
) -> None:
    """Write the folder ``output``: ``index.html``, and ``<key>.html`` for each clip.

    Args:
        hypotheses: of clean clips of one split, ``.../<model>/clean/<scale>.jsonl``.
        manifest: of the split.
        shards: its shards of crops and audio.
        output: the folder.
        scoring: how words are counted.
        count: clips that get a page, at most: evenly over their sorted keys.

    Raises:
        InputError: something is missing or damaged.
    """
    decoded = [read_decoded(path, scoring) for path in hypotheses]
    if not decoded:
        raise InputError(
            "no model was decoded on clean clips; add condition clean to an experiment"
        )
    rows, media = read_manifest(manifest).set_index("key"), Clips(shards)
    keys = evenly(sorted(decoded[0].attempts), count)
    models = by_model(decoded)
    flops = flops_unit(max(one.tflops for one in decoded))
    with atomic(output) as partial:
        partial.mkdir()
        for key in progress(keys, len(keys), "pages of clips"):
            row = rows.loc[key]
            about = f"{row.speaker}, {row.duration_s:.1f} s"
            sections = [
                BACK,
                _players(key, row, media),
                slider(choices(models, key), flops),
                LEGEND,
            ]
            text = page(key, paragraph(about), *sections, SCRIPT, style=STYLE + SLIDER_STYLE)
            (partial / f"{key}.html").write_text(text, encoding="utf-8")
        index = page("Test clips", *_index(keys, rows, models), style=STYLE)
        (partial / "index.html").write_text(index, encoding="utf-8")


def evenly(keys: Sequence[str], count: int) -> list[str]:
    """``count`` of some keys, or all if there are fewer, at equal distances."""
    places = np.linspace(0, len(keys) - 1, min(count, len(keys))).round().astype(int)
    return [keys[place] for place in places]


def by_model(decoded: Sequence[Decoded]) -> dict[str, list[Decoded]]:
    """What a model is called on a page -> its scales; models of one scale go together.

    So Llama-AVSR, a model per scale, is moved through by one slider as the others are. What tells
    no models apart (a common LLM, encoders that follow from the task) is left out of the names.
    """
    telling = list(decoded[0].about)
    for name in reversed(telling):
        fewer = [other for other in telling if other != name]
        if _different(decoded, fewer) == _different(decoded, telling):
            telling = fewer
    found: dict[str, list[Decoded]] = {}
    for one in decoded:
        words = [one.name, *(f"{name} {one.about[name]}" for name in telling)]
        found.setdefault(", ".join(words), []).append(one)
    return {
        name: _once(same)
        for name, same in sorted(found.items(), key=lambda item: _order(item[1][0]))
    }


def _different(decoded: Sequence[Decoded], telling: Sequence[str]) -> int:
    """How many names there are if these properties stand in them."""
    return len({(one.name, *(one.about[name] for name in telling)) for one in decoded})


def _order(one: Decoded) -> tuple[Any, ...]:
    return one.about["task"] != "avsr", one.about["task"], rank(one.method), one.model


def _once(same: Sequence[Decoded]) -> list[Decoded]:
    """A model per scale: of several that were trained at other rates, the one of most scales."""
    models = [one.model for one in same]
    best: dict[str, Decoded] = {}
    for one in same:
        other = best.get(one.rates)
        if other is None or models.count(one.model) > models.count(other.model):
            best[one.rates] = one
    return sorted(best.values(), key=lambda one: (one.audio_rate or 0, one.video_rate or 0))


def choices(models: Mapping[str, Sequence[Decoded]], key: str) -> dict[str, list[Choice]]:
    """Name of a model -> what it made of a clip at each of its scales."""
    return {
        name: [Choice(one.audio_rate, one.video_rate, one.attempts[key]) for one in same]
        for name, same in models.items()
    }


def _players(key: str, row: Any, media: Clips) -> str:
    """Video with audio, crops, and the audio alone."""
    crops, flac = decode_video(media.field(key, "mkv")), media.field(key, "flac")
    parts = []
    try:
        whole = player_video(video_frames(Path(row.video), row.start, row.end), decode_audio(flac))
        player = tag("video", controls=True, loop=True, id="whole", src=whole)
        parts.append(_figure(player, "video and audio"))
    except InputError as error:
        # Whoever has crops and features of another user may lack the videos.
        logging.warning("%s: without its video: %s", key, error)
    small: Any = {"muted": True, "loop": True, "controls": True, "id": "crops", "height": 192}
    player = tag("video", src=player_video(iter(crops)), **small)
    parts.append(_figure(player, "mouth crops: what the video encoder sees"))
    player = tag("audio", controls=True, preload="none", src=data_url(flac, "audio/flac"))
    parts.append(_figure(player, "audio: what the audio encoder hears"))
    return tag("div", *parts, class_="players")


def _figure(content: str, caption: str) -> str:
    return tag("figure", content, tag("figcaption", escape(caption)))


def _index(
    keys: Sequence[str], rows: pd.DataFrame, models: Mapping[str, Sequence[Decoded]]
) -> list[str]:
    """The list of clips: reference, and errors of each model, or of all if there are many."""
    several = len(models) > COLUMNS
    head = ["clip", "seconds", "reference", *(["wrong"] if several else models)]
    lines = []
    for key in keys:
        cells = [
            tag("a", escape(key), href=f"{key}.html"),
            f"{rows.duration_s[key]:.1f}",
            escape(rows.text[key]),
        ]
        made = [[one.attempts[key].alignment for one in same] for same in models.values()]
        if several:
            wrong = sum(found.errors for each in made for found in each)
            of = sum(len(found.cells) for each in made for found in each)
            cells.append(f"{100 * wrong / of:.0f} %")
        else:
            cells += ["/".join(str(found.errors) for found in each) for each in made]
        lines.append(tag("tr", *(tag("td", cell) for cell in cells)))
    heads = tag("tr", *(tag("th", escape(name)) for name in head))
    table = tag("table", tag("thead", heads), tag("tbody", *lines))
    rates = {name: "/".join(one.rates for one in same) for name, same in models.items()}
    told = "; ".join(f"{name} at {shown}" for name, shown in rates.items())
    errors = "words taken for others, missed or said by nobody"
    if several:
        said = f"Wrong: {errors}, over all {len(models)} models at all their rates."
        listed = tag("details", tag("summary", "the models"), paragraph(f"{told}."))
        return [paragraph(said), listed, tag("div", table, class_="wide")]
    return [paragraph(f"Errors ({errors}) of {told}."), tag("div", table, class_="wide")]


if __name__ == "__main__":
    run_command(clips)
