"""Claims about speakers hold as often as they say, on sets whose truth is known."""

import numpy as np
import pytest
import scipy.stats
from generated import (
    TRUTH,
    by_utterance,
    clusters,
    errors_of,
    lognormal,
    speaker_rates,
    utterances,
)

from mavsr.errors import InputError
from mavsr.evaluation.clusters import FEWEST_SPEAKERS, Clusters, by_speaker, named, p_value
from mavsr.evaluation.clusters import by_utterance as units_of

SETS = 1000
"""Simulated test sets: one standard error of a coverage of 0.95 is 0.007."""


def covered(speakers, variation, kind, most=30, sets=SETS):
    draw = np.random.default_rng(11)
    hits = 0
    for _ in range(sets):
        speaker, words = utterances(draw, speakers, most)
        errors = errors_of(draw, speaker_rates(draw, speakers, variation, kind), speaker, words)
        low, high = clusters(speaker, errors, words).interval()
        hits += low <= 100 * TRUTH <= high
    return hits / sets


@pytest.mark.parametrize("kind", ["lognormal", "beta"])
@pytest.mark.parametrize("variation", [0.3, 0.6])
def test_intervals_over_ten_speakers_cover_the_truth(variation, kind):
    assert covered(10, variation, kind) >= 0.90


@pytest.mark.parametrize("kind", ["lognormal", "beta"])
def test_intervals_over_a_hundred_speakers_cover_the_truth(kind):
    assert 0.93 <= covered(100, 0.6, kind, most=15) < 0.99


def test_speakers_who_are_alike_cost_little_width():
    """Where speakers do not differ, intervals are not far wider than those over utterances."""
    draw = np.random.default_rng(2)
    ratios = []
    for _ in range(40):
        speaker, words = utterances(draw, 100, 15)
        errors = errors_of(draw, np.full(100, TRUTH), speaker, words)
        plain, _ = by_utterance(speaker, errors, words)
        widths = [np.subtract(*x.interval()) for x in (clusters(speaker, errors, words), plain)]
        ratios.append(widths[0] / widths[1])
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.08)


def test_to_draw_utterances_again_within_speakers_would_count_their_spread_twice():
    """Why the second level of the bootstrap is the speaker's utterances as they are."""
    draw = np.random.default_rng(4)
    ratios = []
    for _ in range(20):
        speaker, words = utterances(draw, 10)
        errors = errors_of(draw, np.full(10, TRUTH), speaker, words)
        own = [np.flatnonzero(speaker == n) for n in range(10)]
        rates: list[list[float]] = [[], []]
        for _ in range(300):
            chosen = [own[n] for n in draw.integers(10, size=10)]
            for again, found in enumerate(rates):
                picked = [draw.choice(clips, len(clips)) if again else clips for clips in chosen]
                clips = np.concatenate(picked)
                found.append(errors[clips].sum() / words[clips].sum())
        ratios.append(np.std(rates[1]) / np.std(rates[0]))
    assert 1.25 < np.mean(ratios) < 1.65


def test_intervals_over_utterances_of_ten_speakers_do_not_cover_it():
    """Why there are intervals over speakers at all."""
    draw = np.random.default_rng(3)
    hits = 0
    for _ in range(100):
        speaker, words = utterances(draw, 10)
        errors = errors_of(draw, speaker_rates(draw, 10, 0.6), speaker, words)
        low, high = by_utterance(speaker, errors, words)[0].interval()
        hits += low <= 100 * TRUTH <= high
    assert hits < 80


def rejected(speakers, own, most=30, seeds=1, of_seed=0.0, sets=SETS):
    """Share of pairs of equally good systems that are told apart; ``own`` is how differently a
    speaker fares with each, ``of_seed`` how much the seeds of a system differ."""
    draw = np.random.default_rng(5)
    false = 0
    for _ in range(sets):
        speaker, words = utterances(draw, speakers, most)
        common = speaker_rates(draw, speakers, 0.5)
        systems = []
        for _ in range(2):
            rates = common * lognormal(draw, own, speakers)
            models = [rates * lognormal(draw, of_seed) for _ in range(seeds)]
            systems.append(
                [clusters(speaker, errors_of(draw, m, speaker, words), words) for m in models]
            )
        false += p_value(*systems) < 0.05
    return false / sets


@pytest.mark.parametrize("own", [0.0, 0.2, 0.4])
def test_equal_systems_are_rarely_told_apart(own):
    assert rejected(10, own) <= 0.08


def test_nor_on_a_hundred_speakers():
    assert rejected(100, 0.3, most=15) <= 0.08


@pytest.mark.parametrize("count", [2, 3, 5])
def test_nor_by_several_seeds_that_differ(count):
    assert rejected(10, 0.2, seeds=count, of_seed=0.15, sets=SETS // 2) <= 0.08


def test_a_single_seed_tells_systems_apart_that_differ_by_seed_alone():
    """What pooling is for: on many utterances, luck with a seed looks like a better system."""
    assert rejected(100, 0.0, most=15, of_seed=0.15, sets=100) > 0.5
    assert rejected(100, 0.0, most=15, seeds=3, of_seed=0.15, sets=100) <= 0.08


def test_a_real_difference_is_found():
    draw = np.random.default_rng(6)
    speaker, words = utterances(draw, 20)
    rates = speaker_rates(draw, 20, 0.5)
    better, worse = (
        [clusters(speaker, errors_of(draw, f * rates, speaker, words), words) for _ in range(3)]
        for f in (1, 1.5)
    )
    assert p_value(better, worse) < 0.01
    assert p_value(better[:1], worse[:1]) < 0.01
    assert p_value(better, worse) == p_value(worse, better)
    assert p_value(better, better) == 1


def test_with_one_seed_it_is_students_paired_test():
    """Where speakers have the same number of words, that is what the bootstrap must come to."""
    draw = np.random.default_rng(7)
    names, words = tuple(map(str, range(12))), np.full(12, 100)
    for more in (0, 1, 2):
        one, other = draw.integers(5, 25, 12), draw.integers(5, 25, 12) + 3 * more
        expected = scipy.stats.ttest_rel(one, other).pvalue
        found = p_value([Clusters(names, one, words)], [Clusters(names, other, words)])
        assert found == pytest.approx(expected, abs=0.02)


def test_with_units_without_noise_it_is_welchs_test_of_the_seeds():
    """Where all speakers have the same errors, only seeds differ."""
    names, words = tuple(map(str, range(10))), np.full(10, 100)
    rates = [10, 13, 12], [15, 19, 16, 20]
    systems = [[Clusters(names, np.full(10, r), words) for r in own] for own in rates]
    expected = scipy.stats.ttest_ind(*rates, equal_var=False).pvalue
    assert p_value(*systems) == pytest.approx(expected)


def test_an_interval_is_positive_seeded_and_around_the_rate():
    names, words = tuple(map(str, range(8))), np.full(8, 50)
    few = Clusters(names, np.array([0, 0, 0, 0, 1, 0, 2, 0]), words)
    low, high = few.interval()
    assert 0 < low < few.wer < high
    assert (low, high) == few.interval(0) != few.interval(1)
    none = Clusters(names, np.zeros(8, int), words)
    # Speakers of whom 37 % err are all right once in forty times: 0.63 ** 8 = 0.025.
    assert none.interval() == (0, pytest.approx(100 * 8 * 0.3694 / 400, rel=1e-4))


def test_errors_are_summed_by_speaker_in_any_order():
    draw = np.random.default_rng(8)
    speaker, words = utterances(draw, 7)
    errors, speakers = by_utterance(
        speaker, errors_of(draw, np.full(7, 0.3), speaker, words), words
    )
    turned = dict(reversed(speakers.items()))
    found = by_speaker(errors, turned)
    expected = clusters(speaker, errors.errors, words)
    assert found.names == expected.names
    assert found.errors.tolist() == expected.errors.tolist()
    assert found.words.tolist() == expected.words.tolist()
    assert found.wer == pytest.approx(errors.wer)


def test_nothing_is_said_about_few_speakers_or_unknown_ones():
    draw = np.random.default_rng(9)
    for count in (1, FEWEST_SPEAKERS - 1, FEWEST_SPEAKERS):
        speaker, words = utterances(draw, count)
        errors, speakers = by_utterance(speaker, np.ones(len(words), int), words)
        assert (by_speaker(errors, speakers) is not None) == (count >= FEWEST_SPEAKERS)
    assert by_speaker(errors, {key: key for key in errors.keys}) is None
    assert by_speaker(errors, dict.fromkeys(errors.keys, "")) is None
    assert named(["a", "b", "a"])
    assert not named(["a", "b", "c"])


def test_systems_on_other_utterances_are_not_compared():
    one = Clusters(("a", "b"), np.array([1, 2]), np.array([10, 10]))
    with pytest.raises(InputError, match="b was not transcribed by all of the systems"):
        p_value([one], [Clusters(("a", "c"), one.errors, one.words)])
    with pytest.raises(InputError, match="against other references"):
        p_value([one], [Clusters(("a", "b"), one.errors, np.array([10, 11]))])


def test_every_utterance_can_be_a_unit():
    speaker, words = utterances(np.random.default_rng(10), 3)
    errors, _ = by_utterance(speaker, np.arange(len(words)) % 3, words)
    found = units_of(errors)
    assert found.errors.tolist() == errors.errors.tolist()
    assert found.wer == pytest.approx(errors.wer)
