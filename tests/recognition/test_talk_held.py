"""What a stopped call kept is gone on with by the same model alone, its LLM held alike."""

import pytest

import mavsr
from mavsr.model.scales import Scale
from mavsr.recognition.recogniser import Recogniser
from mavsr.recognition.segment import NOTHING, Segment
from mavsr.recognition.spans import Plan, Span
from mavsr.recognition.talk import transcribe_talk

SPANS = [Span(n, n + 1, n, n + 1) for n in range(3)]


def test_an_llm_that_is_held_otherwise_begins_anew(train, place, tmp_path, monkeypatch):
    left = []

    def segments(_, file, spans, *rest):
        left.append(len(spans))
        yield Segment(spans[0].start, spans[0].end, {"a2_v1": NOTHING})
        raise KeyboardInterrupt

    monkeypatch.setattr(Recogniser, "plan", lambda *_: Plan(SPANS, 3.0, True))
    monkeypatch.setattr(Recogniser, "segments", segments)
    folder, output = train(), tmp_path / "talk.srt"
    for quantization in (None, "none", "nf4"):
        model = mavsr.load(folder, quantization=quantization)
        with pytest.raises(KeyboardInterrupt):
            transcribe_talk(model, place / "three.mp4", [Scale(2, 1)], output=output)
    assert left == [3, 2, 3]
