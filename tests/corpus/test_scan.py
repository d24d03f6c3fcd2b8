from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from trees import write_clip

from mavsr.corpus.clips import Clip, draw_speakers
from mavsr.corpus.lrs import Source
from mavsr.corpus.lrs3 import hold_out_share
from mavsr.corpus.manifest import COLUMNS, read_manifest
from mavsr.corpus.scan import build_manifests, refuse_shared_keys, scan
from mavsr.errors import InputError
from mavsr.tables import read_csv

SHARDS = {"train": 4, "val": 2, "test": 1}


def source(part, speaker, number):
    split = "test" if part == "test" else "train"
    return Source(split, part, Path(part, speaker, f"{number:05d}.mp4"))


SOURCES = [
    *(source("trainval", f"s{n % 20:02d}", n) for n in range(200)),
    *(source("pretrain", f"s{n % 25:02d}", n) for n in range(100)),
    *(source("test", f"t{n % 5}", n) for n in range(30)),
]


def clips_of(sources):
    return [Clip(s.key, s.split, s.speaker, s.video, "hello", duration_s=1.0) for s in sources]


def keys(sources, split):
    return {source.key for source in sources if source.split == split}


def speakers(sources, split):
    return {source.speaker for source in sources if source.split == split}


def test_validation_speakers_are_heard_nowhere_else():
    used, refused = hold_out_share(SOURCES, 0.1, 0)
    held_out = speakers(used, "val")
    assert held_out
    assert not held_out & speakers(used, "train")
    assert {clip.key for clip in refused} == {
        s.key for s in SOURCES if s.part == "pretrain" and s.speaker in held_out
    }
    assert keys(used, "val") == {
        s.key for s in SOURCES if s.speaker in held_out and s.part == "trainval"
    }
    assert keys(used, "train") == {
        s.key for s in SOURCES if s.speaker not in held_out and s.part != "test"
    }
    assert keys(used, "test") == {s.key for s in SOURCES if s.part == "test"}


COUNTS = Counter(s.speaker for s in SOURCES if s.part == "trainval")


@pytest.mark.parametrize(("share", "count"), [(0.01, 1), (0.05, 1), (0.06, 2), (0.5, 10)])
def test_as_many_speakers_as_the_share_needs(share, count):
    assert len(draw_speakers(COUNTS, share * 200, 0, "val")) == count


def test_the_choice_follows_the_seed_and_the_names_alone():
    chosen = draw_speakers(COUNTS, 40, 0, "val")
    assert draw_speakers(dict(reversed(COUNTS.items())), 40, 0, "val") == chosen
    assert draw_speakers(COUNTS, 40, 1, "val") != chosen
    assert draw_speakers(COUNTS, 40, 0, "test") != chosen
    assert draw_speakers(COUNTS, 20, 0, "val") < chosen


def test_a_clip_stays_in_its_shard_when_others_come_and_go():
    def shard_of(sources):
        used, _ = hold_out_share(sources, 0.1, 0)
        tables = build_manifests(clips_of(used), SHARDS)
        return {row.key: (row.split, row.shard) for t in tables.values() for row in t.itertuples()}

    whole, part = shard_of(SOURCES), shard_of([s for s in SOURCES if s.key[-1] not in "37"])
    common = {key for key in part if part[key][0] == whole.get(key, (None,))[0]}
    assert len(common) > 100
    assert all(part[key] == whole[key] for key in common)
    for split, count in SHARDS.items():
        numbers = {shard for found, shard in whole.values() if found == split}
        assert numbers <= set(range(count))
    assert {shard for found, shard in whole.values() if found == "train"} == set(range(4))


def test_bad_clips_are_left_out():
    bad = Clip("trainval-s01-00999", "train", "s01", Path("x.mp4"), problem="broken")
    tables = build_manifests([*clips_of(SOURCES), bad], SHARDS)
    assert len(tables["train"]) == 300
    assert bad.key not in set(tables["train"].key)


def test_of_two_clips_with_one_key_neither_is_taken():
    one, two, *others = clips_of(SOURCES)
    twin = replace(two, key=one.key)
    again = replace(others[0])
    elsewhere = replace(others[1], split="val")
    bad = replace(others[2], problem="broken")
    found = refuse_shared_keys([one, twin, *others, again, elsewhere, bad])
    lost = {clip.video: clip.problem for clip in found if clip.problem}
    assert set(lost) == {one.video, two.video, others[0].video, bad.video}
    assert f"{two.video} would have the same key" in lost[one.video]
    assert f"{one.video} would have the same key" in lost[two.video]
    assert lost[others[0].video] == "listed 2 times; keep one row"
    assert len(found) == len(SOURCES) + 3


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


def run_scan(tree, folder, validation_share=0.2):
    reading = {"kind": "lrs3", "longest_segment_s": 4, "validation_share": validation_share}
    scan(tree, folder, SHARDS, reading)


def test_scan_writes_manifests_and_what_was_dropped(tree, tmp_path):
    run_scan(tree, tmp_path / "out")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"train.parquet", "val.parquet", "test.parquet", "dropped.csv"}
    tables = {s: read_manifest(tmp_path / "out" / f"{s}.parquet") for s in ("train", "val", "test")}
    assert {s: set(table.split) for s, table in tables.items()} == {s: {s} for s in tables}
    assert len(tables["val"]) == 2
    assert len(tables["train"]) == 4 + 2
    assert not set(tables["train"].speaker) & set(tables["val"].speaker)
    dropped = read_csv(tmp_path / "out" / "dropped.csv", "list")
    (held_out,) = set(tables["val"].speaker)
    assert dict(zip(dropped.key, dropped.split, strict=True)) == {
        "trainval-s0-00010": "val" if held_out == "s0" else "train",
        f"pretrain-{held_out}-00009": "unused",
    }
    reasons = dict(zip(dropped.key, dropped.reason, strict=True))
    assert "cannot be read as a video" in reasons["trainval-s0-00010"]
    assert list(tables["train"].columns) == list(COLUMNS)


def test_scan_gives_the_same_bytes_again(tree, tmp_path):
    for name in ("one", "two"):
        run_scan(tree, tmp_path / name)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name


def test_a_split_without_clips_is_named(tree, tmp_path):
    with pytest.raises(InputError, match="holds out every speaker of training"):
        run_scan(tree, tmp_path, validation_share=0.99)
    (tree / "test" / "t0" / "00000.mp4").unlink()
    with pytest.raises(
        InputError, match=r"split 'test'; all 1 were left out.*00000.mp4 is missing"
    ):
        run_scan(tree, tmp_path)
    (tree / "test" / "t0" / "00000.txt").unlink()
    with pytest.raises(InputError, match="no usable clip for the split 'test'; none is found"):
        run_scan(tree, tmp_path)
