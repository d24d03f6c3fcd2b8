from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from mavsr.media import read_video

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(scope="session")
def portrait() -> np.ndarray:
    return read_video(DATA / "portrait.mp4")


@pytest.fixture(scope="session")
def worked_case() -> dict[str, np.ndarray]:
    with np.load(DATA / "portrait_mouths.npz") as content:
        return dict(content)


@pytest.fixture(scope="session")
def write_mp4() -> Callable[..., Path]:
    def write(path: Path, frames: np.ndarray | None, sound: np.ndarray | None) -> Path:
        with av.open(str(path), "w") as container:
            video = audio = None
            if frames is not None:
                video = container.add_stream("libx264", rate=25)
                video.height, video.width = frames.shape[1:3]
                video.pix_fmt = "yuv420p"
                video.options = {"preset": "ultrafast", "crf": "18"}
            if sound is not None:
                audio = container.add_stream("aac", rate=16_000, layout="mono")
            if video is not None:
                for frame in frames:
                    container.mux(video.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
                container.mux(video.encode(None))
            if audio is not None:
                block = av.AudioFrame.from_ndarray(sound[None], "fltp", "mono")
                block.sample_rate, block.pts = 16_000, 0
                block.time_base = Fraction(1, 16_000)
                container.mux(audio.encode(block))
                container.mux(audio.encode(None))
        return path

    return write
