"""Hypothesis files as pages show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mavsr.config.scoring import ScoringSettings
from mavsr.evaluation.hypotheses import read_hypotheses
from mavsr.evaluation.units import Unit, counted_unit, text_form
from mavsr.model.scales import Scale
from mavsr.report.names import label, scale_label
from mavsr.report.pages.transcripts import Attempt, attempt


@dataclass(frozen=True)
class Decoded:
    """One model at one scale under one condition."""

    model: str
    """Name of its folder."""
    method: str
    name: str
    """Of its method in print."""
    about: dict[str, str]
    """``task``, ``compression``, ``encoders``, ``llm``, ``seed`` and ``trained on``."""
    corpus: str
    condition: str
    audio_rate: int | None
    video_rate: int | None
    attempts: dict[str, Attempt]
    """Key -> what it made of an utterance."""
    tflops: float
    """Of the LLM per utterance, mean."""
    unit: Unit = "word"
    """What is counted."""

    @property
    def rates(self) -> str:
        """As in print, such as ``(4,2)``."""
        return scale_label(self.audio_rate, self.video_rate)

    @property
    def wer(self) -> float:
        """Word error rate in %."""
        aligned = [one.alignment for one in self.attempts.values()]
        return 100 * sum(a.errors for a in aligned) / sum(len(a.cells) for a in aligned)


def read_decoded(path: Path, scoring: ScoringSettings) -> Decoded:
    """Read ``.../<model>/<condition>/<scale>.jsonl`` and compare it with its references.

    Args:
        path: the hypotheses.
        scoring: how words are counted.

    Raises:
        InputError: the file or its sidecar is missing or damaged.
    """
    content = read_hypotheses(path)
    unit = counted_unit(scoring, content.references.values())
    form = text_form(scoring, unit)
    sidecar = content.sidecar
    model, origin = sidecar["model"], sidecar["origin"]
    rates = scale_label(sidecar["audio_rate"], sidecar["video_rate"])
    each = sidecar["tflops"] / sidecar["tokens"]
    attempts = {
        key: attempt(
            rates,
            reference,
            content.texts[key],
            form,
            content.found.get(key),
            tokens := content.tokens.get(key),
            None if tokens is None else each * tokens,
        )
        for key, reference in sorted(content.references.items())
    }
    return Decoded(
        path.parent.parent.name,
        model["method"],
        label(model["method"], origin.get("variant", "")),
        {
            "task": Scale(sidecar["audio_rate"], sidecar["video_rate"]).task,
            **{name: str(model[name]) for name in ("compression", "seed")},
            **{name: origin[name] for name in ("encoders", "llm")},
            "trained on": origin.get("trained_on", origin["corpus"]) or "other data",
        },
        origin["corpus"],
        sidecar["condition"],
        sidecar["audio_rate"],
        sidecar["video_rate"],
        attempts,
        sidecar["tflops"],
        unit,
    )


def by_condition(decoded: Sequence[Decoded]) -> dict[str, list[Decoded]]:
    """Condition -> what was decoded under it, clean first, the dearest scale first."""
    found: dict[str, list[Decoded]] = {}
    for one in sorted(
        decoded, key=lambda one: (one.condition != "clean", one.condition, -one.tflops)
    ):
        found.setdefault(one.condition, []).append(one)
    return found
