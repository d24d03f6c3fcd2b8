import dataclasses

import jiwer
import numpy as np
import pytest
import scipy.stats
from transformers.models.whisper.english_normalizer import BasicTextNormalizer

from mavsr.errors import InputError
from mavsr.evaluation.clusters import by_utterance, p_value
from mavsr.evaluation.normalisers import NORMALISERS, normaliser
from mavsr.evaluation.word_errors import WordErrors, count_errors


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
    result = count_errors({"k": reference}, {"k": hypothesis})
    assert result.errors.tolist() == [errors]
    assert result.words.tolist() == [len(reference.split())]


def made_up(count, seed=0):
    draw = np.random.default_rng(seed)
    words = np.array(list("abcde"))
    texts = [" ".join(draw.choice(words, draw.integers(1, 9))) for _ in range(2 * count)]
    keys = [f"clip{n}" for n in range(count)]
    return dict(zip(keys, texts, strict=False)), dict(zip(keys, texts[count:], strict=True))


def test_the_corpus_level_rate_is_jiwers():
    references, hypotheses = made_up(200)
    result = count_errors(references, hypotheses)
    assert result.wer == pytest.approx(
        100 * jiwer.wer([*references.values()], [*hypotheses.values()])
    )
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


def system(errors):
    count, none = len(errors), np.zeros(len(errors), int)
    keys = tuple(f"clip{n}" for n in range(count))
    return WordErrors(keys, np.array(errors), none, none, np.full(count, 10))


def paired(one, other):
    return p_value([by_utterance(one)], [by_utterance(other)])


def test_the_interval_resamples_utterances_not_words():
    clustered = system([10] * 10 + [0] * 90)
    spread = system([1] * 100)
    assert clustered.wer == spread.wer == 10
    assert spread.interval() == (10, 10)
    low, high = clustered.interval()
    assert 3 < low < 6
    assert 14 < high < 18


def test_kinds_of_errors_are_told_apart():
    found = count_errors({"a": "one two three", "b": "four"}, {"a": "one too", "b": "four five"})
    assert found.substitutions.tolist() == [1, 0]
    assert found.deletions.tolist() == [1, 0]
    assert found.insertions.tolist() == [0, 1]
    assert found.keys == ("a", "b")


def test_a_paired_difference_is_seen_where_intervals_overlap():
    hard = np.random.default_rng(0).integers(0, 10, 300)
    better = system(hard)
    worse = system(np.minimum(hard + (np.arange(300) % 5 == 0), 10))
    assert better.interval()[1] > worse.interval()[0]
    assert paired(worse, better) == paired(better, worse) < 0.01
    assert paired(better, better) == 1


def test_chance_is_rarely_taken_for_a_difference():
    draw = np.random.default_rng(1)
    found = [
        paired(system(draw.integers(0, 4, 80)), system(draw.integers(0, 4, 80))) for _ in range(100)
    ]
    assert sum(p < 0.05 for p in found) <= 12
    assert sum(p < 0.5 for p in found) > 30


def test_the_order_of_utterances_is_nothing_to_a_comparison():
    one, other = system([0, 3, 1, 0, 2] * 9), system([1, 3, 0, 0, 4] * 9)
    turned = dataclasses.replace(
        other,
        keys=other.keys[::-1],
        substitutions=other.substitutions[::-1],
        words=other.words[::-1],
    )
    assert paired(one, other) == paired(one, turned) < 1


def test_systems_on_other_utterances_are_not_compared():
    with pytest.raises(InputError, match="clip2 was not transcribed by all"):
        paired(system([1, 1, 1]), system([1, 1]))
    with pytest.raises(InputError, match="utterance b does not have both"):
        count_errors({"a": "one", "b": "two"}, {"a": "one"})


@pytest.mark.parametrize(
    ("name", "reference", "hypothesis", "errors"),
    [
        ("none", "It's ten, now", "its ten now", 2),
        ("punctuation", "It's ten, now", "its ten now", 0),
        ("whisper-basic", "It's ten, now", "it s ten now", 0),
        ("whisper-basic", "Ten [noise] now", "ten now", 0),
        ("punctuation", "a ten-year wait—no, two/three", "a ten year wait no two three", 0),
        ("punctuation", "a tenyear wait", "a ten-year wait", 2),
        ("punctuation", "The U.S. has 1,000 «friends»", "the us has 1000 friends", 0),
        ("punctuation", "3.5 or 2,5 of v1.10", "35 or 25 of v110", 3),
        ("punctuation", "1,000,000 or 1.000", "1000000 or 1000", 0),
        ("punctuation", "50% of R&D", "50 of r d", 2),
        ("punctuation", "50 % of R & D.", "50% of r&d", 0),
        ("punctuation", "रात में बारिश।", "रीत मे बोरिश", 3),
        ("none", "रात में बारिश", "रीत मे बारिश", 2),
        ("none", "كَتَبَ الولد", "كُتِبَ الولد", 1),
        ("whisper-basic", "Cafe\u0301 now", "café now", 0),
    ],
)
def test_normalisers_by_name(name, reference, hypothesis, errors):
    found = count_errors({"k": reference}, {"k": hypothesis}, normaliser(name))
    assert found.errors.sum() == errors


@pytest.mark.parametrize("text", ["रात में", "كَتَبَ", "שָׁלוֹם"])
def test_whispers_normaliser_is_refused_where_it_takes_vowels_for_punctuation(text):
    """What it would say: 0 % for two different Hindi sentences."""
    pair = [BasicTextNormalizer()(hindi) for hindi in ("रात में", "रीत मे")]
    assert pair[0] == pair[1]
    with pytest.raises(InputError, match=f"whisper-basic drops marks that tell words.*{text}"):
        count_errors({"k": text}, {"k": text}, normaliser("whisper-basic"))


def test_an_unknown_normaliser_is_named():
    with pytest.raises(InputError, match="'whispr' is unknown; choose from none, punctuation"):
        normaliser("whispr")
    assert set(NORMALISERS) == {"none", "punctuation", "whisper-basic"}


@pytest.mark.parametrize(("text", "when"), [(" ", "empty, so"), ("...", "empty once normalised")])
def test_an_empty_reference_is_named(text, when):
    with pytest.raises(InputError, match=f"reference of clip7 is {when}"):
        count_errors({"clip7": text}, {"clip7": "a"}, normaliser("punctuation"))


def test_the_interval_is_that_of_scipys_bootstrap():
    result = count_errors(*made_up(400))
    found = scipy.stats.bootstrap(
        (result.errors, result.words),
        lambda errors, words, axis: 100 * errors.sum(axis) / words.sum(axis),
        paired=True,
        vectorized=True,
        n_resamples=5000,
        method="percentile",
        rng=np.random.default_rng(5),
    )
    assert result.interval() == pytest.approx(tuple(found.confidence_interval), abs=0.3)


def test_the_p_value_is_that_of_a_paired_test():
    """Differences of many utterances are nearly normal, so Student's test on them must agree."""
    draw = np.random.default_rng(7)
    hard = draw.integers(0, 6, 500)
    for more in (0.01, 0.04, 0.08):
        one, other = (
            system(np.minimum(hard + (draw.random(500) < p), 9)) for p in (0.1, 0.1 + more)
        )
        expected = scipy.stats.ttest_rel(other.errors, one.errors).pvalue
        assert paired(other, one) == pytest.approx(expected, abs=0.01)


def test_a_plain_difference_is_claimed_among_many_comparisons():
    """A share of 2,000 samples is never below 0.001, which Holm multiplies by their number."""
    assert paired(system([0] * 499 + [1]), system([10] * 500)) < 1e-6


def test_of_one_utterance_nothing_is_known():
    one = system([5])
    assert np.isnan(one.interval()).all()
    assert np.isnan(paired(one, system([0])))


@pytest.mark.parametrize(("errors", "low", "high"), [(0, 0, 0.725), (10, 99.275, 100)])
def test_where_all_is_right_or_wrong_the_interval_is_not_empty(errors, low, high):
    """A tenth of Clopper and Pearson's, since each of 50 utterances has ten words."""
    errors = system([errors] * 50)
    reach = scipy.stats.binomtest(0, 50).proportion_ci().high
    assert reach == pytest.approx(0.0711, abs=1e-4)
    assert errors.interval() == pytest.approx((low, high), abs=0.02)
    assert by_utterance(errors).interval() == errors.interval()
