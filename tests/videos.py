"""Videos with video and audio tracks, as a camera would give them."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np


def write_mp4(
    path: Path,
    frames: np.ndarray | None = None,
    sound: np.ndarray | None = None,
    rate: float | Fraction = 25,
    sample_rate: int = 16_000,
    gop: int = 12,
) -> Path:
    """H.264 ``frames`` (T, H, W, 3) at ``rate`` and AAC ``sound``, (N,) or (channels, N)."""
    with av.open(str(path), "w") as container:
        video = audio = None
        if frames is not None:
            video = container.add_stream("libx264", rate=rate)
            video.height, video.width = frames.shape[1:3]
            video.pix_fmt = "yuv420p"
            video.options = {"preset": "veryfast", "crf": "10", "g": str(gop)}
        if sound is not None:
            channels = np.atleast_2d(sound).astype(np.float32)
            layout = "stereo" if len(channels) == 2 else "mono"
            audio = container.add_stream("aac", rate=sample_rate, layout=layout)
        if video is not None:
            for frame in frames:
                container.mux(video.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
            container.mux(video.encode(None))
        if audio is not None:
            block = av.AudioFrame.from_ndarray(channels, "fltp", layout)
            block.sample_rate, block.pts = sample_rate, 0
            block.time_base = Fraction(1, sample_rate)
            container.mux(audio.encode(block))
            container.mux(audio.encode(None))
    return path
