import numpy as np
import pytest

from mavsr.errors import InputError
from mavsr.toy.portrait.face import make_face
from mavsr.toy.portrait.mouth import draw_mouth
from mavsr.toy.portrait.sentences import GRAMMAR
from mavsr.toy.portrait.speakers import ACCENTS, VARIANTS, draw_speaker
from mavsr.toy.portrait.speech import Span, speak
from mavsr.toy.portrait.visemes import PARAMETERS, PHONEMES, mouth_shapes

SENTENCES = [
    tuple(slot[index % len(slot)] for slot in GRAMMAR) for index in range(max(map(len, GRAMMAR)))
]


@pytest.mark.parametrize("accent", ACCENTS)
def test_every_phoneme_of_the_vocabulary_has_a_mouth_shape(accent: str) -> None:
    assert {word for sentence in SENTENCES for word in sentence} == set().union(*GRAMMAR)
    heard = set()
    for sentence in SENTENCES:
        heard |= {p.name for p in speak(sentence, f"{accent}+m1", 130, 50, 0).phonemes}
    assert heard <= set(PHONEMES)
    assert len(heard) > 35


def test_variants_exist_and_sound_different() -> None:
    sounds = [speak(("bin",), f"gmw/en+{name}", 130, 50, 0).audio for name in VARIANTS]
    assert len({sound.tobytes() for sound in sounds}) == len(VARIANTS)


def test_speech_is_a_function_of_its_arguments() -> None:
    arguments = (("set", "blue", "at", "a", "six", "now"), "gmw/en-US+f3", 130, 50, 7)
    first = speak(*arguments)
    speak(("place",), "gmw/en+m2", 150, 40, 1)
    again = speak(*arguments)
    np.testing.assert_array_equal(first.audio, again.audio)
    assert first.words == again.words
    assert first.phonemes == again.phonemes


def test_a_word_begins_with_its_first_phoneme() -> None:
    speech = speak(("bin", "blue", "by", "b", "two", "please"), "gmw/en+f1", 130, 50, 0)
    starts = {phoneme.start: phoneme.name for phoneme in speech.phonemes}
    assert [starts[word.start] for word in speech.words] == ["b", "b", "b", "b", "t", "p"]
    names = [phoneme.name for phoneme in speech.phonemes]
    assert names[:3] == ["b", "I", "n"]


def test_the_letter_a_is_spelled() -> None:
    speech = speak(("a", "zero"), "gmw/en+m1", 130, 50, 0)
    assert speech.phonemes[0].name == "eI"
    assert [word.name for word in speech.words] == ["a", "zero"]


def test_unknown_voice() -> None:
    with pytest.raises(InputError, match="no voice 'gmw/xx'"):
        speak(("bin",), "gmw/xx", 130, 50, 0)


def test_unknown_phoneme() -> None:
    with pytest.raises(InputError, match="'Q9' has no mouth shape"):
        mouth_shapes([Span("Q9", 0, 1)], np.zeros(1))


def test_coarticulation_rounds_a_tongue_consonant_before_u() -> None:
    width = list(PARAMETERS).index("width")

    def at(vowel: str) -> float:
        phonemes = [Span("t", 0.0, 0.08), Span(vowel, 0.08, 0.3)]
        return float(mouth_shapes(phonemes, np.array([0.06]))[0, width])

    assert at("u:") < at("i:") - 0.1


@pytest.mark.parametrize("number", [0, 1])
def test_mouth_shapes_look_different(number: int) -> None:
    face = make_face(draw_speaker(0, number, test=False))
    x, y = (round(value) for value in face.mouth)
    reach = round(face.half_width * 1.2)
    crops = {}
    for name in ("p", "f", "T", "t", "s", "l", "S", "w", "A:", "i:", "_"):
        shape = mouth_shapes([Span(name, -1, 1)], np.zeros(1))[0]
        image = draw_mouth(face, shape).astype(float).mean(-1)
        crops[name] = image[y - reach : y + reach, x - reach : x + reach]
        assert (image[: round(face.nose_y - face.half_width)] == face.image[
            : round(face.nose_y - face.half_width)
        ].astype(float).mean(-1)).all()  # fmt: skip
    names = list(crops)
    distance = {(a, b): abs(crops[a] - crops[b]).mean() for a in names for b in names if a < b}
    closest = min(distance, key=distance.__getitem__)
    assert distance[closest] > 1.0, closest
