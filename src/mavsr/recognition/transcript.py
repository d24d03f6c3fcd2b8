"""What ``model.transcribe`` gives: the text of a recording, with the utterances it was made of."""

from collections.abc import Iterable

from mavsr.recognition.segment import Segment, total
from mavsr.recognition.show import page


class Transcript(str):
    """A recording's text at the first of its scales: a ``str`` that knows where it comes from.

    In a notebook it shows a table of scales and a strip of mouth crops.

    Attributes:
        segments: the utterances, in order.
        scales: names of the scales, the first being the text's own.

    """

    segments: tuple[Segment, ...]
    scales: tuple[str, ...]

    def __new__(cls, segments: Iterable[Segment], scales: Iterable[str]) -> "Transcript":
        """Join the texts of ``segments`` at the first of ``scales``."""
        segments, scales = tuple(segments), tuple(scales)
        texts = (segment.readings[scales[0]].text for segment in segments)
        made = super().__new__(cls, " ".join(text for text in texts if text))
        made.segments, made.scales = segments, scales
        return made

    def at(self, scale: str) -> "Transcript":
        """The text at another of :attr:`scales`."""
        return Transcript(self.segments, [scale, *(s for s in self.scales if s != scale)])

    def costs(self) -> dict[str, dict[str, float]]:
        """Scale -> ``tokens``, ``tflops`` and ``seconds`` of all segments together."""
        return {scale: total(self.segments, scale) for scale in self.scales}

    def _repr_html_(self) -> str:
        return page(self.segments, self.scales)
