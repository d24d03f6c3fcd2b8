import json

import jiwer
import numpy as np
import pytest

from mavsr.errors import InputError
from mavsr.evaluation.score import WordErrors, count_errors, score_file


@pytest.mark.parametrize(
    ("reference", "hypothesis", "errors"),
    [
        ("a b c", "a b c", 0),
        ("a b c", "a x c", 1),
        ("a b c", "a c", 1),
        ("a b c", "a b b c", 1),
        ("a b c", "", 3),
        ("a", "b c d", 3),
        ("a b c", "c a b", 2),
        ("A  b\tC", " a B c ", 0),
        ("don't", "dont", 1),
        ("a b", "ab", 2),
    ],
)
def test_cases_counted_by_hand(reference, hypothesis, errors):
    result = count_errors([reference], [hypothesis])
    assert result.errors.tolist() == [errors]
    assert result.words.tolist() == [len(reference.split())]


def made_up(count, seed=0):
    draw = np.random.default_rng(seed)
    words = np.array(list("abcde"))
    texts = [" ".join(draw.choice(words, draw.integers(1, 9))) for _ in range(2 * count)]
    return texts[:count], texts[count:]


def test_the_corpus_level_rate_is_jiwers():
    references, hypotheses = made_up(200)
    result = count_errors(references, hypotheses)
    assert result.wer == pytest.approx(100 * jiwer.wer(references, hypotheses))
    assert result.wer != pytest.approx(100 * np.mean(result.errors / result.words), abs=0.1)


def test_the_interval_is_seeded_and_contains_the_estimate():
    result = count_errors(*made_up(300))
    low, high = result.interval()
    assert (low, high) == result.interval(seed=0)
    assert (low, high) != result.interval(seed=1)
    assert low < result.wer < high


def test_the_interval_shrinks_with_the_root_of_the_test_set():
    widths = []
    for count in (100, 1600):
        low, high = count_errors(*made_up(count)).interval()
        widths.append(high - low)
    assert 2.5 < widths[0] / widths[1] < 6


def test_the_interval_resamples_utterances_not_words():
    clustered = WordErrors(np.array([10] * 10 + [0] * 90), np.full(100, 10))
    spread = WordErrors(np.ones(100, int), np.full(100, 10))
    assert clustered.wer == spread.wer == 10
    assert spread.interval() == (10, 10)
    low, high = clustered.interval()
    assert 3 < low < 6
    assert 14 < high < 18


def line(key="k", reference="a b", hypothesis="a"):
    return json.dumps(
        {"key": key, "reference": reference, "hypothesis": hypothesis}, ensure_ascii=False
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([line(), line("other", " ")], "a reference is empty"),
        ([line(), line()], "k occurs twice"),
        ([line(), '{"key": "x", "refer'], "line 2: not a hypothesis"),
        ([line(), '{"key": "x", "reference": "a"}'], "line 2: not a hypothesis"),
        ([line(), '["x", "a", "b"]'], "line 2: not a hypothesis"),
        ([line(), '{"key": "x", "reference": null, "hypothesis": "a"}'], "line 2: not a hypoth"),
        ([line(), '{"key": ["x"], "reference": "a", "hypothesis": "a"}'], "line 2: not a hypoth"),
        ([], "holds no hypothesis"),
    ],
)
def test_files_that_cannot_be_scored_are_named(tmp_path, content, message):
    path = tmp_path / "a4_v2.jsonl"
    path.write_text("".join(f"{text}\n" for text in content))
    with pytest.raises(InputError, match=message) as caught:
        score_file(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"gone.jsonl"):
        score_file(tmp_path / "gone.jsonl")


@pytest.mark.parametrize("odd", ["\u2028", "\x85", "\x0b", "\x1c", "\r", "\n"])
def test_no_character_of_a_hypothesis_ends_its_line(tmp_path, odd):
    path = tmp_path / "a4_v2.jsonl"
    path.write_text(line(hypothesis=f"a{odd}b") + "\n" + line("other") + "\n", encoding="utf-8")
    assert score_file(path).errors.tolist() == [0, 1]
