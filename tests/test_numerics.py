"""The authors' numerics beside ours: what is rounded, counted and compared otherwise."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny import DIMS, save_avhubert, save_whisper, scramble
from torch.nn import functional as F

from mavsr.encoders import EncoderSettings, load_encoder
from mavsr.encoders.whisper import kept_tokens
from mavsr.errors import InputError
from mavsr.evaluation.beams import Sampler, beam_search, best
from mavsr.evaluation.settings import SamplingSettings
from mavsr.features.align import aligned_lengths
from mavsr.features.extract import origin
from mavsr.features.settings import ExtractSettings
from mavsr.model.avsr import MatryoshkaModel
from mavsr.noise.condition import Condition
from mavsr.numerics import PROFILES, numerics_of

COUNTS = json.loads(
    (Path(__file__).parent / "data" / "official" / "audio_token_counts.json").read_text()
)
CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("profile", "expected"), [("authors", "bf16_true"), ("authors-float32", "float32")]
)
def test_audio_tokens_are_counted_as_the_authors_code_does(profile, expected):
    """Of clips of 1 to 750 video frames, under bf16-true and outside of it."""
    count = numerics_of(profile).count
    found = [kept_tokens(640 * frames, count) for frames in COUNTS["frames"]]
    assert found == COUNTS[expected]


def test_these_counts_pass_as_they_are_and_ours_are_cut():
    for frames, tokens in zip(COUNTS["frames"], COUNTS["bf16_true"], strict=True):
        assert aligned_lengths("clip", tokens, frames, cut=False) == (tokens, frames)
    assert aligned_lengths("clip", 604, 300) == (600, 300)
    with pytest.raises(InputError, match="differ by more than 5 video frames"):
        aligned_lengths("clip", 612, 300, cut=False)


def pair(tmp_path, kind: str):
    """An encoder in both numerics."""
    path = (
        save_whisper(tmp_path / "w", 3) if kind == "whisper" else save_avhubert(tmp_path / "v.pt")
    )
    settings = EncoderSettings(kind, str(path))
    return [load_encoder(s) for s in (settings, replace(settings, numerics="authors"))]


def test_waveforms_are_rounded_after_they_are_normalised(tmp_path):
    ours, theirs = pair(tmp_path, "whisper")
    wave = 0.1 * torch.randn(29 * 640, generator=torch.Generator().manual_seed(0))
    normal = F.layer_norm(wave, wave.shape, eps=1e-8)
    noise = normal.bfloat16().float() - normal
    decibels = 10 * torch.log10(noise.square().mean() / normal.square().mean())
    assert -57 < decibels < -55
    off = theirs(wave) - ours(wave)
    assert 0 < off.abs().max() < 0.1
    # What bfloat16 can hold is not changed; normalising it again would change it.
    theirs.numerics = replace(theirs.numerics, rounded=False)
    assert torch.equal(theirs(wave), ours(wave))


def test_crops_are_rounded(tmp_path):
    ours, theirs = pair(tmp_path, "avhubert")
    clip = torch.randn(1, 5, 88, 88, generator=torch.Generator().manual_seed(0))
    [tokens] = theirs.encode([clip])
    assert torch.equal(tokens, ours.encode([clip.bfloat16().float()])[0])
    assert not torch.equal(tokens, ours.encode([clip])[0])


def test_features_say_their_numerics(tmp_path):
    settings = EncoderSettings("avhubert", str(save_avhubert(tmp_path / "v.pt")))
    found = [
        origin(load_encoder(s), s, Condition("clean"), ExtractSettings())
        for s in (settings, replace(settings, numerics="authors"))
    ]
    assert [made_by["numerics"] for made_by in found] == ["ours", "authors"]
    assert found[0]["weights"] == found[1]["weights"]


def test_rotary_frequencies_are_rounded(settings_of):
    frequencies = {
        name: MatryoshkaModel(settings_of(numerics=name), DIMS).llm.model.rotary_emb.inv_freq
        for name in PROFILES
    }
    ours = frequencies["ours"]
    assert torch.equal(frequencies["authors"], ours.bfloat16().float())
    assert not torch.equal(frequencies["authors"], ours)
    assert torch.equal(frequencies["authors-float32"], ours)


def test_a_saved_model_keeps_its_numerics(settings_of, tmp_path):
    settings = settings_of(numerics="authors")
    assert type(settings).from_dict(settings.to_dict()) == settings
    scramble(MatryoshkaModel(settings, DIMS)).save(tmp_path)
    assert MatryoshkaModel(settings, DIMS).settings.numerics == "authors"


class Steps:
    """A tree with given log-probabilities: a row a leaf, of the tokens 0, 1, 2 and the end."""

    def __init__(self, *steps):
        self._steps = iter(torch.tensor([step]) for step in steps)
        self.logits = next(self._steps)

    def extend(self, parents, tokens):
        self.logits = next(self._steps)

    def keep(self, rows):
        raise AssertionError("one utterance only")


def likeliest(logits, scores, count, utterances):
    chosen = (scores[..., None] + logits).flatten(1).topk(count)
    return chosen.values, chosen.indices


def test_a_search_goes_on_while_an_ended_candidate_gives_hope():
    """After two tokens two hypotheses have ended, of scores -0.55 and -1.0 / 2.

    The best that goes on has -1.2 / 2, which is less than either: ours stops. The old rule asks
    whether the best candidate, one of those that ended, beats -0.55; it goes on, and later finds
    -1.2 / 4.
    """
    other = [-50.0] * 4
    steps = (
        [[-0.5, -8.0, -9.0, -0.55]],
        [[-0.7, -9.0, -9.0, -0.5], other],
        [[0.0, -9.0, -9.0, -9.0], other],
        [[-9.0, -9.0, -9.0, 0.0], other],
    )
    found = [beam_search(Steps(*steps), 3, 2, 4, likeliest, old) for old in (False, True)]
    assert found == [[[0]], [[0, 0, 0]]]


def test_more_beams_than_the_vocabulary_allows_are_refused():
    with pytest.raises(InputError, match=r"decoding.beams is 3; .* vocabulary of 4 .* 2 at most"):
        beam_search(Steps([[0.0, 0.0, 0.0, 0.0]]), 3, 3, 4, best)


def test_the_old_sampler_sorts_what_it_drew():
    """So that of what was drawn the likelier half may end, not the half that was drawn first."""
    logits = torch.randn(1, 1, 40, generator=torch.Generator().manual_seed(0))
    sampling = SamplingSettings(temperature=2.0, top_p=1.0)
    drawn = {
        old: Sampler([3], sampling, CPU, old)(logits, torch.zeros(1, 1), 8, [0])
        for old in (False, True)
    }
    assert drawn[False][1].sort().values.equal(drawn[True][1].sort().values)
    scores = drawn[True][0][0].tolist()
    assert scores == sorted(scores, reverse=True)
    assert scores != drawn[False][0][0].tolist()


def test_unknown_numerics_are_refused():
    with pytest.raises(InputError, match=r"encoder\.numerics is 'theirs': choose 'ours'"):
        EncoderSettings("whisper", "w", numerics="theirs")
    with pytest.raises(InputError, match="numerics 'theirs' is unknown; choose from ours, authors"):
        numerics_of("theirs")
