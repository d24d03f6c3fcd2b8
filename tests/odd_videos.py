"""Videos in many containers, written so that players show them oddly."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from mavsr import media

CODECS = {
    ".mp4": ("libx264", "aac"),
    ".mkv": ("libx264", "aac"),
    ".ts": ("libx264", "aac"),
    ".flv": ("libx264", "aac"),
    ".mov": ("libx264", "pcm_s16le"),
    ".avi": ("mpeg4", "libmp3lame"),
    ".mpg": ("mpeg1video", "mp2"),
    ".webm": ("libvpx", "libopus"),
    ".aac": ("", "aac"),
    ".h264": ("libx264", ""),
}
FLASHES = (1, 2, 3, 4, 5)


def moving(count: int, height: int = 64, width: int = 96) -> np.ndarray:
    """Frames of which each differs from all others and lights up for 0.1 s at every flash."""
    rows, columns = np.mgrid[:height, :width]
    frames = np.empty((count, height, width, 3), np.uint8)
    for number in range(count):
        frames[number] = (rows * 2 + columns + 7 * number)[..., None] % 120
        frames[number, :16, :16] = 250 if number >= 25 and number % 25 < 3 else 0
    return frames


def clicks(seconds: float, rate: int = 48_000) -> np.ndarray:
    """A quiet rising tone with a loud burst at every flash, float32 (1, N)."""
    # No noise: AAC stores its level only, and its decoder makes another one each time.
    time = np.arange(round(seconds * rate)) / rate
    audio = 0.03 * np.sin(2 * np.pi * (150 + 40 * time) * time).astype(np.float32)[None]
    for flash in FLASHES:
        burst = 0.8 * np.sin(6283 * np.arange(rate // 50) / rate)
        audio[:, flash * rate :][:, : len(burst)] += burst[: max(audio.shape[1] - flash * rate, 0)]
    return audio


def write(
    path: Path,
    frames: np.ndarray | None = None,
    audio: np.ndarray | None = None,
    *,
    rate: int = 48_000,
    gop: int = 12,
    b_frames: int = 2,
    options: dict[str, str] | None = None,
    codec_options: dict[str, str] | None = None,
    aspect: Fraction | None = None,
    change: Callable[[av.Packet], None] = lambda packet: None,
    times: Sequence[int] | None = None,
) -> Path:
    """Encode ``frames`` (T, H, W, 3) at 25 per second and ``audio`` (channels, N).

    Args:
        path: the file; its suffix decides on the codecs.
        frames: its video.
        audio: its audio.
        rate: samples per second.
        gop: frames from one key frame to the next.
        b_frames: frames that lean on later ones, between two others.
        options: of the container.
        codec_options: of the video codec.
        aspect: width of a pixel in heights.
        change: is given every audio packet before it is written.
        times: when each frame is shown, in frames of 25 per second.
    """
    video_codec, audio_codec = CODECS[path.suffix]
    with av.open(str(path), "w", options=options or {}) as container:
        packets = []
        if frames is not None:
            more = {"preset": "veryfast", "crf": "12"} if video_codec == "libx264" else {"b": "2M"}
            stream = container.add_stream(video_codec, rate=25)
            stream.height, stream.width = frames.shape[1:3]
            stream.pix_fmt = "yuv420p"
            stream.codec_context.options = {**more, **(codec_options or {})}
            stream.codec_context.gop_size = gop
            stream.codec_context.max_b_frames = 0 if video_codec == "libvpx" else b_frames
            stream.codec_context.thread_count = 1
            if aspect:
                stream.codec_context.sample_aspect_ratio = aspect
                stream.sample_aspect_ratio = aspect
            for number, pixels in enumerate(frames):
                frame = av.VideoFrame.from_ndarray(pixels, "rgb24")
                if times is not None:
                    frame.pts, frame.time_base = times[number], Fraction(1, 25)
                packets += stream.encode(frame)
            packets += stream.encode(None)
        if audio is not None:
            packets += encode(container, audio_codec, audio, rate, change)
        for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
            container.mux(packet)
    return path


LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1"}


def encode(container, codec, audio, rate, change=lambda packet: None) -> list[av.Packet]:
    """Add an audio track of (channels, N) and return its packets."""
    layout = LAYOUTS[len(audio)]
    stream = container.add_stream(codec, rate=rate, layout=layout)
    whole = av.AudioFrame.from_ndarray(np.ascontiguousarray(audio, np.float32), "fltp", layout)
    whole.sample_rate, whole.pts, whole.time_base = rate, 0, Fraction(1, rate)
    packets = [*stream.encode(whole), *stream.encode(None)]
    for packet in packets:
        change(packet)
    return packets


def late_after(start: float, seconds: float) -> Callable[[av.Packet], None]:
    """Packets from ``start`` on come ``seconds`` later."""

    def change(packet):
        if packet.pts * packet.time_base >= start:
            packet.pts += round(seconds / packet.time_base)
            packet.dts = packet.pts

    return change


def shifted(source: Path, path: Path, seconds: float, **options: str) -> Path:
    """The packets of a file with other time stamps; MP4 hides what is before 0 by an edit list."""
    with av.open(str(source)) as given, av.open(str(path), "w", options=options) as made:
        tracks = {s.index: made.add_stream_from_template(s) for s in given.streams}
        for packet in given.demux():
            if packet.dts is not None:
                ticks = round(seconds / packet.time_base)
                packet.pts, packet.dts = packet.pts + ticks, packet.dts + ticks
                packet.stream = tracks[packet.stream.index]
                made.mux(packet)
    return path


def onsets(path: Path, start: float = 0.0, end: float = float("nan")):
    """Seconds of the file at which it flashes, and at which it clicks."""
    light = media.read_video(path, start, end)[:, 3:12, 3:12].mean(axis=(1, 2, 3)) > 128
    return flashes_of(light) + start, clicks_of(path, start, end)


def flashes_of(light: np.ndarray) -> np.ndarray:
    return np.flatnonzero(light & ~np.concatenate([[False], light[:-1]])) / 25


def clicks_of(path: Path, start: float = 0.0, end: float = float("nan")) -> np.ndarray:
    loud = np.flatnonzero(np.abs(media.read_audio(path, start, end)) > 0.3) / 16_000
    return loud[np.concatenate([[True], np.diff(loud) > 0.2])] + start if loud.size else loud
