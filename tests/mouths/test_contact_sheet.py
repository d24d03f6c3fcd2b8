import csv

import cv2
import numpy as np
import pandas as pd
import pytest

from mavsr.media import encode_lossless
from mavsr.mouths.contact_sheet import PER_ROW, choose, draw, shorten
from mavsr.mouths.ledger import Entry, largest_jump, write_ledger
from mavsr.mouths.summary import cause, summarise
from mavsr.shards import write_shard


def entry(key, split="test", shard=0, reason="", **changes):
    values = {"frames": 9, "face_share": 1.0, "largest_jump": 0.1, "duration_s": 36.0}
    return Entry(
        key=key,
        split=split,
        shard=shard,
        kept=not reason,
        reason=reason,
        av_gap_s=0.0,
        **(values | changes),
    )


def test_clips_with_remarks_come_before_all_others():
    entries = [entry("a", face_share=0.95), entry("b", remarks="face in profile"), entry("c")]
    assert choose(table(entries), 3).key.tolist() == ["b", "a", "c"]


def table(entries):
    return pd.DataFrame(entries)


def test_the_most_doubtful_clips_come_first_then_a_sample_of_the_rest():
    entries = [entry(f"k{n:02d}", face_share=1 - 0.01 * n, largest_jump=0) for n in range(20)]
    entries += [entry(f"j{n}", face_share=1.0, largest_jump=n) for n in range(1, 5)]
    chosen = choose(table(entries), 6)
    assert chosen.key.tolist()[:3] == ["k19", "k18", "k17"]
    assert chosen.key.tolist()[-1] == "k00" and len(chosen) == 6
    assert choose(table(entries), 99).key.tolist()[19:24] == ["j4", "j3", "j2", "j1", "k00"]


def frames_of(level):
    """Nine crops, whose first, middle and last are level, level + 20 and level + 40."""
    frames = np.zeros((9, 96, 96, 3), np.uint8)
    frames[[0, 4, 8]] += np.array([level, level + 20, level + 40], np.uint8)[:, None, None, None]
    frames[..., 0] += 5
    return frames


@pytest.fixture
def split(tmp_path):
    """Two shards with three kept clips, one of them dropped."""
    levels = {0: {"a": 100, "b": 150}, 1: {"c": 200}}
    for shard, clips in levels.items():
        samples = [(key, {"mkv": encode_lossless(frames_of(v))}) for key, v in clips.items()]
        write_shard(tmp_path / f"{shard:05d}.tar", iter(samples))
    entries = [
        entry("a"),
        entry("b", face_share=0.5, remarks="face in 50 % of the frames"),
        entry("c", shard=1, largest_jump=0.9, remarks="landmarks jump"),
        entry("d", reason="no face in any frame; check", face_share=0.0),
    ]
    write_ledger(tmp_path / "ledger.csv", entries)
    return tmp_path


def test_the_sheet_shows_first_middle_and_last_frames_in_order(split):
    shards = [split / "00000.tar", split / "00001.tar"]
    draw(split / "ledger.csv", shards, split / "portrait_test.png")
    page = cv2.imread(str(split / "portrait_test.png"))[..., ::-1].astype(int)
    row = page[110]
    shown = [
        level
        for level in (100, 120, 140, 150, 170, 190, 200, 220, 240)
        if (row == (level + 5, level, level)).all(axis=1).sum() == 96
    ]
    assert len(shown) == 9
    places = {v: np.flatnonzero((row == (v + 5, v, v)).all(axis=1))[0] for v in shown}
    assert sorted(places, key=places.get) == [150, 170, 190, 200, 220, 240, 100, 120, 140]
    red = (page[..., 0] > 150) & (page[..., 1] < 100)
    assert red.any()


def test_same_split_same_bytes(split):
    for name in ("one.png", "two.png"):
        draw(split / "ledger.csv", [split / "00000.tar", split / "00001.tar"], split / name, 2)
    first, second = (cv2.imread(str(split / name)) for name in ("one.png", "two.png"))
    assert first.shape == second.shape and np.array_equal(first[64:], second[64:])


@pytest.mark.parametrize("count", [0, 1, PER_ROW + 1])
def test_any_number_of_clips_can_be_drawn(tmp_path, count):
    keys = [f"k{n}" for n in range(count)]
    samples = [(key, {"mkv": encode_lossless(frames_of(50))}) for key in keys]
    write_shard(tmp_path / "00000.tar", iter(samples))
    write_ledger(tmp_path / "ledger.csv", [entry(key) for key in keys])
    draw(tmp_path / "ledger.csv", [tmp_path / "00000.tar"], tmp_path / "sheet.png")
    assert cv2.imread(str(tmp_path / "sheet.png")).shape[0] > 64


def test_long_keys_are_shortened_in_the_middle():
    assert shorten("a" * 38) == "a" * 38
    assert len(shorten("pretrain-" + "x" * 60 + "-00012-003")) == 38
    assert shorten("pretrain-" + "x" * 60 + "-00012-003").endswith("-00012-003")


def test_the_summary_counts_by_split_and_cause(tmp_path):
    test = [entry("a"), entry("b", face_share=0.5, frames=27)]
    test += [entry("c", reason="too short: 5 frames, fewer than min_frames 12", frames=5)]
    test += [entry("d", reason="too short: 7 frames, fewer than min_frames 12", frames=7)]
    train = [entry("e", split="train")]
    train += [entry("f", split="train", shard=-1, reason="transcript x/f.txt is missing")]
    write_ledger(tmp_path / "test.csv", test)
    write_ledger(tmp_path / "train.csv", train)
    summarise([tmp_path / "train.csv", tmp_path / "test.csv"], tmp_path / "summary.csv")
    rows = list(csv.DictReader((tmp_path / "summary.csv").open()))
    short = "too short: # frames, fewer than min_frames #"
    assert [(r["split"], r["outcome"], r["cause"], r["clips"], r["hours"]) for r in rows] == [
        ("train", "kept", "", "1", "0.01"),
        ("train", "dropped", "transcript file is missing", "1", "0.01"),
        ("test", "kept", "", "2", "0.02"),
        ("test", "dropped", short, "2", "0.02"),
        ("all", "kept", "", "3", "0.03"),
        ("all", "dropped", short, "2", "0.02"),
        ("all", "dropped", "transcript file is missing", "1", "0.01"),
    ]
    assert float(rows[2]["face_share"]) == pytest.approx((9 + 0.5 * 27) / 36, abs=1e-4)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/d/a b/é 1.mp4: no audio track", "c/2.mp4: no audio track"),
        (
            "a/1.mp4: cannot be read as a video or sound file ([Errno 2] No such file: 'a/1.mp4')",
            "b/2.mp4: cannot be read as a video or sound file (moov atom missing)",
        ),
        (
            "video and audio differ in length by +0.96 s, more than max_av_gap_s 0.5",
            "video and audio differ in length by -12.1 s, more than max_av_gap_s 0.5",
        ),
        (
            "no landmarks for x/1.mp4 under /l; mouths.landmarks must",
            "no landmarks for y/2.mp4 under /l; mouths.landmarks must",
        ),
    ],
)
def test_causes_leave_out_what_differs_from_clip_to_clip(one, other):
    assert cause(one) == cause(other) != ""
    assert "/" not in cause(one)


def test_the_largest_jump_is_in_eye_distances():
    face = np.array([[0.0, 0], [40, 0], [20, 20], [20, 40]])
    moves = np.array([[0, 0], [4, 0], [4, 30], [4, 30]])
    landmarks = face + moves[:, None]
    assert largest_jump(landmarks) == pytest.approx(0.75)
    assert largest_jump(landmarks[:1]) == 0


def test_skipping_frames_does_not_make_a_jump_smaller():
    face = np.array([[0.0, 0], [40, 0], [20, 20], [20, 40]])
    landmarks = np.broadcast_to(face, (11, 4, 2)).copy()
    landmarks[6:] += [54, 0]
    skipped = np.full_like(landmarks, np.nan)
    skipped[::5] = landmarks[::5]
    assert largest_jump(landmarks) == largest_jump(skipped) == pytest.approx(1.35)
