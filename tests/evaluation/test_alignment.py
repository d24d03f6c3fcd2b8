"""Words under those that were said: the counts are those of WER, and nothing is lost."""

import jiwer
import pytest

from mavsr.evaluation.alignment import align


@pytest.mark.parametrize(
    ("said", "heard", "kinds", "counts"),
    [
        ("a b c", "a b c", ["right"] * 3, (0, 0, 0)),
        ("a b c", "a x c", ["right", "substituted", "right"], (1, 0, 0)),
        ("a b c", "a c", ["right", "deleted", "right"], (0, 1, 0)),
        ("a b c", "", ["deleted"] * 3, (0, 3, 0)),
        ("a b c", "z a b b c z z", ["right"] * 3, (0, 0, 4)),
    ],
)
def test_kinds_and_counts(said, heard, kinds, counts):
    found = align(said.split(), heard.split())
    assert [cell.kind for cell in found.cells] == kinds
    assert (found.substitutions, found.deletions, found.insertions) == counts
    assert found.errors == sum(counts)


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("set white at p nine now", "set sit white with p now please"),
        ("bin blue", "one two three four five"),
        ("lay red in g two soon", "g two soon lay"),
    ],
)
def test_every_word_of_the_transcript_stands_once_in_its_order(said, heard):
    found = align(said.split(), heard.split())
    words = list(found.before)
    for cell in found.cells:
        words += [(cell.heard, cell.place)] * (cell.place is not None) + cell.inserted
    assert words == [(word, place) for place, word in enumerate(heard.split())]
    assert found.errors == jiwer.process_words(said, heard).substitutions + sum(
        getattr(jiwer.process_words(said, heard), name) for name in ("deletions", "insertions")
    )
