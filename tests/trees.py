"""Tiny corpora: grey clips, in the layouts that the readers know; manifest rows."""

import io
from functools import cache
from pathlib import Path

import av
import numpy as np


@cache
def video_bytes(seconds: float, suffix: str = ".mp4") -> bytes:
    """Grey frames of 32x32 at 25 frames per second, and faint noise."""
    buffer = io.BytesIO()
    form, codec, audio_codec = {
        ".mp4": ("mp4", "libx264", "aac"),
        ".mpg": ("mpeg", "mpeg1video", "mp2"),
        ".avi": ("avi", "mpeg4", "mp2"),
    }[suffix]
    with av.open(buffer, "w", format=form) as container:
        stream = container.add_stream(codec, rate=25)
        stream.height = stream.width = 32
        stream.pix_fmt = "yuv420p"
        audio = container.add_stream(audio_codec, rate=16_000, layout="mono")
        for _ in range(round(25 * seconds)):
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 99, np.uint8), "rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        noise = np.random.default_rng(0).normal(0, 300, (1, round(16_000 * seconds)))
        block = av.AudioFrame.from_ndarray(noise.astype(np.int16), "s16", "mono")
        block.sample_rate, block.pts = 16_000, 0
        container.mux(audio.encode(block))
        container.mux(audio.encode(None))
    return buffer.getvalue()


def write_video(path: Path, seconds: float = 1.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(video_bytes(seconds, path.suffix))
    return path


def write_clip(path, seconds=1.0, text="HELLO WORLD", words=None):
    """A tiny mp4 of grey frames with its LRS transcript beside it."""
    write_video(path, seconds)
    lines = [f"Text:  {text}", "Conf:  4"]
    if words:
        lines += ["", "WORD START END ASDSCORE"]
        lines += [f"{word} {start} {end} 3.1" for word, start, end in words]
    path.with_suffix(".txt").write_text("\n".join(lines) + "\n")


def manifest_row(key: str = "a", file: object = "x.mp4", **changes) -> dict:
    """A row of a manifest: one second of a file in the training split; keywords change it."""
    return {
        "key": key,
        "video": str(file),
        "audio": str(file),
        "text": "bin blue",
        "start": 0.0,
        "end": float("nan"),
        "duration_s": 1.0,
        "speaker": "s",
        "split": "train",
        "shard": 0,
        "version": "1",
        **changes,
    }


PRETRAIN_WORDS = [("ONE", 0.1, 0.5), ("TWO", 0.6, 1.0), ("THREE", 1.5, 2.4)]


def write_lrs2(root: Path) -> Path:
    """Two clips of main/ for train, one each for val and test, one of pretrain/, and the lists."""
    tree = root / "mvlrs_v1"
    for name in ("111/00001", "111/00002", "222/00001", "333/00001"):
        write_clip(tree / "main" / f"{name}.mp4", 1.2, f"CLIP {name[:3]} {name[-1]}")
    write_clip(tree / "pretrain" / "111" / "00009.mp4", 2.6, "ONE TWO THREE", PRETRAIN_WORDS)
    lists = {
        "train": "111/00001\n111/00002\n",
        "val": "222/00001\n",
        "test": "333/00001 NF\n",
        "pretrain": "111/00009\n",
    }
    for name, content in lists.items():
        (root / f"{name}.txt").write_text(content)
    return root
