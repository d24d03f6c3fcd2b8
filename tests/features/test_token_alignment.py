import pytest
import torch

from mavsr.encoders.whisper import kept_tokens
from mavsr.errors import InputError
from mavsr.features.align import align_tokens, aligned_lengths


@pytest.mark.parametrize(
    ("audio", "video", "expected"),
    [
        (100, 50, (100, 50)),
        (104, 50, (100, 50)),
        (96, 50, (96, 48)),
        (99, 50, (99, 50)),
        (25, 5, (10, 5)),
        (25, 13, (25, 13)),
        (25, 15, (25, 13)),
    ],
)
def test_the_shorter_modality_decides(audio, video, expected):
    assert aligned_lengths("clip", audio, video) == expected


@pytest.mark.parametrize(
    ("audio", "video"), [(106, 50), (94, 50), (26, 5), (25, 16), (0, 1), (25, 0)]
)
def test_too_different_lengths_name_the_clip(audio, video):
    with pytest.raises(InputError, match=f"'abc' has {audio} audio.* and {video} video"):
        aligned_lengths("abc", audio, video)


def test_every_clip_with_equal_tracks_keeps_all_its_frames():
    for frames in range(1, 750):
        audio, video = aligned_lengths("clip", kept_tokens(640 * frames), frames)
        assert video == frames
        assert 2 * frames - 1 <= audio <= 2 * frames


def test_tokens_are_cut_at_the_end():
    audio, video = torch.arange(103.0)[:, None], torch.arange(50.0)[:, None]
    aligned = align_tokens("clip", {"audio": audio, "video": video})
    assert torch.equal(aligned["audio"], audio[:100])
    assert torch.equal(aligned["video"], video)


def test_a_single_modality_stays_whole():
    video = torch.ones(7, 2)
    assert torch.equal(align_tokens("clip", {"video": video})["video"], video)
