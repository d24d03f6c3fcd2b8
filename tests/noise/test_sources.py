"""Noise from folders and from other speakers: which pieces, at which level, and what is refused."""

import numpy as np
import pandas as pd
import pytest
import soundfile
from trees import manifest_row

from mavsr.corpus.manifest import write_manifest
from mavsr.errors import InputError
from mavsr.media import decode_audio, encode_audio
from mavsr.noise import Condition
from mavsr.noise.apply import apply
from mavsr.noise.file import read_source
from mavsr.noise.listing import listing
from mavsr.noise.render import NoiseSettings, render
from mavsr.seeds import generator
from mavsr.shards import read_shard, write_shard
from mavsr.tables import read_parquet

RANDOM = np.random.default_rng(0)
SPEECH = RANDOM.normal(0, 0.05, 32_000).astype(np.float32)


def tone(hz, seconds, rate):
    return 0.3 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)


@pytest.fixture
def music(tmp_path):
    """A folder as MUSAN's: recordings in folders, of several rates, and what is none."""
    folder = tmp_path / "music"
    (folder / "fma").mkdir(parents=True)
    soundfile.write(folder / "fma" / "a.wav", tone(400, 4, 16_000), 16_000)
    stereo = np.stack([tone(400, 5, 44_100)] * 2, axis=1)
    soundfile.write(folder / "fma" / "b.flac", stereo, 44_100)
    soundfile.write(folder / "c.wav", tone(400, 0.7, 8_000), 8_000)
    soundfile.write(folder / "silent.wav", np.zeros(16_000), 16_000)
    (folder / "broken.wav").write_bytes(b"RIFF")
    (folder / "ANNOTATIONS").write_text("none")
    return folder


@pytest.fixture
def listed(music, tmp_path):
    listing(music, tmp_path / "music.parquet")
    return tmp_path / "music.parquet"


def write_voices(folder, speakers):
    """A manifest of utterances, each a tone of its speaker's own."""
    rows = []
    for number, speaker in enumerate(speakers):
        file = folder / f"u{number}.wav"
        hz = 300 + 400 * sorted(set(speakers)).index(speaker)
        soundfile.write(file, tone(hz, 0.8, 16_000), 16_000)
        row = manifest_row(f"u{number}", file, duration_s=0.8, split="test")
        rows.append({**row, "speaker": speaker})
    write_manifest(folder / "test.parquet", pd.DataFrame(rows))
    return folder / "test.parquet"


def strongest(sound):
    """Frequency of a sound in Hz, in its first 0.4 s."""
    return np.argmax(np.abs(np.fft.rfft(sound[:6_400]))) / 0.4


def test_a_folder_is_listed_without_what_cannot_be_heard(music, tmp_path, caplog):
    listing(music, tmp_path / "list.parquet")
    table = read_parquet(tmp_path / "list.parquet", "list")
    assert [path.rpartition("/")[2] for path in table.audio] == ["c.wav", "a.wav", "b.flac"]
    assert table.end.tolist() == pytest.approx([0.7, 4, 5], abs=1e-3)
    assert set(table.speaker) == {""}
    assert "silent.wav: it is silent" in caplog.text and "broken.wav" in caplog.text


def test_a_recording_that_was_replaced_is_told(music, listed):
    for name in ("c.wav", "fma/a.wav", "fma/b.flac"):
        soundfile.write(music / name, tone(500, 5, 16_000), 16_000)
    with pytest.raises(InputError, match="another file than when it was listed"):
        read_source(listed, "music").cut("a", 800, "test", np.random.default_rng(0))


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({}, "no recording, in none of its folders: no file ends in .wav"),
        ({"a.wav": np.zeros(800)}, "no recording that can be used: all 1 are unreadable or silent"),
    ],
)
def test_a_folder_without_a_usable_recording_is_refused(tmp_path, files, why):
    folder = tmp_path / "empty"
    folder.mkdir()
    for name, sound in files.items():
        soundfile.write(folder / name, sound, 16_000)
    with pytest.raises(InputError, match=f"{folder} has {why}"):
        listing(folder, tmp_path / "list.parquet")
    with pytest.raises(InputError, match="gone is not a folder"):
        listing(tmp_path / "gone", tmp_path / "list.parquet")


@pytest.mark.parametrize("snr", [-7.5, 0, 5, 20])
def test_the_level_over_the_clip_is_exact_after_16_bit_whatever_the_pieces(listed, snr):
    source = read_source(listed, "music")
    for key in ("a", "b", "c"):
        result = render(SPEECH, source, Condition.parse(f"music_{snr:g}"), key, NoiseSettings())
        written = np.float64(decode_audio(encode_audio(result.audio)))
        noise = np.float64(result.noise.samples)
        bases = np.stack([SPEECH, noise], axis=1).astype(np.float64)
        parts, *_ = np.linalg.lstsq(bases, written, rcond=None)
        ratio = np.square(parts[0] * SPEECH).sum() / np.square(parts[1] * noise).sum()
        assert 10 * np.log10(ratio) == pytest.approx(snr, abs=0.05)
        assert result.snr_db == snr


def test_pieces_of_any_rate_keep_their_pitch_and_fill_the_clip(listed):
    source = read_source(listed, "music")
    names = set()
    for key in map(str, range(12)):
        cut = source.cut(key, 160_000, "test", generator(0, key))
        assert len(cut.samples) == 160_000 and len(cut.pieces) >= 3
        assert cut.repeats  # of 9.7 s
        assert strongest(cut.samples) == pytest.approx(400, abs=2)
        names |= {name.rpartition("/")[2] for name, _ in cut.pieces}
    assert names == {"a.wav", "b.flac", "c.wav"}
    short = source.cut("a", 8_000, "test", generator(0, "x"))
    assert len(short.pieces) == 1 and not short.repeats


def test_noise_depends_on_key_and_seed_and_not_on_the_ratio(listed):
    source = read_source(listed, "music")

    def pieces(condition, key="a", seed=0):
        settings = NoiseSettings(seed=seed)
        return render(SPEECH, source, Condition.parse(condition), key, settings).noise.pieces

    assert pieces("music_0") == pieces("music_10")
    assert len({pieces("music_0"), pieces("music_0", "b"), pieces("music_0", seed=1)}) == 3


def test_nobody_interferes_with_himself_and_one_voice_talks_at_a_time(tmp_path):
    manifest = write_voices(tmp_path, ["s0", "s1", "s2"] * 3)
    source = read_source(manifest, "speech")
    heard = set()
    for key in map(str, range(30)):
        cut = source.cut("u1", 32_000, "test", generator(0, key))
        hz = {round(strongest(cut.samples[place:]) / 100) for place in (0, 12_800, 25_600)}
        assert len(hz) == 1
        heard |= hz
    assert heard == {3, 11}  # s0 and s2; s1 of 700 Hz is the clip's own


def test_interfering_speech_needs_two_speakers(tmp_path):
    manifest = write_voices(tmp_path, ["s0", "s0"])
    source = read_source(manifest, "speech")
    with pytest.raises(
        InputError, match=r"clip 'u1': the noise 'speech' has no speaker but .*'s0'"
    ):
        source.cut("u1", 800, "test", generator(0))
    # A clip of another corpus is nobody there.
    assert len(source.cut("other", 800, "test", generator(0)).samples) == 800


def test_silence_alone_is_named_with_the_clip(tmp_path):
    manifest = write_voices(tmp_path, ["s0", "s1"])
    soundfile.write(tmp_path / "u1.wav", np.zeros(12_800), 16_000)
    source = read_source(manifest, "speech")
    with pytest.raises(InputError, match=r"clip 'u0': the noise 'speech' has nothing but silence"):
        source.cut("u0", 800, "test", generator(0))


def test_the_job_mixes_speech_of_the_same_corpus(tmp_path, caplog):
    manifest = write_voices(tmp_path, ["s0", "s1"])
    write_shard(tmp_path / "in.tar", iter([("u0", {"flac": encode_audio(SPEECH), "json": b"{}"})]))
    # 2 s of speech, 0.8 s of the only other voice.
    apply(tmp_path / "in.tar", manifest, ["speech_0"], [tmp_path / "out.tar"])
    assert "1 clips are longer than the noise for them and hear it repeated, the first is u0" in (
        caplog.text
    )
    ((_, fields),) = read_shard(tmp_path / "out.tar")
    assert b"u1.wav" in fields["json"] and b"u0.wav" not in fields["json"]


def test_a_condition_of_video_adds_no_noise(tmp_path):
    with pytest.raises(InputError, match="'drop_50' is one of video"):
        apply(tmp_path / "in.tar", tmp_path / "n.flac", ["drop_50"], [tmp_path / "out.tar"])
