"""Sentences of the GRID corpus: command, colour, preposition, letter, digit, adverb.

The grammar gives 64,000 sentences of six words. A tenth of them, chosen by a hash of the sentence,
is kept for the test split, so no test sentence is ever spoken in training.

Source: Cooke et al., "An audio-visual corpus for speech perception and automatic speech
recognition", JASA 120 (2006), Table I.
"""

import numpy as np

from mavsr.seeds import derive_seed

GRAMMAR = (
    ("bin", "lay", "place", "set"),
    ("blue", "green", "red", "white"),
    ("at", "by", "in", "with"),
    tuple("abcdefghijklmnopqrstuvxyz"),
    ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    ("again", "now", "please", "soon"),
)
TEST_SHARE = 0.1


def is_test_sentence(words: tuple[str, ...]) -> bool:
    """Whether the sentence belongs to the test split."""
    return derive_seed("portrait sentence", *words) % 1000 < 1000 * TEST_SHARE


def draw_sentence(random: np.random.Generator, test: bool) -> tuple[str, ...]:
    """Draw six words, uniformly from the sentences of the test split or from all others."""
    while True:
        words = tuple(slot[random.integers(len(slot))] for slot in GRAMMAR)
        if is_test_sentence(words) == test:
            return words
