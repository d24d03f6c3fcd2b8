import pytest
import torch

from mavsr.errors import InputError
from mavsr.model.compression import compress, compressed_length
from mavsr.model.compressions import COMPRESSIONS, compression_of


def by_loop(tokens, rate, method):
    """One clip (T, d), group by group."""
    groups = [tokens[i : i + rate] for i in range(0, len(tokens) - rate + 1, rate)]
    if method == "avgpool":
        return torch.stack([sum(group) / rate for group in groups])
    return torch.stack([torch.cat(list(group)) for group in groups])


@pytest.mark.parametrize("method", ["avgpool", "stack"])
@pytest.mark.parametrize("rate", [1, 2, 5, 16])
@pytest.mark.parametrize("length", [16, 17, 31, 50])
def test_equals_a_loop_over_groups_and_drops_the_tail(method, rate, length):
    tokens = torch.randn(3, length, 6, dtype=torch.float64)
    expected = torch.stack([by_loop(clip, rate, method) for clip in tokens])
    assert expected.shape == (3, length // rate, COMPRESSIONS[method].width(6, rate))
    assert compressed_length(length, rate) == length // rate
    torch.testing.assert_close(compress(tokens, rate, method), expected)
    torch.testing.assert_close(compress(tokens[1], rate, method), expected[1])


@pytest.mark.parametrize("shape", [(3, 2), (4, 3, 2)])
def test_a_clip_shorter_than_the_rate_gives_one_token(shape):
    tokens = torch.randn(shape)
    pooled, stacked = compress(tokens, 5), compress(tokens, 5, "stack")
    torch.testing.assert_close(pooled, tokens.mean(-2, keepdim=True))
    assert stacked.shape == (*shape[:-2], 1, 10)
    assert torch.equal(stacked[..., 0, :6], tokens.flatten(-2))
    assert not stacked[..., 6:].any()
    assert compressed_length(3, 5) == 1


def test_pooling_by_16_is_pooling_by_4_twice():
    tokens = torch.randn(2, 83, 5, dtype=torch.float64)
    torch.testing.assert_close(compress(tokens, 16), compress(compress(tokens, 4), 4))


@pytest.mark.parametrize("rate", [0, -1, 1.5, 2.0, True, "4", None])
def test_a_rate_that_is_no_positive_whole_number_is_refused(rate):
    with pytest.raises(InputError, match=f"rate is {rate!r}"):
        compress(torch.zeros(8, 2), rate)


def test_unknown_methods_and_empty_clips_are_refused():
    with pytest.raises(InputError, match=r"'max' is unknown.*avgpool, stack"):
        compression_of("max")
    with pytest.raises(InputError, match="empty"):
        compress(torch.zeros(0, 2), 2)
