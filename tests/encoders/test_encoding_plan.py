import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mavsr.encoders.avhubert import AVHubertConfig, AVHubertEncoder
from mavsr.encoders.base import Encoder
from mavsr.encoders.batches import CPU_BATCH_S, BatchPlan, encode_stream
from mavsr.errors import InputError


class Counting(Encoder):
    """Tokens are the samples; remembers the sizes of its batches."""

    modality, rate_hz, dim = "audio", 50, 1
    device = torch.device("cpu")

    def __init__(self):
        super().__init__()
        self.batches = []

    def encode(self, samples):
        self.batches.append([len(clip) for clip in samples])
        if any(len(clip) == 13 for clip in samples):
            raise InputError("it is unlucky")
        return [clip[:, None] for clip in samples]

    def seconds(self, sample):
        return float(len(sample))


def clips(lengths):
    return [(f"k{n:03}", torch.full((length,), float(n))) for n, length in enumerate(lengths)]


@given(st.lists(st.integers(1, 12), max_size=40), st.floats(0, 40), st.integers(1, 9))
def test_order_and_content_do_not_depend_on_the_plan(lengths, batch_s, window):
    encoder, given = Counting(), clips(lengths)
    found = list(encode_stream(given, encoder, BatchPlan(batch_s, window)))
    assert [key for key, _ in found] == [key for key, _ in given]
    assert all(torch.equal(a[:, 0], b) for (_, a), (_, b) in zip(found, given, strict=True))
    for batch in encoder.batches:
        assert len(batch) == 1 or len(batch) * max(batch) <= batch_s


def test_a_cpu_takes_together_what_is_of_one_length_and_a_gpu_what_is_similar(encoder, monkeypatch):
    counting = Counting()
    assert BatchPlan.suited_to(counting, 240) == BatchPlan(0)
    # Of a chunk of two seconds as many as fit, of 30 seconds one, and no more are held.
    assert BatchPlan.suited_to(encoder, 240) == BatchPlan(CPU_BATCH_S, CPU_BATCH_S // 2)
    monkeypatch.setattr(type(encoder), "chunk_s", 30.0)
    assert BatchPlan.suited_to(encoder, 240) == BatchPlan(0)
    counting.device = torch.device("cuda")
    assert BatchPlan.suited_to(counting, 240) == BatchPlan(240)
    counting = Counting()
    list(encode_stream(clips([2, 9, 3, 8, 2]), counting, BatchPlan(20, 5)))
    assert counting.batches == [[9, 8], [3, 2, 2]]


def test_no_more_than_a_window_is_held():
    taken = []

    def stream():
        for clip in clips([1] * 20):
            taken.append(clip)
            yield clip

    encoded = encode_stream(stream(), Counting(), BatchPlan(4, 5))
    next(encoded)
    assert len(taken) == 5
    encoded = encode_stream(stream(), Counting())
    taken.clear()
    next(encoded)
    assert len(taken) == 1


def test_a_refused_clip_of_a_batch_is_named():
    with pytest.raises(InputError, match=r"^clip 'k001': it is unlucky"):
        list(encode_stream(clips([12, 13, 11]), Counting(), BatchPlan(100, 5)))


def test_clips_beyond_the_memory_are_named_with_the_remedy():
    class Large(Counting):
        def encode(self, samples):
            raise torch.OutOfMemoryError("tried to allocate 200 GiB")

    with pytest.raises(InputError, match=r"k000, k001 together; lower features.batch_s.*200 GiB"):
        list(encode_stream(clips([3, 2]), Large(), BatchPlan(100, 5)))


def test_convolutions_are_not_rounded_behind_the_back_of_float32():
    seen = []

    class Watching(Counting):
        def encode(self, samples):
            seen.append(torch.backends.cudnn.allow_tf32)
            return super().encode(samples)

    default = torch.backends.cudnn.allow_tf32
    list(encode_stream(clips([3]), Watching()))
    assert seen == [False]
    assert torch.backends.cudnn.allow_tf32 == default


@pytest.mark.parametrize("modality", ["audio", "video"])
def test_bfloat16_is_used_where_asked_and_tokens_are_float32(encoder, modality):
    torch.manual_seed(0)
    sizes = {"layers": 2, "dim": 32, "ffn_dim": 48, "heads": 4}
    small = AVHubertConfig(**sizes, conv_pos=8, conv_pos_groups=4, resnet_width=4)
    network, sample = {
        "audio": (encoder, torch.randn(9_000)),
        "video": (AVHubertEncoder(small).eval(), torch.randn(1, 5, 88, 88)),
    }[modality]
    exact, coarse = (
        next(encode_stream([("a", sample)], network, precision=precision))[1]
        for precision in ("float32", "bfloat16")
    )
    assert exact.dtype == coarse.dtype == torch.float32
    assert 1e-4 < (exact - coarse).norm() / exact.norm() < 0.05


@pytest.mark.parametrize("wrong", [{"batch_s": -1.0}, {"window": 0}, {"batch_s": float("nan")}])
def test_impossible_plans_are_refused(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        BatchPlan(**wrong)
