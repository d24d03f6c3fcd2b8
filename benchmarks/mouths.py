"""How much faster mouths are cropped than by the plain procedure, on the same clips, in one run.

    python benchmarks/mouths.py
    python benchmarks/mouths.py --clips a.mp4 b.mp4 --workers 8 --repeats 5

The plain procedure is one process that takes one clip after another: decode it, detect the face in
every frame, interpolate, smooth, align, crop. It reads no sound and stores nothing. The pipeline's
jobs do both: they read the sound, and write shards and ledgers with lossless crops. They run as the
workflow runs them, one process a core. Starting a process and loading its models is left out on
both sides. The three ways take turns, so that a busy machine slows all of them.

Processor time is printed too: it says what the ratio would be if the cores had nothing else to do.

Without ``--clips``, the clips are made of tests/data/portrait.mp4: in the first the head keeps
still, in the others it sways, nods, rolls and comes nearer along smooth random paths.
"""

import io
import multiprocessing
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pandas as pd
from mediapipe.python.solutions.face_detection import FaceDetection

from mavsr.command import run_command
from mavsr.errors import InputError
from mavsr.media import decode_video, read_video
from mavsr.mouths.align import MEAN_FACE
from mavsr.mouths.clip import CropSettings
from mavsr.mouths.crop import crop_rows
from mavsr.mouths.detectors import load_detector
from mavsr.mouths.ledger import read_ledger
from mavsr.shards import read_shard

PORTRAIT = Path(__file__).parents[1] / "tests" / "data" / "portrait.mp4"
NEVER = float("nan")


def mouths(
    clips: list[Path] | None = None,
    workers: int = 0,
    repeats: int = 3,
    heads: int = 16,
) -> None:
    """Print frames per second of the plain procedure and of the pipeline, and what they differ in.

    Args:
        clips: videos with sound to use instead of made ones.
        workers: processes of the pipeline; 0 means one per core.
        repeats: rounds in which the three ways take turns.
        heads: how many clips to make.

    """
    workers = workers or len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        paths = clips or [move_head(folder, n) for n in range(heads)]
        compare(paths, workers, repeats, folder)


def compare(paths: Sequence[Path], workers: int, repeats: int, folder: Path) -> None:
    detector = FaceDetection(min_detection_confidence=0.5, model_selection=1)
    plain_clip(paths[0], detector)
    seconds: dict[str, list[float]] = {"plain": [], "every frame": [], "every 5th": []}
    processor: dict[str, list[float]] = {name: [] for name in seconds}
    with multiprocessing.get_context("spawn").Pool(workers, warm_up) as pool:
        pool.map(time.sleep, [0.5] * workers, chunksize=1)
        for _ in range(repeats):
            started, used = time.perf_counter(), time.process_time()
            crops = {key(n): plain_clip(path, detector) for n, path in enumerate(paths)}
            seconds["plain"].append(time.perf_counter() - started)
            processor["plain"].append(time.process_time() - used)
            for name, every in (("every frame", 1), ("every 5th", 5)):
                shards = shards_of(paths, 4 * workers, every, folder)
                started = time.perf_counter()
                processor[name].append(sum(pool.starmap(crop_shard, shards, chunksize=1)))
                seconds[name].append(time.perf_counter() - started)
    frames = sum(map(len, crops.values()))
    print(f"{len(paths)} clips, {frames} frames, {workers} processes, {repeats} rounds")
    for name, times in seconds.items():
        rounds = [plain / own for plain, own in zip(seconds["plain"], times, strict=True)]
        print(
            f"{name:12} {frames / min(times):5.0f} frames/s at best, "
            f"{1000 * min(processor[name]) / frames:.2f} ms of processor time per frame; "
            f"speed against plain {np.median(rounds):.2f} (median of "
            f"{' '.join(f'{r:.2f}' for r in rounds)})"
        )
    exact, sparse = (read_results(folder, every) for every in (1, 5))
    if not exact.keys() == sparse.keys() == crops.keys():
        reasons = [read_ledger(path).reason for path in sorted((folder / "1").glob("*.csv"))]
        raise InputError("a clip was dropped: " + "; ".join(filter(None, pd.concat(reasons))))
    same = all(np.array_equal(exact[k][0], crops[k]) for k in crops)
    print(f"every frame: crops {'identical to' if same else 'DIFFER from'} the plain procedure's")
    shift = np.concatenate(
        [np.linalg.norm(sparse[k][1] - exact[k][1], axis=2).ravel() for k in crops]
    )
    grey = [np.abs(sparse[k][0].astype(float) - exact[k][0]).mean() for k in crops]
    print(
        f"every 5th: landmarks move by {np.nanmean(shift):.2f} pixels on average, "
        f"{np.nanpercentile(shift, 99):.1f} at most in 99 of 100; crops by {np.mean(grey):.2f} "
        "grey levels on average"
    )


def warm_up() -> None:
    next(iter(load_detector("mediapipe").looks()[0]([np.zeros((64, 64, 3), np.uint8)])))


def crop_shard(*arguments: Any) -> float:
    """Run one job; return the seconds of processor time that it took."""
    used = time.process_time()
    crop_rows(*arguments)
    return time.process_time() - used


def key(number: int) -> str:
    return f"{number:05d}"


def shards_of(paths: Sequence[Path], count: int, every: int, folder: Path) -> list[tuple]:
    """Arguments of ``crop_rows`` for ``count`` shards."""
    place = folder / str(every)
    shutil.rmtree(place, ignore_errors=True)
    rows = [
        {
            "key": key(number),
            "video": str(path),
            "audio": str(path),
            "text": "bin blue",
            "start": 0.0,
            "end": NEVER,
            "duration_s": 0.1,
            "speaker": "s",
            "split": "test",
            "shard": number % count,
        }
        for number, path in enumerate(paths)
    ]
    settings = CropSettings(detect_every=every)
    return [
        (rows[n::count], place / f"{n:05d}.tar", place / f"{n:05d}.csv", settings)
        for n in range(min(count, len(rows)))
    ]


def read_results(folder: Path, every: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Key -> crops and landmarks."""
    found = {}
    for shard in sorted((folder / str(every)).glob("*.tar")):
        for name, fields in read_shard(shard):
            landmarks = np.load(io.BytesIO(fields["landmarks.npy"]))
            found[name] = decode_video(fields["mkv"]), landmarks
    return found


def plain_clip(path: Path, detector: FaceDetection) -> np.ndarray:
    """Decode, detect in every frame, interpolate, crop: as one would write it down."""
    with av.open(str(path)) as container:
        frames = np.stack([f.to_ndarray(format="rgb24") for f in container.decode(video=0)])
    landmarks = []
    for frame in frames:
        faces = detector.process(frame).detections
        if not faces:
            landmarks.append(None)
            continue
        boxes = [face.location_data.relative_bounding_box for face in faces]
        face = faces[int(np.argmax([box.width * box.height for box in boxes]))]
        landmarks.append(
            [
                [int(point.x * frame.shape[1]), int(point.y * frame.shape[0])]
                for point in face.location_data.relative_keypoints[:4]
            ]
        )
    seen = [i for i, points in enumerate(landmarks) if points is not None]
    known = np.array([landmarks[i] for i in seen], float).reshape(len(seen), 8)
    filled = np.stack([np.interp(range(len(frames)), seen, column) for column in known.T], axis=1)
    filled = filled.reshape(-1, 4, 2)
    crops = []
    for i, frame in enumerate(frames):
        margin = min(6, i, len(frames) - 1 - i)
        points = filled[i - margin : i + margin + 1].mean(axis=0)
        points = points + filled[i].mean(axis=0) - points.mean(axis=0)
        transform, _ = cv2.estimateAffinePartial2D(points, MEAN_FACE, method=cv2.LMEDS)
        aligned = cv2.warpAffine(frame, transform, (256, 256))
        x, y = np.rint(transform[:, :2] @ points[3] + transform[:, 2] - 48).astype(int)
        crops.append(aligned[y : y + 96, x : x + 96])
    return np.stack(crops)


def move_head(folder: Path, number: int) -> Path:
    """Write a clip of four seconds; the portrait's head moves along a path of its own from 1 on."""
    random = np.random.default_rng(number)
    still = read_video(PORTRAIT)
    frames = np.concatenate([still, still[::-1]])
    # Sideways and up (pixels), roll (degrees), nearness: sums of slow sines, up to about 1 Hz.
    times = np.arange(len(frames)) / 25
    paths = []
    for most in (18.0, 10.0, 8.0, 0.1) if number else (0.0, 0.0, 0.0, 0.0):
        rates, phases = random.uniform(0.15, 1.0, 3), random.uniform(0, 2 * np.pi, 3)
        sines = np.sin(2 * np.pi * rates * times[:, None] + phases) * random.dirichlet(np.ones(3))
        paths.append(most * sines.sum(axis=1))
    height, width = frames.shape[1:3]
    path = folder / f"head{number:02d}.mp4"
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25, options={"crf": "18"})
        video.height, video.width, video.pix_fmt = height, width, "yuv420p"
        audio = container.add_stream("aac", rate=16_000, layout="mono")
        for frame, x, y, roll, near in zip(frames, *paths, strict=True):
            motion = cv2.getRotationMatrix2D((width / 2, height / 2), roll, 1 + near)
            motion[:, 2] += x, y
            moved = cv2.warpAffine(frame, motion, (width, height), borderMode=cv2.BORDER_REPLICATE)
            container.mux(video.encode(av.VideoFrame.from_ndarray(moved, "rgb24")))
        container.mux(video.encode(None))
        sound = random.normal(0, 0.1, (1, 640 * len(frames))).astype(np.float32)
        block = av.AudioFrame.from_ndarray(sound, "fltp", "mono")
        block.sample_rate, block.pts, block.time_base = 16_000, 0, Fraction(1, 16_000)
        container.mux(audio.encode(block))
        container.mux(audio.encode(None))
    return path


if __name__ == "__main__":
    run_command(mouths)
