"""``features``: how often and how the frozen encoders run, and how their tokens are stored."""

from typing import Annotated, Literal

from mavsr.config.base import Key, settings
from mavsr.config.values import Flag, Positive, Whole

DType = Literal["float16", "bfloat16", "float32"]
Precision = Literal["float32", "bfloat16"]
LongClips = Literal["error", "split", "truncate"]
CACHING = ("extract_features", "extract_views")
"""Rules that encode: a test or validation shard, and all training views of one."""
ALWAYS = (*CACHING, "train_model if online")
VIDEO_VIEWS = ("extract_views if video", "train_model if online and sees")
"""Of training views of video alone anything is drawn when they are encoded."""
VIDEO_DRAWN = ("extract_features if video and drawn", *VIDEO_VIEWS)
CUT = (*(f"{rule} if truncate" for rule in CACHING), "train_model if online and truncate")


@settings("features")
class ExtractKeys:
    """How tokens are made, apart from the encoder and the condition."""

    seed: Annotated[
        Whole,
        Key("Of training views of video, and of what test conditions drop and hide", VIDEO_DRAWN),
    ] = 0
    flip: Annotated[Flag, Key("Mirror half of the training views of video", VIDEO_VIEWS)] = True
    dtype: Annotated[
        DType,
        Key(
            "Of stored tokens: float16 is finer, bfloat16 never overflows, float32 takes twice the "
            "disk space",
            decides=ALWAYS,
        ),
    ] = "float16"
    precision: Annotated[
        Precision,
        Key(
            "Of the encoders' matrix products; bfloat16 is faster on a GPU and less exact",
            decides=ALWAYS,
        ),
    ] = "float32"
    long_clips: Annotated[
        LongClips,
        Key(
            "Audio beyond Whisper's chunk (30 s; 4 s for the toy model): error names the clip, "
            "split encodes it in pieces, truncate keeps the first longest_s of audio and video",
            decides=(*CUT[:2], "train_model if online"),
            runs=CACHING,
        ),
    ] = "error"
    longest_s: Annotated[Positive, Key("See long_clips", CUT, unit="s")] = 30.0
    batch_s: Annotated[
        Positive,
        Key("Clips that a GPU encodes together", runs=CACHING, unit="s"),
    ] = 240.0
