"""The small video and audio files inside a shard: same content, same bytes.

Every encoder runs with one thread and bit-exact flags, so a shard made twice is equal to the byte.
"""

import io
from collections.abc import Iterable
from typing import Any

import av
import cv2
import numpy as np
import soundfile

from mavsr.errors import InputError
from mavsr.media.rates import FRAME_RATE, SAMPLE_RATE


def encode_lossless(frames: Iterable[np.ndarray]) -> bytes:
    """Frames uint8 (H, W, 3) as a Matroska file with FFV1 in RGB: no bit of a crop is lost.

    Args:
        frames: pictures of one size, at least one; taken one by one, so they may be made on the
            way.

    """
    # The only 8-bit RGB that FFV1 takes.
    return _encode(frames, "ffv1", "bgr0", {})


def encode_x264(frames: Iterable[np.ndarray], crf: int) -> bytes:
    """Frames uint8 (H, W, 3), H and W even, as a Matroska file with H.264: small, not lossless.

    Args:
        frames: pictures of one size, at least one; taken one by one.
        crf: quality, from 0 (best) to 51; x264's own default is 23.

    """
    # Its rating of macroblocks by later use gives other bytes on every run, even with one thread.
    options = {"crf": str(crf), "preset": "medium", "x264-params": "no-mbtree=1"}
    return _encode(frames, "libx264", "yuv420p", options)


def _encode(
    frames: Iterable[np.ndarray], codec: str, pixel_format: str, options: dict[str, str]
) -> bytes:
    buffer = io.BytesIO()
    stream: Any = None
    with av.open(
        buffer, "w", format="matroska", container_options={"fflags": "+bitexact"}
    ) as container:
        for frame in frames:
            if stream is None:
                stream = container.add_stream(codec, rate=FRAME_RATE, options=options)
                stream.height, stream.width = frame.shape[:2]
                stream.pix_fmt = pixel_format
                stream.codec_context.thread_count = 1
                stream.codec_context.flags |= av.codec.context.Flags.bitexact
            picture = _bgr0(frame) if pixel_format == "bgr0" else av.VideoFrame.from_ndarray(frame)
            container.mux(stream.encode(picture))
        if stream is None:
            raise InputError("a video of no frames cannot be stored")
        container.mux(stream.encode(None))
    return buffer.getvalue()


def _bgr0(pixels: np.ndarray) -> av.VideoFrame:
    """RGB pixels as a ``bgr0`` frame, which is faster than FFmpeg's converter."""
    height, width = pixels.shape[:2]
    frame = av.VideoFrame(width, height, "bgr0")
    plane = frame.planes[0]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(height, plane.line_size)
    rows[:, : 4 * width] = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGRA).reshape(height, 4 * width)
    return frame


def decode_video(content: bytes) -> np.ndarray:
    """Return the frames uint8 (T, H, W, 3) of a file made by one of the encoders above."""
    with av.open(io.BytesIO(content), "r") as container:
        container.streams.video[0].codec_context.thread_count = 1
        return np.stack([_pixels(frame) for frame in container.decode(video=0)])


def _pixels(frame: av.VideoFrame) -> np.ndarray:
    """A frame's RGB pixels (H, W, 3); of a ``bgr0`` frame by OpenCV, as FFmpeg's way is slower."""
    if frame.format.name != "bgr0":
        return frame.to_ndarray(format="rgb24")
    plane = frame.planes[0]
    pixels = np.frombuffer(memoryview(plane), np.uint8).reshape(
        frame.height, plane.line_size // 4, 4
    )
    return cv2.cvtColor(pixels[:, : frame.width], cv2.COLOR_BGRA2RGB)


def encode_audio(audio: np.ndarray) -> bytes:
    """Mono float32 (N,) audio at 16 kHz as 16-bit FLAC; values outside [-1, 1] are clipped."""
    buffer = io.BytesIO()
    soundfile.write(buffer, np.clip(audio, -1, 1), SAMPLE_RATE, format="FLAC", subtype="PCM_16")
    return buffer.getvalue()


def decode_audio(content: bytes) -> np.ndarray:
    """Return the mono float32 (N,) audio of a FLAC or WAV file at 16 kHz."""
    return soundfile.read(io.BytesIO(content), dtype="float32")[0]
