"""Video and audio files in and out, through PyAV.

Pictures are RGB uint8 (T, H, W, 3) at 25 frames per second, sound is mono float32 (N,) in [-1, 1]
at 16 kHz: the rates of LRS2, LRS3 and both encoders (Llama-MTSK, Sec. 4.1). :mod:`.reading` takes
files as they come from a corpus, whatever their rates; :mod:`.storing` makes and reads the small
files inside shards.
"""

from mavsr.media.rates import FRAME_RATE, SAMPLE_RATE, SAMPLES_PER_FRAME
from mavsr.media.reading import read_audio, read_video, video_frames
from mavsr.media.storing import (
    decode_audio,
    decode_video,
    encode_audio,
    encode_lossless,
    encode_x264,
)

__all__ = [
    "FRAME_RATE",
    "SAMPLES_PER_FRAME",
    "SAMPLE_RATE",
    "decode_audio",
    "decode_video",
    "encode_audio",
    "encode_lossless",
    "encode_x264",
    "read_audio",
    "read_video",
    "video_frames",
]
