"""Video and audio files in and out, through PyAV.

Pictures are RGB uint8 (T, H, W, 3) at 25 frames per second, sound is mono float32 (N,) in [-1, 1]
at 16 kHz: the rates of LRS2, LRS3 and both encoders (Llama-MTSK, Sec. 4.1).
"""

import io
from pathlib import Path

import av
import numpy as np
import soundfile

from mavsr.errors import InputError

FRAME_RATE = 25
SAMPLE_RATE = 16_000
SAMPLES_PER_FRAME = SAMPLE_RATE // FRAME_RATE


def read_video(path: Path, start: float = 0.0, end: float = float("nan")) -> np.ndarray:
    """Frames of ``path`` shown in [start, end) seconds, resampled to 25 frames per second.

    Returns:
        uint8 (T, H, W, 3), T >= 1.

    Raises:
        InputError: the file cannot be read, has no video track or no frame in the interval.
    """
    frames: list[np.ndarray] = []
    with _open(path) as container:
        if not container.streams.video:
            raise InputError(f"{path}: no video track")
        stream = container.streams.video[0]
        stream.thread_type = "SLICE"
        try:
            for frame in container.decode(stream):
                # A frame is shown from its own time to that of the next one: slots of the 25 Hz
                # clock that it reaches before its successor arrives repeat its predecessor.
                time = float(frame.time or 0.0) - start
                if time >= (end - start):
                    break
                slot = round(time * FRAME_RATE)
                if slot < 0:
                    continue
                picture = frame.to_ndarray(format="rgb24")
                while frames and len(frames) < slot:
                    frames.append(frames[-1])
                if len(frames) <= slot:
                    frames.append(picture)
        except av.FFmpegError as error:
            raise InputError(f"{path}: the video track is damaged ({error})") from error
    if not frames:
        raise InputError(f"{path}: no video frame between {start} s and {end} s")
    return np.stack(frames)


def read_audio(path: Path, start: float = 0.0, end: float = float("nan")) -> np.ndarray:
    """Sound of ``path`` in [start, end) seconds, mixed to mono and resampled to 16 kHz.

    Returns:
        float32 (N,), N >= 1.

    Raises:
        InputError: the file cannot be read, has no audio track or no sample in the interval.
    """
    pieces: list[np.ndarray] = []
    with _open(path) as container:
        if not container.streams.audio:
            raise InputError(f"{path}: no audio track")
        resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
        try:
            for frame in container.decode(container.streams.audio[0]):
                pieces += [piece.to_ndarray()[0] for piece in resampler.resample(frame)]
            pieces += [piece.to_ndarray()[0] for piece in resampler.resample(None)]
        except av.FFmpegError as error:
            raise InputError(f"{path}: the audio track is damaged ({error})") from error
    first = round(start * SAMPLE_RATE)
    last = None if np.isnan(end) else round(end * SAMPLE_RATE)
    sound = np.concatenate([np.zeros(0, np.float32), *pieces])[first:last]
    if not sound.size:
        raise InputError(f"{path}: no sound between {start} s and {end} s")
    return sound


def _open(path: Path) -> av.container.InputContainer:
    try:
        return av.open(str(path))
    except (av.FFmpegError, OSError) as error:
        raise InputError(f"{path}: cannot be read as a video or sound file ({error})") from error


def encode_lossless(frames: np.ndarray) -> bytes:
    """Frames uint8 (T, H, W, 3) as a Matroska file with FFV1 in RGB: no bit of a crop is lost.

    The same frames always give the same bytes (bit-exact muxer, one slice thread).
    """
    buffer = io.BytesIO()
    with av.open(
        buffer, "w", format="matroska", container_options={"fflags": "+bitexact"}
    ) as container:
        stream = container.add_stream("ffv1", rate=FRAME_RATE)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "gbrp"
        stream.codec_context.thread_count = 1
        stream.codec_context.options = {"flags": "+bitexact"}
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def decode_video(content: bytes) -> np.ndarray:
    """The frames uint8 (T, H, W, 3) of a file made by :func:`encode_lossless`."""
    with av.open(io.BytesIO(content)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def encode_audio(sound: np.ndarray) -> bytes:
    """Mono float32 (N,) sound at 16 kHz as 16-bit FLAC; values outside [-1, 1] are clipped."""
    buffer = io.BytesIO()
    soundfile.write(buffer, np.clip(sound, -1, 1), SAMPLE_RATE, format="FLAC", subtype="PCM_16")
    return buffer.getvalue()


def decode_audio(content: bytes) -> np.ndarray:
    """The mono float32 (N,) sound of a FLAC or WAV file at 16 kHz."""
    return soundfile.read(io.BytesIO(content), dtype="float32")[0]
