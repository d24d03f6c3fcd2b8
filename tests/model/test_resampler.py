"""Learned resampling: what it computes, that it is one of all rates, and that it learns."""

import pytest
import torch
from tiny import DIMS, make_utterance, scramble
from torch.nn import functional as F

from mavsr.config.resampler import ResamplerSettings
from mavsr.errors import InputError
from mavsr.model.avsr import MatryoshkaModel
from mavsr.model.compression import compress, compressed_length
from mavsr.model.compressors.registry import make_compressor
from mavsr.training.plans import Padded

SMALL = ResamplerSettings(window=10, queries=6, heads=2, width=8)
DIM = 6
UTTERANCES = [make_utterance(key, n) for key, n in zip("abcd", (9, 2, 14, 30), strict=True)]


@pytest.fixture
def resampled(settings_of):
    def settings(own=SMALL, **changes):
        rates = {"audio_rates": (2, 4), "video_rates": (2, 3)}
        return settings_of(**{**rates, "compression": "resampler", "resampler": own, **changes})

    return settings


@pytest.fixture
def resampler(resampled):
    torch.manual_seed(0)
    made = make_compressor(DIM, resampled())
    for parameter in made.parameters():
        parameter.data.normal_()
    return made.double()


def by_hand(module, tokens, rate):
    """A clip, token out by token out, head by head."""
    groups = module.window // rate
    kept = tokens if len(tokens) < rate else tokens[: len(tokens) // rate * rate]
    read = F.layer_norm(tokens, (DIM,), module.norm.weight, module.norm.bias)
    found = []
    for place in range(max(len(tokens) // rate, 1)):
        start = place // groups * groups * rate
        window = read[start : min(start + groups * rate, len(kept))]
        middle = (place % groups + 0.5) * rate
        query = module.queries[int(middle * len(module.queries) / module.window)]
        keys = module.key(window) + module.places[: len(window)]
        values = module.value(window)
        heads = []
        for one in range(module.heads):
            part = slice(one * 4, one * 4 + 4)
            weights = (keys[:, part] @ query[part] / 2).softmax(dim=0)
            heads.append(weights @ values[:, part])
        own = kept[place * rate : (place + 1) * rate].mean(dim=0)
        found.append(own + module.out(torch.cat(heads)))
    return torch.stack(found)


@pytest.mark.parametrize("rate", [2, 3, 5, 10])
def test_equals_a_loop_over_tokens_and_no_clip_depends_on_another(resampler, rate):
    clips = [torch.randn(n, DIM, dtype=torch.float64) for n in (1, 9, 10, 11, 37)]
    found = resampler(clips, rate)
    for tokens, own in zip(clips, found, strict=True):
        assert len(own) == compressed_length(len(tokens), rate) <= len(tokens)
        torch.testing.assert_close(own, by_hand(resampler, tokens, rate))
        torch.testing.assert_close(own, resampler([tokens], rate)[0])


def test_a_coarse_rate_uses_queries_that_a_fine_one_uses(resampled):
    module = make_compressor(DIM, resampled(ResamplerSettings(32, 32, 2, 8)))
    chosen = {rate: module._chosen(rate).tolist() for rate in (1, 2, 4, 16)}
    assert chosen[1] == list(range(32))
    assert chosen[4] == [2, 6, 10, 14, 18, 22, 26, 30]
    assert set(chosen[16]) <= set(chosen[1])
    assert all(len(set(numbers)) == 32 // rate for rate, numbers in chosen.items())


def test_training_starts_at_average_pooling(resampled, settings_of):
    model = MatryoshkaModel(resampled(), DIMS)
    pooling = MatryoshkaModel(settings_of(video_rates=(2, 3)), DIMS)
    tokens = [u.tokens["audio"] for u in UTTERANCES]
    for found, clip in zip(model.compressors["audio"](tokens, 4), tokens, strict=True):
        assert torch.equal(found, compress(clip, 4))
    for scale in model.settings.scales:
        torch.testing.assert_close(
            model.loss(UTTERANCES, scale), pooling.loss(UTTERANCES, scale), rtol=0, atol=0
        )


def test_it_has_the_parameters_that_the_plan_counts(resampled):
    for own in (SMALL, ResamplerSettings()):
        module = make_compressor(DIM, resampled(own))
        assert sum(p.numel() for p in module.parameters()) == own.parameters(DIM)


@pytest.mark.parametrize("method", ["mtsk-ms", "mome-ffn"])
def test_the_loss_falls_and_every_scale_teaches_it(resampled, method):
    model = MatryoshkaModel(resampled(method=method), DIMS)
    trained = list(model.compressors.parameters())
    for scale in model.settings.scales:
        model.loss(UTTERANCES, scale).backward()
        assert model.compressors["audio"].out.weight.grad.any()
        assert model.compressors["video"].out.weight.grad.any()
        model.zero_grad()
    optimizer = torch.optim.AdamW(trained, lr=1e-2)  # nothing else learns
    seen = []
    for _ in range(30):
        optimizer.zero_grad()
        losses = Padded().losses(
            model, UTTERANCES, model.count_targets(UTTERANCES), torch.Tensor.backward
        )
        seen.append(losses)
        optimizer.step()
    assert (seen[-1] < seen[0] - 0.05).all(), (seen[0], seen[-1])
    assert all(parameter.grad is not None for parameter in trained)


def test_it_is_saved_with_the_projectors_and_loaded_with_them(resampled, tmp_path):
    model = scramble(MatryoshkaModel(resampled(), DIMS))
    model.save(tmp_path)
    other = MatryoshkaModel(resampled(seed=5), DIMS)
    other.load(tmp_path)
    for name, tensor in model.compressors.state_dict().items():
        assert other.compressors.state_dict()[name].equal(tensor)
    pooling = MatryoshkaModel(resampled(ResamplerSettings(10, 5, 2, 8)), DIMS)
    with pytest.raises(InputError, match="does not fit the model's settings"):
        pooling.load(tmp_path)


@pytest.mark.parametrize(
    ("own", "message"),
    [
        ({"queries": 33}, "queries is 33, but a window has 32 tokens, so that more tokens would"),
        ({"heads": 3}, "heads is 3, which does not divide resampler.width 64"),
        ({"queries": 0}, "queries"),
    ],
)
def test_settings_are_checked(own, message):
    with pytest.raises(InputError, match=message):
        ResamplerSettings(**own)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"audio_rates": (2, 11)}, "audio_rates has 11, more than the resampler.window of 10"),
        ({"video_rates": (1, 3)}, "video_rates has 1, at which a window of 10 tokens gives 10, mo"),
        ({"resampler": None}, "compression resampler needs resampler"),
        ({"compression": "avgpool"}, "compression avgpool has no resampler"),
        (
            {"method": "avgpool-at-inference", "audio_rates": (1,), "video_rates": (1,)},
            "set compression: avgpool",
        ),
    ],
)
def test_models_that_cannot_be_are_refused(settings_of, changes, message):
    full = ResamplerSettings(10, 10, 2, 8) if "method" in changes else SMALL
    known = {"compression": "resampler", "resampler": full, "video_rates": (2, 3)}
    with pytest.raises(InputError, match=message):
        settings_of(**{**known, **changes})


def test_multiplications_are_those_of_its_layers(resampled):
    module = make_compressor(DIM, resampled())
    # 20 tokens at rate 5: keys and values of all, four outputs, each over a window of ten.
    assert module.multiplications(20, 5) == (2 * 20 + 4) * DIM * 8 + 2 * 4 * 10 * 8
    assert module.multiplications(3, 5) == (2 * 3 + 1) * DIM * 8 + 2 * 3 * 8
