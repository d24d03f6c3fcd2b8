"""How fast mouths are cropped, and how far their crops move, beside the plain procedure's.

    python benchmarks/mouths.py
    python benchmarks/mouths.py --clips a.mp4 b.mp4 --every 4 --repeats 3

The plain procedure is auto_avsr's: it takes one clip after another, decodes it, detects the face in
every frame, interpolates, smooths, aligns, crops. It is spared the audio and the storing. The job
of the workflow does both: it reads the audio, and writes a shard and a ledger with lossless crops.
Each runs in one process, this one, and may use its threads as it does; loading models is left out.
They take turns clip by clip, so that a busy machine slows all of them. Processor time is printed
too: it says what the ratio is where no core is free.

Displacement is the distance, in pixels of the video, between the centres of a frame's crop when
every n-th frame is looked at and when every frame is. Beside it stands the jitter of the plain
procedure itself: the same distance when every frame is looked at, moved by one pixel.

Without ``--clips``, the clips are made of tests/data/portrait.mp4: in the first the head keeps
still, in the others it sways, nods, rolls and comes nearer along smooth random paths.
"""

import io
import logging
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from mediapipe.python.solutions.face_detection import FaceDetection

from mavsr.command import run_command
from mavsr.corpus.clips import version
from mavsr.errors import InputError
from mavsr.media import decode_video, read_video, video_frames
from mavsr.mouths.align import CROP_SIZE, MEAN_FACE, fill_missing, place, smooth
from mavsr.mouths.clip import CropSettings
from mavsr.mouths.crop import crop_rows
from mavsr.mouths.detectors import load_detector
from mavsr.mouths.landmarks import find_landmarks
from mavsr.mouths.ledger import read_ledger
from mavsr.shards import read_shard

PORTRAIT = Path(__file__).parents[1] / "tests" / "data" / "portrait.mp4"
NEVER = float("nan")
KEEP_ALL = CropSettings(min_face_share=0.0, audio="optional", max_av_gap_s=1e9)


def mouths(
    clips: list[Path] | None = None, every: int = 4, repeats: int = 3, heads: int = 8
) -> None:
    """Print the speed of the job against the plain procedure, displacement and jitter.

    Args:
        clips: videos to use instead of made ones.
        every: how many frames apart the looks of the faster way are.
        repeats: rounds in which the ways take turns.
        heads: how many clips to make.

    """
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as place_for:
        folder = Path(place_for)
        compare(clips or [move_head(folder, n) for n in range(heads)], every, repeats, folder)


def compare(paths: Sequence[Path], every: int, repeats: int, folder: Path) -> None:
    detector = FaceDetection(min_detection_confidence=0.5, model_selection=1)
    ways = {"plain": 0, "every frame": 1, f"every {every}th": every}
    for way in ways.values():
        run_way(paths[0], way, detector, folder)  # loads the models
    wall = {name: np.zeros((repeats, len(paths))) for name in ways}
    used = {name: np.zeros((repeats, len(paths))) for name in ways}
    frames = {name: np.zeros(len(paths)) for name in ways}
    crops: dict[str, list] = {name: [None] * len(paths) for name in ways}
    for turn in range(repeats):
        for number, path in enumerate(paths):
            for name, way in ways.items():
                began, began_used = time.perf_counter(), time.process_time()
                result = run_way(path, way, detector, folder)
                wall[name][turn, number] = time.perf_counter() - began
                used[name][turn, number] = time.process_time() - began_used
                crops[name][number] = result if way == 0 else read_result(folder)
                frames[name][number] = len(crops[name][number][0])
    print(f"{len(paths)} clips, {frames['every frame'].sum():.0f} frames, {repeats} rounds")
    # Per frame, because the plain procedure takes those that the file has, the job 25 a second.
    cost = {name: seconds.sum(axis=1) / frames[name].sum() for name, seconds in wall.items()}
    work = {name: seconds.sum(axis=1) / frames[name].sum() for name, seconds in used.items()}
    for name in ways:
        ratios = cost["plain"] / cost[name]
        print(
            f"{name:12} {1000 * cost[name].min():6.2f} ms a frame at best; speed against plain "
            f"{np.median(ratios):.2f} (rounds {' '.join(f'{r:.2f}' for r in ratios)}); processor "
            f"{1000 * work[name].min():.2f} ms, {np.median(work['plain'] / work[name]):.2f}"
        )
    report_crops(paths, crops["plain"], crops["every frame"], crops[f"every {every}th"])


def report_crops(paths: Sequence[Path], plain: list, exact: list, sparse: list) -> None:
    """Print whether crops are the plain procedure's, and displacement and jitter."""
    alike = [len(a[0]) == len(b[0]) for a, b in zip(plain, exact, strict=True)]
    same = [
        all(np.array_equal(x, y) for x, y in zip(a[0], b[0], strict=False))
        for a, b, equal in zip(plain, exact, alike, strict=True)
        if equal
    ]
    print(
        f"every frame: crops identical to plain in {sum(same)} of {len(same)} clips of equal length"
    )
    moved, jitter = [], []
    for path, a, b in zip(paths, exact, sparse, strict=True):
        truth = centres(a[1])
        moved.append(np.linalg.norm(centres(b[1]) - truth, axis=1))
        jitter.append(np.linalg.norm(shifted_centres(path) - truth, axis=1))
        print(f"  {path.name[-40:]:40} {spread(moved[-1])}   jitter {spread(jitter[-1])}")
    print(f"displacement {spread(np.concatenate(moved))} pixels (mean, 95th percentile, maximum)")
    print(f"jitter       {spread(np.concatenate(jitter))}")


def spread(values: np.ndarray) -> str:
    return f"{values.mean():.2f} {np.percentile(values, 95):.2f} {values.max():.1f}"


def centres(landmarks: np.ndarray) -> np.ndarray:
    """Centres of the crops (T, 2) in pixels of the video."""
    middles = []
    for points in smooth(fill_missing(landmarks)):
        similarity, left, top = place(points)
        middle = np.array([left, top]) + CROP_SIZE / 2
        middles.append(np.linalg.solve(similarity[:, :2], middle - similarity[:, 2]))
    return np.array(middles)


def shifted_centres(path: Path) -> np.ndarray:
    """Centres (T, 2) as found in frames moved by one pixel to the right, moved back."""

    class Shifted:
        def __iter__(self):
            for frame in video_frames(path):
                yield np.concatenate([np.zeros_like(frame[:, :1]), frame[:, :-1]], axis=1)

    found = find_landmarks(Shifted(), load_detector("mediapipe"), 1)
    return centres(found.landmarks) - [1, 0]


def run_way(
    path: Path, every: int, detector: FaceDetection, folder: Path
) -> tuple[list[np.ndarray], None] | None:
    """Crop a clip; 0 is the plain procedure, whose crops are returned, else they are stored."""
    if every == 0:
        return plain_clip(path, detector), None
    files = {"video": str(path), "audio": str(path), "version": version(path, b"")}
    span = {"start": 0.0, "end": NEVER, "duration_s": 0.1}
    row = {"key": "clip", "text": "bin blue", "speaker": "s", "split": "test", **files, **span}
    settings = replace(KEEP_ALL, detect_every=every)
    crop_rows([row | {"shard": 0}], folder / "0.tar", folder / "0.csv", settings)
    return None


def read_result(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Crops and landmarks of the clip that was stored last."""
    samples = dict(read_shard(folder / "0.tar"))
    if not samples:
        raise InputError("a clip was dropped: " + read_ledger(folder / "0.csv").reason[0])
    fields = samples["clip"]
    return decode_video(fields["mkv"]), np.load(io.BytesIO(fields["landmarks.npy"]))


def plain_clip(path: Path, detector: FaceDetection) -> list[np.ndarray]:
    """Decode, detect in every frame, interpolate, crop: as one would write it down."""
    with av.open(str(path)) as container:
        frames = np.stack([f.to_ndarray(format="rgb24") for f in container.decode(video=0)])
    landmarks: list[list[list[int]] | None] = []
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
        crops.append(aligned[max(y, 0) : y + 96, max(x, 0) : x + 96])
    return crops


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
            motion = motion + np.array([[0, 0, x], [0, 0, y]])
            moved = cv2.warpAffine(frame, motion, (width, height), borderMode=cv2.BORDER_REPLICATE)
            picture = av.VideoFrame.from_ndarray(moved.astype(np.uint8), "rgb24")
            container.mux(video.encode(picture))
        container.mux(video.encode(None))
        sound = random.normal(0, 0.1, (1, 640 * len(frames))).astype(np.float32)
        block = av.AudioFrame.from_ndarray(sound, "fltp", "mono")
        block.sample_rate, block.pts, block.time_base = 16_000, 0, Fraction(1, 16_000)
        container.mux(audio.encode(block))
        container.mux(audio.encode(None))
    return path


if __name__ == "__main__":
    run_command(mouths)
