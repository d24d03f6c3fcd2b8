"""Export in auto_avsr's layout: read back by its description, and by ``kind: crops``."""

import json
import shutil
from pathlib import Path

import av
import numpy as np
import pandas as pd
import pytest
import soundfile
from crops import SPLITS, make_audio, make_crops, read

from mavsr.corpus.export import export
from mavsr.corpus.scan import scan
from mavsr.errors import InputError
from mavsr.media import decode_audio, decode_video, encode_audio, encode_lossless
from mavsr.mouths.clip import CropSettings
from mavsr.mouths.crop import crop
from mavsr.shards import read_shard, write_index, write_shard

TEXTS = {"a": "bin blue", "b": "well, yes", "c": "ünïcode's"}


def write_split(folder, clips):
    """A finished split; key -> (seed, text, speaker)."""
    samples = [
        (
            key,
            {
                "mkv": encode_lossless(make_crops(seed)),
                "flac": encode_audio(make_audio(seed)),
                "json": json.dumps({"text": text, "speaker": speaker, "frames": 25}).encode(),
            },
        )
        for key, (seed, text, speaker) in clips.items()
    ]
    write_shard(folder / "00000.tar", iter(samples[:2]))
    write_shard(folder / "00001.tar", iter(samples[2:]))
    write_index(folder / "index.json", sorted(folder.glob("*.tar")), {})


@pytest.fixture
def results(tmp_path):
    """Crops of three splits of three clips, as the mouths stage leaves them."""
    for number, split in enumerate(SPLITS):
        clips = {
            f"{split}-{key}": (3 * number + n, text, "Ann B.")
            for n, (key, text) in enumerate(TEXTS.items())
        }
        write_split(tmp_path / "results" / "mouths" / "mine" / split, clips)
    return tmp_path / "results"


def public_loader(root: Path, labels: Path):
    """What the public code does: five fields a line, split at commas; video, then audio beside it.

    From its description: the label list has no heading and five columns ``dataset,rel_path,frames,
    token_ids,text`` that ``line.split(",")`` yields; files lie at ``root/dataset/rel_path``; the
    audio has the video's name with ``.wav``, 16 kHz, of which the first channel is taken; video is
    uint8 (T, 96, 96, 3) at 25 frames per second.
    """
    for line in labels.read_text(encoding="utf-8").splitlines():
        dataset, rel_path, frames, token_ids, text = line.split(",")
        path = root / dataset / rel_path
        with av.open(str(path)) as container:
            assert container.streams.video[0].average_rate == 25
            video = np.stack([f.to_ndarray(format="rgb24") for f in container.decode(video=0)])
        audio, rate = soundfile.read(path.with_suffix(".wav"), dtype="float32", always_2d=True)
        assert rate == 16_000
        ids = [int(token) for token in token_ids.split()]
        yield path, video, audio[:, 0], int(frames), ids, text


def test_the_public_code_can_read_it(results, tmp_path):
    root = tmp_path / "out"
    export("mine", root, results=results, crf=10)
    for number, split in enumerate(SPLITS):
        labels = root / "labels" / f"mine_{split}_transcript_lengths_seg16s.csv"
        clips = [*public_loader(root, labels)]
        assert [path.stem for path, *_ in clips] == [f"{split}-{key}" for key in TEXTS]
        for n, (path, video, audio, frames, ids, text) in enumerate(clips):
            assert path.parent == root / "mine" / "mine_video_seg16s" / split / "Ann-B-e2214cff"
            assert video.shape == (25, 96, 96, 3)
            assert frames == 25
            assert np.abs(video.astype(int) - make_crops(3 * number + n)).mean() < 4
            assert np.abs(audio - make_audio(3 * number + n)).max() < 1e-4
            assert ids == [0]
            assert text == TEXTS[path.stem[-1]].replace(",", "")


def test_there_and_back_is_the_same(results, tmp_path):
    export("mine", tmp_path / "out", "other", crf=0, results=results)
    splits = {s: [f"labels/other_{s}_transcript_lengths_seg16s.csv"] for s in SPLITS}
    reading = {"kind": "crops", "splits": splits}
    scan(tmp_path / "out", tmp_path / "corpus", dict.fromkeys(SPLITS, 1), reading)
    assert pd.read_csv(tmp_path / "corpus" / "dropped.csv").empty
    for split in SPLITS:
        shard = tmp_path / f"{split}.tar"
        settings = CropSettings(ready=True)
        crop(tmp_path / "corpus" / f"{split}.parquet", 0, shard, tmp_path / "l.csv", settings)
        # Names with other characters than letters, digits and _ end in a hash of nine characters.
        back = {
            key[:-9].removeprefix(f"other-{split}-Ann-B-e2214cff-"): f
            for key, f in read_shard(shard)
        }
        folder = results / "mouths" / "mine" / split
        for path in folder.glob("*.tar"):
            for key, fields in read_shard(path):
                assert_same(fields, back.pop(key))
        assert not back


def assert_same(before, after):
    crops = [decode_video(fields["mkv"]).astype(int) for fields in (before, after)]
    # Colours at half the resolution, and FFmpeg's way from YUV to RGB, which is a little dark.
    assert np.abs(crops[0] - crops[1]).mean() < 2.5
    audio = [decode_audio(fields["flac"]) for fields in (before, after)]
    assert np.array_equal(*audio)
    texts = [json.loads(fields["json"])["text"].replace(",", "") for fields in (before, after)]
    assert texts[0] == texts[1]


def test_speakers_stay_apart_whatever_their_names(tmp_path):
    speakers = ("Анна 2", "Иван 2", "é", "x" * 300, "../x", "", "ann_b-1")
    clips = {f"c{n}": (0, "hello", speaker) for n, speaker in enumerate(speakers)}
    write_split(tmp_path / "mouths" / "mine" / "test", clips)
    export("mine", tmp_path / "out", results=tmp_path)
    found = [path.parent for path in (tmp_path / "out").rglob("*.mp4")]
    assert len(set(found)) == len(speakers)
    assert {path.parent.name for path in found} == {"test"}
    assert "ann_b-1" in {path.name for path in found}


def test_texts_come_back_or_are_left_out_by_name(tmp_path, caplog):
    texts = {"a": '"quoted"', "b": '"open', "c": 'say "no"', "d": ", ,"}
    write_split(tmp_path / "mouths" / "mine" / "test", {key: (0, texts[key], "s") for key in texts})
    export("mine", tmp_path / "out", results=tmp_path)
    splits = {"test": ["labels/mine_test_transcript_lengths_seg16s.csv"]}
    clips = read(tmp_path / "out", splits)
    assert {clip.key[-1]: clip.text for clip in clips} == {k: texts[k] for k in "abc"}
    assert "test/s/d.mp4 is left out, as its text is commas alone" in caplog.text


def test_the_same_bytes_again_and_with_more_workers(results, tmp_path):
    for split in ("val", "test"):
        shutil.rmtree(results / "mouths" / "mine" / split)
    export("mine", tmp_path / "one", results=results)
    export("mine", tmp_path / "two", workers=2, results=results)
    files = [path for path in sorted((tmp_path / "one").rglob("*")) if path.is_file()]
    assert len(files) == 3 * 2 + 1
    for path in files:
        twin = tmp_path / "two" / path.relative_to(tmp_path / "one")
        assert path.read_bytes() == twin.read_bytes(), path.name


def test_a_split_that_is_not_finished_is_left_out_and_named(results, tmp_path, caplog):
    (results / "mouths" / "mine" / "val" / "index.json").unlink()
    export("mine", tmp_path / "out", results=results)
    assert {path.name.split("_")[1] for path in (tmp_path / "out" / "labels").iterdir()} == {
        "train",
        "test",
    }
    assert "val is left out" in caplog.text


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"corpus": "none"}, "none holds no finished split; make the crops first: snakemake"),
        ({"corpus": "mine", "dataset": "a/b"}, "dataset is 'a/b'"),
        ({"corpus": "mine", "crf": 52}, "crf is 52"),
    ],
)
def test_what_cannot_be_written_is_named(results, tmp_path, settings, message):
    with pytest.raises(InputError, match=message):
        export(output=tmp_path / "out", results=results, **settings)
