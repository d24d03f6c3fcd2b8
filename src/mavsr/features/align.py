"""Bring the audio and video tokens of one clip to the same stretch of time.

Audio has 50 tokens per second, video 25, but the counts need not match: a recording's tracks differ
by a frame or so, Whisper's count is truncated in floating point (29 frames give 57 tokens), and it
is at least 25, however short the clip. The public code leaves all of this as it is, and so do
features under its numerics (:mod:`mavsr.numerics`).
"""

from collections.abc import Mapping

import torch

from mavsr.errors import InputError
from mavsr.tokens import MINIMUM_AUDIO_TOKENS

TOLERANCE = 2
"""Largest difference of the two lengths that is cut without complaint, video frames."""


def aligned_lengths(key: str, audio: int, video: int, cut: bool = True) -> tuple[int, int]:
    """How many audio and video tokens of a clip cover the time that both cover.

    Args:
        key: of the clip, for the error message.
        audio: its audio tokens, 50 per second.
        video: its video tokens, 25 per second.
        cut: cut to the common time; else both stay whole, and as many audio tokens are tolerated as
            a count in bfloat16 is off (below 1 %).

    Returns:
        (audio tokens, video tokens) to keep from the start. A video frame with one audio token
        instead of two counts as covered, so audio is 2 * video or 2 * video - 1 if cut.

    Raises:
        InputError: a modality has no token, or the lengths differ by more than two video frames.
            Audio of Whisper's minimum length is excused: what is beyond the video is padding.

    """
    covered = covered_frames({"audio": audio})
    padded = audio == MINIMUM_AUDIO_TOKENS and covered > video
    tolerance = TOLERANCE if cut else TOLERANCE + video // 100
    if min(audio, video) < 1 or (abs(covered - video) > tolerance and not padded):
        raise InputError(
            f"clip {key!r} has {audio} audio tokens (50 per second) and {video} video tokens (25 "
            f"per second), which differ by more than {tolerance} video frames; check that both "
            "tracks are of the same recording, then rebuild its mouths, noise and features shards"
        )
    if not cut:
        return audio, video
    frames = min(covered, video)
    return min(audio, 2 * frames), frames


def align_lengths(key: str, tokens: Mapping[str, int], cut: bool = True) -> dict[str, int]:
    """Tokens of a clip, by modality, cut to their common time; one modality alone stays whole.

    ``cut`` is that of :func:`aligned_lengths`.

    Raises:
        InputError: see :func:`aligned_lengths`.

    """
    if tokens.keys() != {"audio", "video"}:
        return dict(tokens)
    audio, video = aligned_lengths(key, tokens["audio"], tokens["video"], cut)
    return {"audio": audio, "video": video}


def covered_frames(tokens: Mapping[str, int]) -> int:
    """Length in video frames of a clip with these aligned tokens; two audio tokens make one."""
    return tokens["video"] if "video" in tokens else -(-tokens["audio"] // 2)


def align_tokens(
    key: str, tokens: Mapping[str, torch.Tensor], cut: bool = True
) -> dict[str, torch.Tensor]:
    """Cut the tokens (T, d) of a clip, by modality, to their common time.

    ``cut`` is that of :func:`aligned_lengths`.

    Raises:
        InputError: see :func:`aligned_lengths`.

    """
    kept = align_lengths(key, {modality: len(rows) for modality, rows in tokens.items()}, cut)
    return {modality: rows[: kept[modality]] for modality, rows in tokens.items()}
