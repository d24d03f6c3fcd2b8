"""Words or characters: which are counted, and that a reader is told where it matters."""

import pytest

from mavsr.config.scoring import ScoringSettings
from mavsr.evaluation import units
from mavsr.evaluation.units import characters, counted_unit, counting, unit_of
from mavsr.evaluation.word_errors import count_errors


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("bin blue at f two now", "word"),
        ("今天天气很好", "character"),
        ("今日は天気がいいです", "character"),
        ("วันนี้อากาศดี", "character"),
        ("रात में बारिश", "word"),
        ("오늘 날씨가 좋다", "word"),
        ("我用 python", "word"),
        ("", "word"),
        # Signs of vowels and tones are no letters: 12 of 35 letters are Thai.
        ("what is the name of this food " + "ที่นี่" * 6, "word"),
    ],
)
def test_scripts_without_spaces_are_counted_by_character(text, unit):
    assert unit_of([text]) == unit
    assert counted_unit(ScoringSettings(), [text]) == unit


def rate(said, heard, **scoring):
    form = counting(ScoringSettings(**scoring), [said])
    return count_errors({"k": said}, {"k": heard}, form).wer


def test_one_wrong_character_is_not_a_wrong_sentence():
    assert rate("今天天气很好", "今天天氣很好") == pytest.approx(100 / 6)
    assert rate("今天天气很好", "今天天氣很好", unit="word") == 100
    assert rate("bin blue", "bin blew") == 50
    assert rate("bin blue", "bin blew", unit="character") == pytest.approx(200 / 7)


def test_spaces_do_not_count_among_characters_and_marks_stay_with_their_letters():
    assert rate("今天 天气", "今天天气") == 0
    assert characters("बारिश") == "बा रि श"
    assert characters("a b\tc") == "a b c"
    assert characters("") == ""


@pytest.mark.parametrize(
    ("unit", "text", "said"),
    [
        ("auto", "今天天气", "characters are counted in place of words"),
        ("word", "今天天气", "a sentence with one error counts as wrong whole"),
        ("character", "今天天气", None),
        ("auto", "bin blue", None),
    ],
)
def test_a_reader_is_warned_where_it_matters(unit, text, said, caplog):
    units._warn_once.cache_clear()
    for _ in range(3):
        counted_unit(ScoringSettings(unit=unit), [text])
    assert caplog.text.count(said) == 1 if said else not caplog.text
