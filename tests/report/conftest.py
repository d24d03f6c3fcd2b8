"""Scores of four methods at four pairs of rates."""

import pytest
from synthetic import score, table
from tabled import METHODS, PAIRS


@pytest.fixture
def scores():
    return table(
        [
            score(method, audio, video, 10.0 * place + audio + video / 10)
            for place, method in enumerate(METHODS)
            for audio, video in PAIRS
        ]
    ).sample(frac=1, random_state=0)
