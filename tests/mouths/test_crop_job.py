import io
import json
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from trees import manifest_row
from videos import write_mp4

from mavsr.corpus.clips import version
from mavsr.corpus.manifest import read_manifest, write_manifest
from mavsr.errors import InputError
from mavsr.files import sha256
from mavsr.media import decode_audio, decode_video
from mavsr.mouths import prepare as prepare_module
from mavsr.mouths.clip import CropSettings, fit
from mavsr.mouths.crop import crop
from mavsr.mouths.index import index
from mavsr.mouths.ledger import COLUMNS, read_ledger, write_table
from mavsr.shards import read_shard, write_shard
from mavsr.tables import write_csv

REASONS = {
    "gap": "differ in length by +0.9",
    "missing": "missing.mp4: cannot be read",
    "noaudio": "noaudio.mp4: no audio track",
    "noface": "no face in any frame",
    "novideo": "novideo.mp4: no video track",
    "short": "too short: 5 frames",
    "zero": "zero.mp4: cannot be read",
}


def row(folder, name, **changes):
    return manifest_row(**{"key": name, "file": folder / f"{name}.mp4", "shard": 3, **changes})


@pytest.fixture(scope="module")
def folder(tmp_path_factory, portrait):
    folder = tmp_path_factory.mktemp("clips")
    frames = portrait[:25]
    sound = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
    write_mp4(folder / "good.mp4", frames, sound)
    write_mp4(folder / "smallgap.mp4", frames, sound[:12_000])
    write_mp4(folder / "gap.mp4", frames, sound[:1_000])
    write_mp4(folder / "noaudio.mp4", frames)
    write_mp4(folder / "novideo.mp4", None, sound)
    write_mp4(folder / "short.mp4", frames[:5], sound[:3_200])
    write_mp4(folder / "noface.mp4", np.zeros_like(frames), sound)
    (folder / "zero.mp4").write_bytes(b"")
    rows = [row(folder, name) for name in ("good", "smallgap", *REASONS)]
    cut = row(folder, "good", key="cut", start=0.2, end=0.8, duration_s=0.6)
    elsewhere = row(folder, "good", key="elsewhere", shard=4)
    write_manifest(folder / "train.parquet", pd.DataFrame([*rows, cut, elsewhere]))
    crop(folder / "train.parquet", 3, folder / "3.tar", folder / "3.csv")
    return folder


def test_every_clip_of_the_shard_is_in_the_ledger(folder):
    ledger = read_ledger(folder / "3.csv").set_index("key")
    assert set(ledger.index) == {"good", "smallgap", "cut", *REASONS}
    assert (folder / "3.csv").read_text().startswith(",".join(COLUMNS) + ",crc32:")
    for key, reason in REASONS.items():
        assert not ledger.kept[key] and reason in ledger.reason[key]
    assert ledger.kept[["good", "smallgap", "cut"]].all()
    assert (ledger.reason[["good", "smallgap", "cut"]] == "").all()


def test_ledger_measures(folder):
    ledger = read_ledger(folder / "3.csv").set_index("key")
    assert ledger.frames[["good", "cut", "short"]].tolist() == [25, 15, 5]
    assert ledger.duration_s["cut"] == 0.6 and ledger.face_share["good"] == 1
    # AAC comes in frames of 1,024 samples, so that a track may end up to 64 ms late.
    assert ledger.av_gap_s["smallgap"] == pytest.approx(0.25, abs=0.065)
    assert ledger.av_gap_s["gap"] > 0.5


def test_shard_holds_the_kept_clips_in_full(folder, worked_case):
    samples = dict(read_shard(folder / "3.tar"))
    assert list(samples) == ["cut", "good", "smallgap"]
    good = samples["good"]
    assert sorted(good) == ["flac", "json", "landmarks.npy", "mkv"]
    crops = decode_video(good["mkv"]).astype(int)
    assert crops.shape == (25, 96, 96, 3)
    assert json.loads(good["json"]) == {"text": "bin blue", "frames": 25, "speaker": "s"}
    landmarks = np.load(io.BytesIO(good["landmarks.npy"]))
    assert landmarks.shape == (25, 4, 2) and landmarks.dtype == np.float32
    assert np.abs(landmarks - worked_case["landmarks"][:25]).mean() < 1
    for key, frames in (("good", 25), ("cut", 15), ("smallgap", 25)):
        assert decode_audio(samples[key]["flac"]).shape == (frames * 640,)


def test_missing_sound_is_silence_at_the_end(folder):
    sound = decode_audio(dict(read_shard(folder / "3.tar"))["smallgap"]["flac"])
    assert sound[:12_000].std() > 0.05 and not sound[13_500:].any()


def test_same_input_same_bytes_in_another_process(folder, tmp_path):
    command = [sys.executable, "-m", "mavsr.mouths.crop", "--manifest", folder / "train.parquet"]
    command += ["--shard", "3", "--output", tmp_path / "3.tar", "--ledger", tmp_path / "3.csv"]
    command += ["--settings", '{"detect_every": 4, "min_frames": 12}']
    subprocess.run([str(word) for word in command], check=True, capture_output=True)
    assert sha256(tmp_path / "3.tar") == sha256(folder / "3.tar")
    assert (tmp_path / "3.csv").read_text() == (folder / "3.csv").read_text()


def test_unforeseen_errors_cost_one_clip(folder, tmp_path, monkeypatch):
    def fail(*_):
        raise RuntimeError("broken\nbadly")

    monkeypatch.setattr(prepare_module, "find_landmarks", fail)
    crop(folder / "train.parquet", 4, tmp_path / "4.tar", tmp_path / "4.csv")
    ledger = read_ledger(tmp_path / "4.csv")
    assert ledger.reason.tolist() == ["unforeseen RuntimeError: broken badly"]


@pytest.fixture
def scan(tmp_path):
    """What the corpus stage left out: nothing."""
    return write_scan(tmp_path / "dropped.csv", [])


def write_scan(path, rows):
    write_csv(path, pd.DataFrame(rows, columns=["key", "split", "video", "reason"]))
    return path


@pytest.fixture
def part(folder, tmp_path):
    """Write the manifest of some of the shards."""

    def write(*shards):
        table = read_manifest(folder / "train.parquet")
        write_manifest(tmp_path / "part.parquet", table[table.shard.isin(shards)])
        return tmp_path / "part.parquet"

    return write


def test_a_shard_without_clips_is_empty(folder, tmp_path, scan, part):
    crop(folder / "train.parquet", 9, tmp_path / "9.tar", tmp_path / "9.csv")
    assert list(read_shard(tmp_path / "9.tar")) == []
    assert read_ledger(tmp_path / "9.csv").empty
    # Joining it to a full ledger keeps that one's types.
    ledgers = [tmp_path / "9.csv", folder / "3.csv"]
    outputs = tmp_path / "index.json", tmp_path / "ledger.csv"
    index([], ledgers, scan, part(3), "train", *outputs, 1.0)
    assert (tmp_path / "ledger.csv").read_text() == (folder / "3.csv").read_text()


def test_index_joins_ledgers_and_counts(folder, tmp_path, scan):
    crop(folder / "train.parquet", 4, tmp_path / "4.tar", tmp_path / "4.csv")
    left_out = [("lost", "train", "lost.mp4", "no text"), ("other", "test", "o.mp4", "no text")]
    write_scan(scan, left_out)
    shards = [folder / "3.tar", tmp_path / "4.tar"]
    ledgers = [folder / "3.csv", tmp_path / "4.csv"]
    outputs = tmp_path / "index.json", tmp_path / "ledger.csv"
    index(shards, ledgers, scan, folder / "train.parquet", "train", *outputs, 0.9)
    content = json.loads((tmp_path / "index.json").read_text())
    assert content["samples"] == 4
    assert content["parameters"] == {"clips": 12, "dropped": 8}
    assert [entry["file"] for entry in content["shards"]] == ["3.tar", "4.tar"]
    ledger = read_ledger(tmp_path / "ledger.csv")
    assert ledger.key.is_monotonic_increasing
    assert ledger[ledger.shard == -1][["key", "reason"]].values.tolist() == [["lost", "no text"]]


@pytest.fixture
def closed(folder, tmp_path, scan, part):
    """Copies of a shard and its ledger; what closes the split."""
    for name in ("3.tar", "3.csv"):
        shutil.copy(folder / name, tmp_path / name)
    outputs = tmp_path / "index.json", tmp_path / "ledger.csv"
    shard = tmp_path / "3.tar"
    return lambda: index([shard], [tmp_path / "3.csv"], scan, part(3), "train", *outputs, 1.0)


def test_a_clip_that_its_shard_lost_is_named(closed, tmp_path):
    samples = [(key, fields) for key, fields in read_shard(tmp_path / "3.tar") if key != "good"]
    write_shard(tmp_path / "3.tar", iter(samples))
    with pytest.raises(InputError, match=r"3\.tar .*it lacks 1 clip: good.*rm -f .*3\.tar"):
        closed()


def test_a_clip_that_its_ledger_lost_is_named(closed, tmp_path):
    ledger = read_ledger(tmp_path / "3.csv")
    write_table(tmp_path / "3.csv", ledger[~ledger.key.isin(["cut", "zero"])])
    with pytest.raises(InputError, match=r"3\.csv does not fit .*lacks 2 clips: cut, zero.*rm -f"):
        closed()
    write_table(tmp_path / "3.csv", pd.concat([ledger, ledger[ledger.key == "cut"]]))
    with pytest.raises(InputError, match=r"3\.csv does not fit"):
        closed()


def test_a_video_replaced_after_the_scan_stops_the_job(folder, tmp_path):
    video = tmp_path / "clip.mp4"
    shutil.copy(folder / "good.mp4", video)
    row = manifest_row("clip", file=video, shard=3, version=version(video, b"bin blue"))
    write_manifest(tmp_path / "m.parquet", pd.DataFrame([row]))
    crop(tmp_path / "m.parquet", 3, tmp_path / "3.tar", tmp_path / "3.csv")
    assert read_ledger(tmp_path / "3.csv").kept.all()
    shutil.copy(folder / "short.mp4", video)
    with pytest.raises(InputError, match=r"1 clip: clip.*--forcerun scan_corpus"):
        crop(tmp_path / "m.parquet", 3, tmp_path / "3.tar", tmp_path / "3.csv")
    assert read_ledger(tmp_path / "3.csv").kept.all()


def test_index_refuses_a_split_with_too_many_dropped_clips(folder, tmp_path, scan, part):
    output = tmp_path / "index.json"
    with pytest.raises(InputError, match=r"dropped 7 clips(.|\n)*noaudio: .*no audio") as error:
        files = [folder / "3.tar"], [folder / "3.csv"], scan, part(3)
        index(*files, "train", output, tmp_path / "l.csv")
    assert all(f"  {key}: " in str(error.value) for key in REASONS)
    assert not output.exists()


def test_missing_ledger_is_named(tmp_path, scan, part):
    outputs = tmp_path / "i.json", tmp_path / "l.csv"
    with pytest.raises(InputError, match=r"absent\.csv does not exist"):
        index([], [tmp_path / "absent.csv"], scan, part(3), "train", *outputs)


@pytest.mark.parametrize(
    "setting", [{"detector": "dlib"}, {"detect_every": 0}, {"min_frames": 0}, {"max_av_gap_s": -1}]
)
def test_settings_are_checked(setting):
    (key, value), *_ = setting.items()
    with pytest.raises(InputError, match=f"{key} is {value!r}"):
        CropSettings(**setting)


def test_fit_cuts_and_pads():
    assert fit(np.ones(3, np.float32), 2).tolist() == [1, 1]
    assert fit(np.ones(3, np.float32), 5).tolist() == [1, 1, 1, 0, 0]
