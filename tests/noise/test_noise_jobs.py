import json

import numpy as np
import pandas as pd
import pytest
from evaluated import write_ledger_of
from trees import manifest_row

from mavsr.command import run_command
from mavsr.corpus.manifest import write_manifest
from mavsr.errors import InputError
from mavsr.files import sha256
from mavsr.media import decode_audio, encode_audio, read_audio
from mavsr.noise.apply import apply
from mavsr.noise.babble import BabbleSettings, babble, sum_voices
from mavsr.noise.render import NoiseSettings
from mavsr.shards import read_shard, write_shard


def sounds(count):
    random = np.random.default_rng(0)
    return [
        random.normal(0, 0.01 * (i + 1), 8_000 + 500 * i).astype(np.float32) for i in range(count)
    ]


@pytest.fixture
def shard(tmp_path):
    path = tmp_path / "mouths.tar"
    fields = [
        (f"u{i}", {"flac": encode_audio(x), "json": b"{}", "mkv": b"-"})
        for i, x in enumerate(sounds(4))
    ]
    write_shard(path, iter(fields))
    return path


@pytest.fixture
def noise_file(tmp_path):
    path = tmp_path / "babble.flac"
    path.write_bytes(
        encode_audio(np.random.default_rng(1).normal(0, 0.1, 40_000).astype(np.float32))
    )
    return path


def write_train(folder, count=6, split="train"):
    rows = []
    for i, sound in enumerate(sounds(count)):
        file = folder / f"u{i}.flac"
        file.write_bytes(encode_audio(sound))
        rows.append(manifest_row(f"u{i}", file, duration_s=0.5, split=split))
    write_manifest(folder / "m.parquet", pd.DataFrame(rows))
    return folder / "m.parquet"


@pytest.mark.parametrize("condition", ["clean", "snr_-5", "view_2"])
def test_shards_keep_keys_and_lengths(shard, noise_file, tmp_path, condition):
    apply(shard, noise_file, [condition], [tmp_path / "out.tar"])
    samples = dict(read_shard(tmp_path / "out.tar"))
    assert list(samples) == ["u0", "u1", "u2", "u3"]
    for sample, sound in zip(samples.values(), sounds(4), strict=True):
        assert sorted(sample) == ["flac", "json"]
        assert len(decode_audio(sample["flac"])) == len(sound)
        about = json.loads(sample["json"])
        assert sorted(about) == ["noise", "snr_db"]
        assert (about["snr_db"] is None) == (about["noise"] is None)
    if condition == "snr_-5":
        assert json.loads(samples["u0"]["json"])["snr_db"] == -5


def test_clean_keeps_every_sample(shard, noise_file, tmp_path):
    apply(shard, noise_file, ["clean"], [tmp_path / "out.tar"])
    before, after = dict(read_shard(shard)), dict(read_shard(tmp_path / "out.tar"))
    assert all(before[key]["flac"] == after[key]["flac"] for key in before)


def test_same_seed_same_bytes_other_seed_other_bytes(shard, noise_file, tmp_path):
    digests = []
    for seed in (0, 0, 1):
        apply(shard, noise_file, ["view_1"], [tmp_path / "out.tar"], NoiseSettings(seed=seed))
        digests.append(sha256(tmp_path / "out.tar"))
    assert digests[0] == digests[1] != digests[2]


def test_a_clip_does_not_depend_on_its_shard(shard, noise_file, tmp_path):
    apply(shard, noise_file, ["view_1"], [tmp_path / "all.tar"])
    write_shard(tmp_path / "last.tar", iter([("u3", dict(read_shard(shard))["u3"])]))
    apply(tmp_path / "last.tar", noise_file, ["view_1"], [tmp_path / "one.tar"])
    assert (
        dict(read_shard(tmp_path / "one.tar"))["u3"] == dict(read_shard(tmp_path / "all.tar"))["u3"]
    )


def test_views_of_one_job_are_those_of_jobs_of_their_own(shard, noise_file, tmp_path):
    views = ["view_0", "view_1"]
    together, alone = ([tmp_path / name / f"{v}.tar" for v in views] for name in ("all", "one"))
    apply(shard, noise_file, views, together)
    for view, output in zip(views, alone, strict=True):
        apply(shard, noise_file, [view], [output])
    assert list(map(sha256, together)) == list(map(sha256, alone))
    assert sha256(together[0]) != sha256(together[1])


def test_conditions_of_several_noises_are_refused(shard, noise_file, tmp_path):
    with pytest.raises(InputError, match="snr_0 and music_0 are of several noises"):
        apply(shard, noise_file, ["snr_0", "music_0"], [tmp_path / "a.tar", tmp_path / "b.tar"])
    with pytest.raises(InputError, match="2 conditions, but 1 outputs"):
        apply(shard, noise_file, ["snr_0", "snr_5"], [tmp_path / "a.tar"])


def test_a_clip_whose_noise_is_silent_is_named_with_shard_and_view(shard, noise_file, tmp_path):
    noise_file.write_bytes(encode_audio(np.zeros(160_000, np.float32)))
    outputs, settings = [tmp_path / "0.tar", tmp_path / "1.tar"], NoiseSettings(snrs=(0,))
    with pytest.raises(InputError, match=f"{shard} under view_0: clip 'u0': .* is silent"):
        apply(shard, noise_file, ["view_0", "view_1"], outputs, settings)
    assert not any(output.exists() for output in outputs)


def test_sample_without_sound_is_named(noise_file, tmp_path):
    write_shard(tmp_path / "mouths.tar", iter([("u0", {"json": b"{}"})]))
    with pytest.raises(InputError, match="u0 has no audio"):
        apply(tmp_path / "mouths.tar", noise_file, ["clean"], [tmp_path / "out.tar"])
    assert not (tmp_path / "out.tar").exists()


def test_command_line(shard, noise_file, tmp_path, monkeypatch, capsys):
    command = ["apply", "--shard", str(shard), "--noise", str(noise_file)]
    command += ["--outputs", str(tmp_path / "out.tar")]
    command += ["--settings", '{"seed": 0, "snrs": [-5, 12.5, "clean"]}', "--conditions"]
    monkeypatch.setattr("sys.argv", [*command, "view_1"])
    run_command(apply)
    settings = NoiseSettings(seed=0, snrs=(-5, 12.5, "clean"))
    apply(shard, noise_file, ["view_1"], [tmp_path / "again.tar"], settings)
    assert sha256(tmp_path / "out.tar") == sha256(tmp_path / "again.tar")
    monkeypatch.setattr("sys.argv", [*command, "loud"])
    with pytest.raises(SystemExit, match="2"):
        run_command(apply)
    assert "error: condition 'loud'" in capsys.readouterr().err


def test_babble_is_deterministic_and_as_long_as_asked(tmp_path):
    manifest = write_train(tmp_path)
    digests = []
    for seed in (0, 0, 1):
        babble(manifest, tmp_path / "babble.flac", BabbleSettings(seed, voices=3, seconds=2.5))
        digests.append(sha256(tmp_path / "babble.flac"))
    assert digests[0] == digests[1] != digests[2]
    sound = read_audio(tmp_path / "babble.flac")
    assert len(sound) == 40_000 and np.abs(sound).max() == pytest.approx(0.9, abs=1e-3)


def test_babble_never_pauses_and_levels_its_voices():
    streams = [np.full(1_000, level, np.float32) for level in (0.01, 0.5, 0.1)]
    sound = sum_voices(streams.__getitem__, 3, BabbleSettings(voices=4, seconds=1))
    # Every voice has unit power at every moment, whatever the level of its utterances.
    assert np.allclose(sound, 0.9)


def test_babble_leaves_unusable_utterances_out(tmp_path):
    manifest = write_train(tmp_path, count=3)
    (tmp_path / "u1.flac").write_bytes(b"")
    babble(manifest, tmp_path / "babble.flac", BabbleSettings(voices=2, seconds=2))
    assert (tmp_path / "babble.flac").exists()
    for name in ("u0", "u2"):
        (tmp_path / f"{name}.flac").write_bytes(b"")
    with pytest.raises(InputError, match="no utterance"):
        babble(manifest, tmp_path / "babble.flac")


def test_no_test_voice_is_in_the_babble(tmp_path):
    with pytest.raises(InputError, match="'u0' is not of the train split"):
        babble(write_train(tmp_path, split="test"), tmp_path / "babble.flac")


@pytest.mark.parametrize("setting", [{"voices": 0}, {"seconds": 0}, {"seconds": float("inf")}])
def test_babble_settings_are_checked(setting):
    with pytest.raises(InputError, match=next(iter(setting))):
        BabbleSettings(**setting)


def test_a_clip_that_the_ledger_kept_and_the_shard_lost_is_named(shard, noise_file, tmp_path):
    ledger = write_ledger_of(tmp_path / "mouths.csv", ["u0", "u1", "u2", "u3", "u4"])
    with pytest.raises(InputError, match=r"mouths\.tar .*it lacks 1 clip: u4.*rm -f"):
        apply(shard, noise_file, ["snr_0"], [tmp_path / "out.tar"], ledger=ledger)
    assert not (tmp_path / "out.tar").exists()


def test_damaged_noise_is_named(shard, noise_file, tmp_path):
    whole = noise_file.read_bytes()
    for content in (whole[:-900], whole[:20_000] + b"?" + whole[20_001:], b""):
        noise_file.write_bytes(content)
        with pytest.raises(InputError, match=f"{noise_file}.*rm -f {noise_file}"):
            apply(shard, noise_file, ["snr_0"], [tmp_path / "out.tar"])
