"""Video and audio files in and out, through PyAV.

Video is RGB uint8 (T, H, W, 3) at 25 frames per second, audio is mono float32 (N,) in [-1, 1] at
16 kHz: the rates of LRS2, LRS3 and both encoders (Llama-MTSK, Sec. 4.1). :mod:`.video` and
:mod:`.audio` take files as they come from a corpus and read them as a player shows them;
:mod:`.storing` makes and reads the small files inside shards.

Video and audio of a file share one clock, which starts with the earlier of the two. Every frame is
placed on it by its own time stamp, in whole files and in parts alike. :mod:`.opening` chooses the
tracks, :mod:`.clock` joins time stamps that jump, :mod:`.survey` finds where decoding may begin,
:mod:`.frames` decodes from there, :mod:`.picture` turns, scales and hides what :mod:`.cropping`
finds, :mod:`.length` measures, :mod:`.stated` tells how large a file should be.
"""

from mavsr.media.audio import Recording, read_audio, read_recording
from mavsr.media.length import Extent, measure
from mavsr.media.rates import FRAME_RATE, SAMPLE_RATE, SAMPLES_PER_FRAME
from mavsr.media.stated import stated_bytes
from mavsr.media.storing import (
    decode_audio,
    decode_video,
    encode_audio,
    encode_lossless,
    encode_x264,
)
from mavsr.media.video import read_video, video_frames

__all__ = [
    "FRAME_RATE",
    "SAMPLES_PER_FRAME",
    "SAMPLE_RATE",
    "Extent",
    "Recording",
    "decode_audio",
    "decode_video",
    "encode_audio",
    "encode_lossless",
    "encode_x264",
    "measure",
    "read_audio",
    "read_recording",
    "read_video",
    "stated_bytes",
    "video_frames",
]
