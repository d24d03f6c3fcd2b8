from pathlib import Path

import pandas as pd
import pytest
from test_lrs3 import write_clip

from mavsr.corpus.lrs3 import Clip
from mavsr.corpus.manifest import read_manifest
from mavsr.corpus.scan import assign_splits, build_manifests, scan, validation_speakers
from mavsr.errors import InputError

SHARDS = {"train": 4, "val": 2, "test": 1}


def clip(folder, speaker, number, **changes):
    key = f"{folder}-{speaker}-{number:05d}"
    values = {"text": "hello", "duration_s": 1.0, **changes}
    return Clip(key, folder, speaker, Path(f"{key}.mp4"), **values)


CLIPS = [
    *(clip("trainval", f"s{n % 20:02d}", n) for n in range(200)),
    *(clip("pretrain", f"s{n % 25:02d}", n) for n in range(100)),
    *(clip("test", f"t{n % 5}", n) for n in range(30)),
]


def keys(pairs, split):
    return {clip.key for found, clip in pairs if found == split}


def speakers(pairs, split):
    return {clip.speaker for found, clip in pairs if found == split}


def test_validation_speakers_are_heard_nowhere_else():
    pairs = assign_splits(CLIPS, 0.1, 0)
    held_out = speakers(pairs, "val")
    assert held_out
    assert not held_out & speakers(pairs, "train")
    assert not any(c.folder == "pretrain" and c.speaker in held_out for _, c in pairs)
    assert keys(pairs, "val") == {
        c.key for c in CLIPS if c.speaker in held_out and c.folder == "trainval"
    }
    assert keys(pairs, "train") == {
        c.key for c in CLIPS if c.speaker not in held_out and c.folder != "test"
    }
    assert keys(pairs, "test") == {c.key for c in CLIPS if c.folder == "test"}


@pytest.mark.parametrize(("share", "count"), [(0.01, 1), (0.05, 1), (0.06, 2), (0.5, 10)])
def test_as_many_speakers_as_the_share_needs(share, count):
    assert len(validation_speakers(CLIPS, share, 0)) == count


def test_the_choice_follows_the_seed_and_the_names_alone():
    chosen = validation_speakers(CLIPS, 0.2, 0)
    assert validation_speakers(list(reversed(CLIPS)), 0.2, 0) == chosen
    assert validation_speakers(CLIPS, 0.2, 1) != chosen
    assert validation_speakers(CLIPS, 0.1, 0) < chosen


def test_a_clip_stays_in_its_shard_when_others_come_and_go():
    def shard_of(clips):
        tables = build_manifests(assign_splits(clips, 0.1, 0), SHARDS)
        return {row.key: (row.split, row.shard) for t in tables.values() for row in t.itertuples()}

    whole, part = shard_of(CLIPS), shard_of([c for c in CLIPS if c.key[-1] not in "37"])
    common = {key for key in part if part[key][0] == whole.get(key, (None,))[0]}
    assert len(common) > 100
    assert all(part[key] == whole[key] for key in common)
    for split, count in SHARDS.items():
        numbers = {shard for found, shard in whole.values() if found == split}
        assert numbers <= set(range(count))
    assert {shard for found, shard in whole.values() if found == "train"} == set(range(4))


def test_bad_clips_are_left_out():
    bad = clip("trainval", "s01", 999, problem="broken")
    tables = build_manifests(assign_splits([*CLIPS, bad], 0.1, 0), SHARDS)
    assert not any(bad.key in set(table.key) for table in tables.values())


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "lrs3"
    for n in range(6):
        write_clip(root / "trainval" / f"s{n % 3}" / f"{n:05d}.mp4", text=f"CLIP {n}")
    words = [("ONE", 0.0, 0.4), ("TWO", 0.5, 0.9)]
    for speaker in range(3):
        write_clip(root / "pretrain" / f"s{speaker}" / "00009.mp4", 1.0, "ONE TWO", words)
    write_clip(root / "test" / "t0" / "00000.mp4")
    (root / "trainval" / "s0" / "00010.mp4").write_bytes(b"no video")
    return root


def run_scan(tree, folder, **changes):
    options = {"shards": SHARDS, "longest_segment_s": 4, "validation_share": 0.2, "seed": 0}
    scan(tree, folder, **{**options, **changes})


def test_scan_writes_manifests_and_what_was_dropped(tree, tmp_path):
    run_scan(tree, tmp_path / "out")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"train.parquet", "val.parquet", "test.parquet", "dropped.csv"}
    tables = {s: read_manifest(tmp_path / "out" / f"{s}.parquet") for s in ("train", "val", "test")}
    assert {s: set(table.split) for s, table in tables.items()} == {s: {s} for s in tables}
    assert len(tables["val"]) == 2
    assert len(tables["train"]) == 4 + 2
    assert not set(tables["train"].speaker) & set(tables["val"].speaker)
    dropped = pd.read_csv(tmp_path / "out" / "dropped.csv")
    assert dropped.key.tolist() == ["trainval-s0-00010"]
    assert "cannot be read as a video" in dropped.reason[0]


def test_scan_gives_the_same_bytes_again(tree, tmp_path):
    for name in ("one", "two"):
        run_scan(tree, tmp_path / name)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name


def test_a_split_without_clips_is_named(tree, tmp_path):
    with pytest.raises(InputError, match="no usable clip for the split 'train'"):
        run_scan(tree, tmp_path, validation_share=0.99)
    (tree / "test" / "t0" / "00000.mp4").unlink()
    (tree / "test" / "t0" / "00000.txt").unlink()
    with pytest.raises(InputError, match="no usable clip for the split 'test'"):
        run_scan(tree, tmp_path)
