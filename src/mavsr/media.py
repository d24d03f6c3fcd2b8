"""Video and audio files in and out, through PyAV.

Pictures are RGB uint8 (T, H, W, 3) at 25 frames per second, sound is mono float32 (N,) in [-1, 1]
at 16 kHz: the rates of LRS2, LRS3 and both encoders (Llama-MTSK, Sec. 4.1). Picture and sound of a
file share one clock, which starts with the file; both are placed by their time stamps, so an
encoder's priming samples or a late first frame do not shift one against the other.
"""

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
import soundfile

from mavsr.errors import InputError

FRAME_RATE = 25
SAMPLE_RATE = 16_000
SAMPLES_PER_FRAME = SAMPLE_RATE // FRAME_RATE

_SEEK_MARGIN_S = 1.0
"""Decoding starts this much before the interval: codecs need some frames to settle after a jump."""


def read_video(path: Path, start: float = 0.0, end: float = float("nan")) -> np.ndarray:
    """Frames of ``path`` shown in [start, end) seconds, resampled to 25 frames per second.

    Each tick of the 25 Hz clock takes the first frame whose time rounds to it; ticks that no frame
    rounds to repeat the frame before.

    Returns:
        uint8 (T, H, W, 3), T >= 1.

    Raises:
        InputError: the file cannot be read, has no video track or no frame in the interval.

    """
    last_tick = math.inf if math.isnan(end) else round((end - start) * FRAME_RATE)
    frames: list[np.ndarray] = []
    before: np.ndarray | None = None
    ticks_shown = 0.0
    with _reading(path, "video") as container:
        if not container.streams.video:
            raise InputError(f"{path}: no video track")
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        origin = _begin(container, stream, start)
        for frame in container.decode(stream):
            if frame.time is None:
                raise InputError(f"{path}: frames without time stamps; remux the file")
            ticks = (frame.time - origin - start) * FRAME_RATE
            # Halves go down, else a 50 Hz clip would gain a tick after its last frame.
            tick = math.ceil(ticks - 0.5 - 1e-6)
            if tick >= last_tick:
                break
            ticks_shown = ticks + float((frame.duration or 0) * (frame.time_base or 0)) * FRAME_RATE
            if tick < 0:
                before = frame.to_ndarray(format="rgb24")
            elif tick >= len(frames):
                picture = frame.to_ndarray(format="rgb24")
                held = frames[-1] if frames else picture if before is None else before
                frames += [held] * (tick - len(frames)) + [picture]
    if not frames and before is not None and ticks_shown > 0:
        frames.append(before)
    if not frames:
        raise InputError(f"{path}: no video frame between {start} s and {end} s")
    frames += [frames[-1]] * (int(min(round(ticks_shown), last_tick)) - len(frames))
    return np.stack(frames)


def read_audio(path: Path, start: float = 0.0, end: float = float("nan")) -> np.ndarray:
    """Sound of ``path`` in [start, end) seconds, averaged to mono and resampled to 16 kHz.

    A track that begins after ``start`` is preceded by silence.

    Returns:
        float32 (N,), N >= 1.

    Raises:
        InputError: the file cannot be read, has no audio track or no sample in the interval.

    """
    pieces: list[np.ndarray] = []
    lead: int | None = None
    with _reading(path, "audio") as container:
        if not container.streams.audio:
            raise InputError(f"{path}: no audio track")
        stream = container.streams.audio[0]
        origin = _begin(container, stream, start)
        resampler = av.AudioResampler(format="fltp", rate=SAMPLE_RATE)
        for frame in container.decode(stream):
            time = (frame.time or 0.0) - origin
            if time >= end + _SEEK_MARGIN_S:
                break
            if lead is None:
                lead = round((time - start) * SAMPLE_RATE)
            pieces += [_mono(piece) for piece in resampler.resample(frame)]
        if lead is not None:
            pieces += [_mono(piece) for piece in resampler.resample(None)]
    lead = lead or 0
    sound = np.concatenate([np.zeros(max(lead, 0), np.float32), *pieces])[max(-lead, 0) :]
    sound = sound if math.isnan(end) else sound[: round((end - start) * SAMPLE_RATE)]
    if sound.size <= max(lead, 0):
        raise InputError(f"{path}: no sound between {start} s and {end} s")
    return sound


def _mono(piece: av.AudioFrame) -> np.ndarray:
    """Average the channels; FFmpeg's own mix would make a voice on both 3 dB louder, and clip."""
    return piece.to_ndarray().mean(axis=0)


@contextmanager
def _reading(path: Path, track: str) -> Iterator[av.container.InputContainer]:
    try:
        container = av.open(str(path))
    except (av.FFmpegError, OSError) as error:
        raise InputError(f"{path}: cannot be read as a video or sound file ({error})") from error
    with container:
        try:
            yield container
        except av.FFmpegError as error:
            raise InputError(f"{path}: the {track} track is damaged ({error})") from error


def _begin(container: av.container.InputContainer, stream: av.stream.Stream, start: float) -> float:
    """Jump shortly before ``start`` seconds and return the time stamp at which the file begins."""
    # A negative beginning is an encoder's priming, which the decoder drops.
    origin = max(0.0, (container.start_time or 0) / av.time_base)
    jump = start - _SEEK_MARGIN_S
    if jump > 0 and stream.time_base:
        container.seek(int((origin + jump) / stream.time_base), stream=stream)
    return origin


def encode_lossless(frames: np.ndarray) -> bytes:
    """Frames uint8 (T, H, W, 3) as a Matroska file with FFV1 in RGB: no bit of a crop is lost.

    The same frames always give the same bytes (bit-exact muxer and encoder, one thread).
    """
    buffer = io.BytesIO()
    with av.open(
        buffer, "w", format="matroska", container_options={"fflags": "+bitexact"}
    ) as container:
        stream = container.add_stream("ffv1", rate=FRAME_RATE)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "bgr0"  # the only 8-bit RGB that FFV1 takes
        stream.codec_context.thread_count = 1
        stream.codec_context.flags |= av.codec.context.Flags.bitexact
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def decode_video(content: bytes) -> np.ndarray:
    """Return the frames uint8 (T, H, W, 3) of a file made by :func:`encode_lossless`."""
    with av.open(io.BytesIO(content), "r") as container:
        container.streams.video[0].codec_context.thread_count = 1
        return np.stack([_pixels(frame) for frame in container.decode(video=0)])


def _pixels(frame: av.VideoFrame) -> np.ndarray:
    """View a ``bgr0`` frame as RGB (H, W, 3), which is faster than FFmpeg's converter."""
    plane = frame.planes[0]
    pixels = np.frombuffer(memoryview(plane), np.uint8).reshape(
        frame.height, plane.line_size // 4, 4
    )
    return pixels[:, : frame.width, 2::-1]


def encode_audio(sound: np.ndarray) -> bytes:
    """Mono float32 (N,) sound at 16 kHz as 16-bit FLAC; values outside [-1, 1] are clipped."""
    buffer = io.BytesIO()
    soundfile.write(buffer, np.clip(sound, -1, 1), SAMPLE_RATE, format="FLAC", subtype="PCM_16")
    return buffer.getvalue()


def decode_audio(content: bytes) -> np.ndarray:
    """Return the mono float32 (N,) sound of a FLAC or WAV file at 16 kHz."""
    return soundfile.read(io.BytesIO(content), dtype="float32")[0]
