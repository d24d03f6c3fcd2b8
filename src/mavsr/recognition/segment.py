"""An utterance of a recording, and what it says at each scale."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mavsr.model.scales import Scale


@dataclass(frozen=True)
class Reading:
    """An utterance at one scale.

    Attributes:
        text: what is said.
        confidence: see :class:`mavsr.evaluation.transcribe.Hypothesis`.
        tokens: of the LLM before the transcript, counted as the paper does.
        tflops: what the LLM computes for these, likewise (:mod:`mavsr.model.cost`).
        seconds: of decoding; a batch's are shared evenly.
        words: confidence of each word of the text, likewise.
        scale: name of the scale that was decoded, which takes less where a modality is missing
            (:mod:`mavsr.recognition.served`); empty if there was nothing that the scale takes.

    """

    text: str
    confidence: float
    tokens: int
    tflops: float
    seconds: float
    words: tuple[float, ...] = ()
    scale: str = ""


NOTHING = Reading("", 0.0, 0, 0.0, 0.0)
"""Of a part that has nothing that the scale takes."""


@dataclass(frozen=True)
class Segment:
    """An utterance.

    Attributes:
        start: where it begins in the file, seconds.
        end: where it ends.
        readings: scale -> what it says, in the order in which scales were asked for.
        heard: whether the model heard it.
        seen: whether the model saw whoever speaks.
        people: faces that are seen at once, most of the time.
        remarks: what is doubtful, in words.
        crops: some mouth crops, evenly spaced, as JPEG; none for those that were read from a file.

    """

    start: float
    end: float
    readings: Mapping[str, Reading]
    heard: bool = True
    seen: bool = True
    people: int = 0
    remarks: tuple[str, ...] = ()
    crops: tuple[bytes, ...] = field(default=(), repr=False, compare=False)

    def as_dict(self) -> dict[str, Any]:
        """All but the crops, for JSON; the inverse of :meth:`from_dict`."""
        return {
            "start": round(self.start, 3),
            "end": round(self.end, 3),
            "heard": self.heard,
            "seen": self.seen,
            "people": self.people,
            "remarks": list(self.remarks),
            "scales": {scale: _described(one) for scale, one in self.readings.items()},
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "Segment":
        """The segment that :meth:`as_dict` described."""
        readings = {
            scale: Reading(**{**one, "words": tuple(word["confidence"] for word in one["words"])})
            for scale, one in content["scales"].items()
        }
        rest = {key: value for key, value in content.items() if key not in ("scales", "key")}
        return cls(**{**rest, "readings": readings, "remarks": tuple(rest["remarks"])})


def _described(reading: Reading) -> dict[str, Any]:
    sure = zip(reading.text.split(), reading.words, strict=True)
    return {
        "text": reading.text,
        "scale": reading.scale,
        "confidence": round(reading.confidence, 4),
        "words": [{"word": word, "confidence": round(value, 4)} for word, value in sure],
        "tokens": reading.tokens,
        "tflops": reading.tflops,
        "seconds": round(reading.seconds, 4),
    }


def total(segments: Iterable[Segment], scale: str) -> dict[str, float]:
    """``tokens``, ``tflops`` and ``seconds`` of some segments at a scale, summed."""
    readings = [segment.readings[scale] for segment in segments]
    return {
        "tokens": sum(reading.tokens for reading in readings),
        "tflops": sum(reading.tflops for reading in readings),
        "seconds": sum(reading.seconds for reading in readings),
    }


def only(segment: Segment, scales: Iterable[Scale]) -> Segment:
    """A segment with the readings of some of its scales."""
    return replace(segment, readings={s.name: segment.readings[s.name] for s in scales})
