"""Ready-made crops as the mouths stage takes them."""

import json

import numpy as np
import pandas as pd
import pytest
from crops import make_audio, make_crops, mp4_bytes, sample, wav_bytes, write_archive, write_pair
from trees import manifest_row

from mavsr.corpus.manifest import write_manifest
from mavsr.media import decode_audio, decode_video, read_video
from mavsr.mouths.clip import CropSettings
from mavsr.mouths.contact_sheet import draw
from mavsr.mouths.crop import crop
from mavsr.mouths.ledger import read_ledger
from mavsr.mouths.summary import summarise
from mavsr.shards import read_shard

READY = CropSettings(ready=True)


def run(folder, rows, settings=READY):
    """Ledger by key and samples by key."""
    write_manifest(folder / "m.parquet", pd.DataFrame(rows))
    crop(folder / "m.parquet", 0, folder / "00000.tar", folder / "0.csv", settings)
    return read_ledger(folder / "0.csv").set_index("key"), dict(read_shard(folder / "00000.tar"))


def row_of(video, key="a", **changes):
    return manifest_row(key, video, **{"audio": str(video.with_suffix(".wav")), **changes})


def test_crops_are_stored_as_they_decode(tmp_path):
    video = write_pair(tmp_path / "a.mp4", 7)
    ledger, samples = run(tmp_path, [row_of(video, text="bin blue", speaker="ann")])
    assert sorted(samples["a"]) == ["flac", "json", "mkv"]
    assert np.array_equal(decode_video(samples["a"]["mkv"]), read_video(video))
    assert np.abs(decode_audio(samples["a"]["flac"]) - make_audio(7)).max() < 1e-4
    assert json.loads(samples["a"]["json"]) == {"frames": 25, "speaker": "ann", "text": "bin blue"}
    entry = ledger.loc["a"]
    assert entry.kept
    assert (entry.frames, entry.duration_s, entry.av_gap_s) == (25, 1.0, 0.0)
    assert np.isnan(entry.face_share) and np.isnan(entry.largest_jump)


@pytest.mark.parametrize("pixels", ["yuv420p", "gray"])
def test_grey_crops_have_three_equal_channels(tmp_path, pixels):
    video = write_pair(tmp_path / "a.mp4")
    grey = make_crops(3)[..., :1].repeat(3, axis=-1)
    video.write_bytes(mp4_bytes(grey, pixels=pixels))
    _, samples = run(tmp_path, [row_of(video)])
    crops = decode_video(samples["a"]["mkv"]).astype(int)
    assert np.ptp(crops, axis=-1).mean() < 1
    assert np.corrcoef(crops.ravel(), grey.ravel())[0, 1] > 0.99


def test_members_of_an_archive_are_taken_in_place(tmp_path):
    archive = write_archive(tmp_path / "t.tar", sample("x/a", 7))
    video = write_pair(tmp_path / "a.mp4", 7)
    here, there = row_of(video, "here"), row_of(archive / "x" / "a.mp4", "there")
    _, samples = run(tmp_path, [here, there])
    assert np.array_equal(*(decode_video(samples[key]["mkv"]) for key in ("here", "there")))
    assert samples["here"]["flac"] == samples["there"]["flac"]


BAD = {
    "large": "frame 0 is 128x128; ready-made crops are 96x96",
    "short": "too short: 6 frames",
    "gap": "differ in length by +0.9",
    "cut": "cut off: ",
    "gone": "gone.mp4: cannot be read",
    "member": "t.tar/gone.mp4 is missing",
    "junk": "t.tar/junk.mp4: cannot be read",
}


def test_bad_ones_have_a_row_and_the_rest_goes_on(tmp_path):
    archive = write_archive(tmp_path / "t.tar", {"junk.mp4": b"junk"})
    write_pair(tmp_path / "good.mp4")
    write_pair(tmp_path / "large.mp4").write_bytes(mp4_bytes(make_crops(0, size=128)))
    write_pair(tmp_path / "short.mp4", frames=6)
    gap = write_pair(tmp_path / "gap.mp4").with_suffix(".wav")
    gap.write_bytes(wav_bytes(make_audio(0, 0.1)))
    write_pair(tmp_path / "cut.mp4")
    rows = [row_of(tmp_path / f"{n}.mp4", n) for n in ("good", "large", "short", "gap", "gone")]
    rows += [row_of(tmp_path / "cut.mp4", "cut", duration_s=3.0)]
    rows += [row_of(archive / "gone.mp4", "member"), row_of(archive / "junk.mp4", "junk")]
    ledger, samples = run(tmp_path, rows)
    assert list(samples) == ["good"]
    assert set(ledger.index[~ledger.kept]) == set(BAD)
    for key, reason in BAD.items():
        assert reason in ledger.reason[key], key
    assert not ledger.reason.str.contains("unforeseen").any()


@pytest.mark.parametrize("audio", ["required", "optional"])
def test_crops_without_audio_are_silent_where_it_is_optional(tmp_path, audio):
    video = write_pair(tmp_path / "a.mp4")
    row = row_of(video, audio=str(video))
    ledger, samples = run(tmp_path, [row], CropSettings(ready=True, audio=audio))
    if audio == "required":
        assert "no audio track" in ledger.reason["a"]
    else:
        assert not decode_audio(samples["a"]["flac"]).any()
        assert ledger.av_gap_s["a"] == 0


VOICE = make_audio(0)
SILENT = {
    "the audio is silent throughout": 0 * VOICE,
    "the channels cancel": np.stack([VOICE, -VOICE], axis=1),
}


@pytest.mark.parametrize("kind", SILENT)
@pytest.mark.parametrize("archived", [False, True])
def test_audio_in_which_nothing_is_heard_is_judged_as_elsewhere(tmp_path, kind, archived):
    video = write_pair(tmp_path / "a.mp4")
    video.with_suffix(".wav").write_bytes(wav_bytes(SILENT[kind]))
    if archived:
        files = {path.name: path.read_bytes() for path in tmp_path.glob("a.*")}
        video = write_archive(tmp_path / "t.tar", files) / "a.mp4"
    ledger, samples = run(tmp_path, [row_of(video)])
    assert not samples and f"{video.with_suffix('.wav')}: {kind}" in ledger.reason["a"]
    ledger, samples = run(tmp_path, [row_of(video)], CropSettings(ready=True, audio="optional"))
    assert ledger.remarks["a"].startswith(kind)
    assert not decode_audio(samples["a"]["flac"]).any()


def test_crops_that_show_nothing_are_dropped(tmp_path):
    video = write_pair(tmp_path / "a.mp4")
    video.write_bytes(mp4_bytes(np.full((25, 96, 96, 3), 90, np.uint8)))
    ledger, _ = run(tmp_path, [row_of(video)])
    assert "the crops show nothing" in ledger.reason["a"]


def test_same_input_same_bytes(tmp_path):
    video = write_pair(tmp_path / "a.mp4")
    shards = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        run(tmp_path / name, [row_of(video)])
        shards.append((tmp_path / name / "00000.tar").read_bytes())
    assert shards[0] == shards[1]


def test_sheet_and_summary_do_without_detections(tmp_path):
    run(tmp_path, [row_of(write_pair(tmp_path / "a.mp4"))])
    draw(tmp_path / "0.csv", [tmp_path / "00000.tar"], tmp_path / "sheet.png")
    assert (tmp_path / "sheet.png").stat().st_size > 1000
    summarise([tmp_path / "0.csv"], tmp_path / "summary.csv")
    table = pd.read_csv(tmp_path / "summary.csv")
    assert table.clips.tolist() == [1, 1]
    assert table.face_share.isna().all()


@pytest.mark.parametrize("codec", ["ffv1", {"x264": 18}])
def test_the_codec_is_the_configs(tmp_path, codec):
    _, samples = run(
        tmp_path, [row_of(write_pair(tmp_path / "a.mp4"))], CropSettings(ready=True, codec=codec)
    )
    lossless = b"FFV1" in samples["a"]["mkv"]
    assert lossless == (codec == "ffv1")
