"""Decoding of the validation sample does not depend on how many processes share it."""

from contextlib import nullcontext
from dataclasses import dataclass

import pytest
from tiny import make_utterance

from mavsr.training import validation
from mavsr.training.plans import Padded


@dataclass
class Share:
    """One of several processes, alone."""

    rank: int
    count: int
    device: str = "cpu"

    def share(self, items):
        return items[self.rank :: self.count]

    def total(self, tensor):
        return tensor


@pytest.mark.parametrize("rank", [0, 1])
def test_transcripts_may_be_as_long_in_every_process(make, monkeypatch, rank):
    model = make().model
    clips = {key: make_utterance(key, 6) for key in "abcdefgh"}
    lengths = []

    def greedy(model, utterances, scale, longest):
        lengths.append(longest)
        return ["" for _ in utterances]

    monkeypatch.setattr(validation, "_greedy", greedy)
    validation.validate(model, Padded(), clips, 8, Share(rank, 2), nullcontext())
    assert set(lengths) == {max(model.count_targets([clip]) for clip in clips.values())}
