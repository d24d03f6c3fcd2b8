"""Tiny corpora of ready-made crops, in the layouts that ``kind: crops`` reads."""

import io
import tarfile
from pathlib import Path

import av
import numpy as np
import soundfile

from mavsr.corpus.scan import read_corpus

SPLITS = ("train", "val", "test")
SHARDS = dict.fromkeys(SPLITS, 1)


def make_crops(seed: int, frames: int = 25, size: int = 96) -> np.ndarray:
    """Smooth moving pictures uint8 (T, size, size, 3), different for each seed."""
    phase = np.random.default_rng(seed).uniform(0, 6, 3)
    y, x, t = np.mgrid[0:size, 0:size, 0:frames] / [[[[size]]], [[[size]]], [[[25.0]]]]
    waves = [np.sin(4 * x + 3 * y + 5 * t + p) for p in phase]
    return np.stack([127 + 90 * wave for wave in waves], axis=-1).transpose(2, 0, 1, 3).astype("u1")


def make_audio(seed: int, seconds: float = 1.0, rate: int = 16_000) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, round(rate * seconds)).astype(np.float32)


def mp4_bytes(crops: np.ndarray, rate: int = 25, pixels: str = "yuv420p") -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        # The same bytes every time.
        options = {"crf": "6", "x264-params": "no-mbtree=1"}
        stream = container.add_stream("libx264", rate=rate, options=options)
        stream.codec_context.thread_count = 1
        stream.height, stream.width = crops.shape[1:3]
        stream.pix_fmt = pixels
        for frame in crops:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame)))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def wav_bytes(audio: np.ndarray, rate: int = 16_000) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, audio, rate, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


def write_pair(video: Path, seed: int = 0, frames: int = 25) -> Path:
    """A video of crops and the ``.wav`` beside it."""
    video.parent.mkdir(parents=True, exist_ok=True)
    video.write_bytes(mp4_bytes(make_crops(seed, frames)))
    video.with_suffix(".wav").write_bytes(wav_bytes(make_audio(seed, frames / 25)))
    return video


def write_tree(root: Path, dataset: str = "lrs3") -> dict[str, list[str]]:
    """Two clips a split with a list each, as auto_avsr and the public code lay them out.

    Returns:
        ``splits`` for the config.
    """
    splits = {}
    for number, split in enumerate(SPLITS):
        lines = []
        for clip in range(2):
            path = f"{dataset}_video_seg16s/{split}/s{number}/{clip:05d}.mp4"
            write_pair(root / dataset / path, 10 * number + clip)
            lines.append(f"{dataset},{path},25,17 4 9,well, yes {split} {clip}")
        labels = Path("labels", f"{dataset}_{split}_transcript_lengths_seg16s_25.csv")
        (root / labels).parent.mkdir(exist_ok=True)
        (root / labels).write_text("\n".join(lines) + "\n")
        splits[split] = [str(labels)]
    return splits


def write_archive(path: Path, members: dict[str, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def sample(key: str, seed: int = 0, text: str = "bin blue", frames: int = 25) -> dict[str, bytes]:
    """Members of one sample: video, audio, text."""
    return {
        f"{key}.mp4": mp4_bytes(make_crops(seed, frames)),
        f"{key}.txt": text.encode(),
        f"{key}.wav": wav_bytes(make_audio(seed, frames / 25)),
    }


def read(root, splits, audio="required"):
    """What the corpus stage reads."""
    return read_corpus(root, {"kind": "crops", "splits": splits}, 0, audio)


def lost(clips):
    return {clip.key: clip.problem for clip in clips if clip.problem}


def of_split(clips, split):
    return [clip for clip in clips if clip.split == split]
