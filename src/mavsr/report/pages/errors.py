"""Command: a page of what a model got most wrong (``python -m mavsr.report.pages.errors``)."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from mavsr.command import run_command
from mavsr.config.scoring import ScoringSettings
from mavsr.corpus.manifest import read_manifest
from mavsr.errors import InputError
from mavsr.evaluation.units import RATE_NAMES
from mavsr.files import atomic
from mavsr.noise.condition import cached_as
from mavsr.report.names import flops_unit
from mavsr.report.page import heading, page, paragraph, tag
from mavsr.report.pages.decoded import Decoded, by_condition, read_decoded
from mavsr.report.pages.media import Clips, crop_strip, data_url
from mavsr.report.pages.transcripts import LEGEND, STYLE, Attempt, nbest_list, words_table


def errors(
    hypotheses: list[Path],
    manifest: Path,
    shards: list[Path],
    output: Path,
    scoring: ScoringSettings,
    worst: int,
    noisy: list[Path] | None = None,
) -> None:
    """Write ``output``, one HTML page that needs nothing beside it.

    For every condition the utterances with most errors over all scales: each scale's words under
    those that were said, the n best transcripts, mouth crops, and the audio of that condition.

    Args:
        hypotheses: of one model, ``.../<model>/<condition>/<scale>.jsonl``.
        manifest: of the split.
        shards: its shards of crops and audio.
        output: the page.
        scoring: how words are counted.
        worst: utterances that are shown for each condition, at most.
        noisy: shards of noisy audio, ``.../<condition>/<shard>.tar``.

    Raises:
        InputError: something is missing or damaged, or hypotheses are of several models.
    """
    decoded = [read_decoded(path, scoring) for path in hypotheses]
    if len(models := {one.model for one in decoded}) != 1:
        raise InputError(f"a page of errors is of one model, not of {', '.join(sorted(models))}")
    rows = read_manifest(manifest).set_index("key")
    crops, heard = Clips(shards), _heard(noisy or [])
    sections = [LEGEND]
    for condition, found in by_condition(decoded).items():
        sections.append(heading(f"Condition {condition}"))
        sections.append(paragraph(_summary(found, worst)))
        flops = flops_unit(max(one.tflops for one in found))
        audio = heard.get(cached_as(condition, "audio"), crops)
        for key in most_errors(found, worst):
            attempts = [one.attempts[key] for one in found]
            about = f"{rows.speaker[key]}, {rows.duration_s[key]:.1f} s"
            said = [cell.said for cell in attempts[0].alignment.cells]
            table = words_table(said, attempts, flops)
            sections.append(_card(key, about, crops, audio, table, attempts))
    title = f"{found[0].name}: the most errors"
    with atomic(output) as partial:
        about = f"{models.pop()}, tested on {found[0].corpus}"
        text = page(title, paragraph(about), *sections, style=STYLE)
        partial.write_text(text, encoding="utf-8")


def most_errors(found: Sequence[Decoded], count: int) -> list[str]:
    """Keys with any error, those with most errors per word over all scales first, then by name."""

    def rate(key: str) -> float:
        attempts = [one.attempts[key] for one in found]
        return sum(a.alignment.errors for a in attempts) / len(attempts[0].alignment.cells)

    keys = sorted(found[0].attempts, key=lambda key: (-rate(key), key))
    return [key for key in keys[:count] if rate(key) > 0]


def _summary(found: Sequence[Decoded], worst: int) -> str:
    total = len(found[0].attempts)
    right = sum(
        all(not one.attempts[key].alignment.errors for one in found) for key in found[0].attempts
    )
    shown = len(most_errors(found, worst))
    rates = ", ".join(f"{one.wer:.1f} % at {one.rates}" for one in found)
    unit = found[0].unit
    return (
        f"{RATE_NAMES[unit]} {rates}. Of {total} utterances {right} are right at every scale; the "
        f"{shown} with most errors per {unit} over all scales follow. S+D+I are {unit}s taken for "
        "others, missed, and said by nobody; p is the probability that the model gave its "
        "transcript."
    )


def _heard(noisy: Sequence[Path]) -> Mapping[str, Clips]:
    """Condition -> its audio."""
    places: dict[str, list[Path]] = {}
    for path in noisy:
        places.setdefault(path.parent.name, []).append(path)
    return {condition: Clips(paths) for condition, paths in places.items()}


def _card(
    key: str, about: str, crops: Clips, audio: Clips, table: str, attempts: Sequence[Attempt]
) -> str:
    strip = crop_strip(crops.field(key, "mkv"))
    sound = data_url(audio.field(key, "flac"), "audio/flac")
    picture = tag("img", src=strip, height=96, alt="mouth crops from the first to the last frame")
    return tag(
        "section",
        tag("h3", f"{escape(key)} ", tag("small", escape(about))),
        tag("div", picture, class_="wide"),
        tag("audio", controls=True, preload="none", src=sound),
        table,
        *map(nbest_list, attempts),
    )


if __name__ == "__main__":
    run_command(errors)
