import io
import json
import sys

import numpy as np
import pytest
import safetensors.torch
import soundfile
import torch
from tiny import save_avhubert

import mavsr.features.extract as extract_module
from mavsr.command import run_command
from mavsr.encoders import EncoderSettings
from mavsr.encoders.avhubert import AVHubertEncoder
from mavsr.encoders.base import Encoder
from mavsr.errors import InputError
from mavsr.features.alterations import altered
from mavsr.features.cache import FeatureCache
from mavsr.features.content import unpack
from mavsr.features.extract import Target, encode_shard, encoder_input, extract, stored_content
from mavsr.features.index import index
from mavsr.features.settings import ExtractSettings
from mavsr.features.views import clean_view, random_view
from mavsr.media import encode_audio, encode_lossless
from mavsr.noise import Condition
from mavsr.shards import read_shard, write_shard

CLEAN = Condition.parse("clean")


def crops(seed, frames):
    return np.random.default_rng(seed).integers(0, 256, (frames, 96, 96, 3), np.uint8)


def sound(seed, frames):
    return np.random.default_rng(seed).uniform(-0.5, 0.5, 640 * frames).astype(np.float32)


LENGTHS = {"clip_a": 6, "clip_b": 4}


@pytest.fixture(scope="module")
def mouths(tmp_path_factory):
    path = tmp_path_factory.mktemp("mouths") / "00.tar"
    write_shard(
        path,
        (
            (
                key,
                {
                    "mkv": encode_lossless(crops(n, frames)),
                    "flac": encode_audio(sound(n, frames)),
                    "json": json.dumps({"frames": frames}).encode(),
                },
            )
            for n, (key, frames) in enumerate(LENGTHS.items())
        ),
    )
    return path


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return save_avhubert(tmp_path_factory.mktemp("encoder") / "tiny.pt")


class Levels(Encoder):
    """Two tokens: the mean and a multiple of the peak of the sound."""

    modality = "audio"
    rate_hz = 50
    dim = 1
    fingerprint = "of a test"
    device = torch.device("cpu")

    def __init__(self, gain=1.0):
        super().__init__()
        self.gain = gain

    def encode(self, samples):
        return [torch.stack([x.mean(), x.abs().max() * self.gain])[:, None] for x in samples]

    def seconds(self, sample):
        return len(sample) / 16_000


def read(path):
    return {
        key: safetensors.torch.load(fields["safetensors"])["features"]
        for key, fields in read_shard(path)
    }


def test_video_features_are_the_encoders_of_each_view(mouths, checkpoint, tmp_path):
    encoder = AVHubertEncoder.from_checkpoint(checkpoint)
    settings = ExtractSettings(seed=3, dtype="float32")
    for condition in ("clean", "snr_-5", "view_0", "view_1"):
        output = tmp_path / f"{condition}.tar"
        extract(
            [mouths], EncoderSettings("avhubert", str(checkpoint)), [condition], [output], settings
        )
        features = read(output)
        assert list(features) == list(LENGTHS)
        for n, (key, frames) in enumerate(LENGTHS.items()):
            video = crops(n, frames)
            number = condition.removeprefix("view_")
            view = (
                random_view(video, 3, key, int(number)) if number.isdigit() else clean_view(video)
            )
            assert features[key].shape == (frames, 16)
            torch.testing.assert_close(features[key], encoder.encode([view])[0])
    assert not torch.equal(read(tmp_path / "view_0.tar")["clip_a"], features["clip_a"])
    assert (tmp_path / "clean.tar").read_bytes() == (tmp_path / "snr_-5.tar").read_bytes()


def test_views_of_one_job_are_those_of_jobs_of_their_own(mouths, checkpoint, tmp_path):
    encoder, views = EncoderSettings("avhubert", str(checkpoint)), ["view_0", "view_1"]
    together, alone = ([tmp_path / name / f"{v}.tar" for v in views] for name in ("all", "one"))
    extract([mouths], encoder, views, together)
    for view, output in zip(views, alone, strict=True):
        extract([mouths], encoder, [view], [output])
    assert [o.read_bytes() for o in together] == [o.read_bytes() for o in alone]
    assert together[0].read_bytes() != together[1].read_bytes()


def test_sound_has_a_shard_for_each_condition(mouths, tmp_path, monkeypatch):
    monkeypatch.setattr(extract_module, "load_encoder", lambda *_: Levels())
    write_shard(
        tmp_path / "quiet.tar", iter([("clip_q", {"flac": encode_audio(sound(0, 20) / 2)})])
    )
    outputs = [tmp_path / "0.tar", tmp_path / "1.tar"]
    shards = [mouths, tmp_path / "quiet.tar"]
    extract(shards, EncoderSettings("whisper", "x"), ["view_0", "view_1"], outputs)
    assert [list(read(output)) for output in outputs] == [list(LENGTHS), ["clip_q"]]
    with pytest.raises(InputError, match="1 conditions, but 2 shards and 2 outputs"):
        extract(shards, EncoderSettings("whisper", "x"), ["view_0"], outputs)
    # One shard would be encoded twice, as if its noise were that of both.
    with pytest.raises(InputError, match=r"2 conditions, but 1 shards and 2 outputs.* audio"):
        extract(shards[:1], EncoderSettings("whisper", "x"), ["view_0", "view_1"], outputs)


@pytest.mark.parametrize("name", ["drop_50", "patch_30", "blur_3", "late_80"])
def test_video_of_a_test_condition_is_altered_and_says_so(mouths, checkpoint, tmp_path, name):
    condition, settings = Condition.parse(name), ExtractSettings(seed=3, dtype="float32")
    encoder = AVHubertEncoder.from_checkpoint(checkpoint)
    extract(
        [mouths],
        EncoderSettings("avhubert", str(checkpoint)),
        [name],
        [tmp_path / "x.tar"],
        settings,
    )
    for n, (key, frames) in enumerate(LENGTHS.items()):
        view = clean_view(altered(crops(n, frames), condition, key, 3))
        torch.testing.assert_close(read(tmp_path / "x.tar")[key], encoder.encode([view])[0])
    index([tmp_path / "x.tar"], tmp_path / "index.json", tmp_path / "samples.parquet", {})
    made_by = FeatureCache(tmp_path).made_by
    assert (made_by["condition"], made_by["seed"]) == (name, 3)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_same_input_same_bytes_in_the_configured_dtype(mouths, checkpoint, tmp_path, dtype):
    outputs = [tmp_path / "1" / "x.tar", tmp_path / "2" / "y.tar"]
    for output in outputs:
        encoder = EncoderSettings("avhubert", str(checkpoint))
        extract([mouths], encoder, ["view_0"], [output], ExtractSettings(dtype=dtype))
    assert outputs[0].read_bytes() == outputs[1].read_bytes()
    assert read(outputs[0])["clip_a"].dtype == getattr(torch, dtype)


def test_sound_comes_as_it_is_stored_whatever_the_condition(mouths, tmp_path, monkeypatch):
    monkeypatch.setattr(extract_module, "load_encoder", lambda *_: Levels())
    outputs = []
    for condition in ("clean", "view_4"):
        outputs.append(tmp_path / f"{condition}.tar")
        settings = ExtractSettings(dtype="float32")
        extract([mouths], EncoderSettings("whisper", "x"), [condition], [outputs[-1]], settings)
    assert outputs[0].read_bytes() == outputs[1].read_bytes()
    peak = np.abs(sound(0, LENGTHS["clip_a"])).max()
    assert read(outputs[0])["clip_a"][1].item() == pytest.approx(peak, abs=1e-4)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e6])
def test_features_that_are_not_finite_name_the_clip(value):
    with pytest.raises(InputError, match=r"'clip_x'.*float16"):
        stored_content("clip_x", torch.tensor([[1.0], [value]]), {}, ExtractSettings())


def test_large_features_fit_bfloat16():
    content = stored_content("x", torch.full((2, 1), 1e6), {}, ExtractSettings(dtype="bfloat16"))
    assert unpack(content)[1] > 1e5


def test_a_failing_clip_leaves_no_shard_and_is_named(mouths, tmp_path, monkeypatch):
    monkeypatch.setattr(extract_module, "load_encoder", lambda *_: Levels(float("nan")))
    output = tmp_path / "out.tar"
    with pytest.raises(InputError, match=r"00\.tar.*'clip_a'"):
        extract([mouths], EncoderSettings("whisper", "x"), ["clean"], [output])
    with pytest.raises(InputError, match=r"00\.tar.*'clip_a'"):
        views = [tmp_path / "0.tar", tmp_path / "1.tar"]
        extract([mouths] * 2, EncoderSettings("whisper", "x"), ["view_0", "view_1"], views)
    assert list(tmp_path.iterdir()) == []


def wav(samples):
    buffer = io.BytesIO()  # FLAC cannot be empty
    soundfile.write(buffer, samples, 16_000, format="WAV")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"flac": wav(np.zeros(0, np.float32))}, "gave no token"),
        ({"flac": b"fLaC"}, "field 'flac' is empty or damaged"),
        ({"mkv": b""}, "has no field 'flac', only mkv"),
    ],
)
def test_empty_and_damaged_sound_names_the_clip(fields, problem, tmp_path, monkeypatch):
    class Empty(Levels):
        def encode(self, samples):
            return [torch.zeros(len(x), 1) for x in samples]

    monkeypatch.setattr(extract_module, "load_encoder", lambda *_: Empty())
    write_shard(tmp_path / "in.tar", iter([("clip_x", fields)]))
    with pytest.raises(InputError, match=f"in\\.tar.*'clip_x'.*{problem}"):
        extract(
            [tmp_path / "in.tar"],
            EncoderSettings("whisper", "x"),
            ["clean"],
            [tmp_path / "out.tar"],
        )


def test_damaged_pictures_name_the_clip():
    with pytest.raises(InputError, match="'clip_x': its field 'mkv' is empty or damaged"):
        encoder_input("clip_x", {"mkv": b"?" * 99}, "video", CLEAN, ExtractSettings())


def test_wrong_settings_are_refused(mouths, tmp_path):
    with pytest.raises(InputError, match="'float8'"):
        ExtractSettings(dtype="float8")
    with pytest.raises(InputError, match="'noisy'"):
        extract([mouths], EncoderSettings("whisper", "x"), ["noisy"], [tmp_path / "out.tar"])


def test_the_commands_make_a_readable_cache(mouths, checkpoint, tmp_path, monkeypatch):
    def run(function, **options):
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        monkeypatch.setattr(sys, "argv", [function.__name__, *words])
        run_command(function)

    shard, encoder = tmp_path / "00.tar", json.dumps({"kind": "avhubert", "path": str(checkpoint)})
    run(
        extract,
        shards=mouths,
        encoder=encoder,
        conditions="clean",
        outputs=shard,
        settings='{"seed": 1, "flip": false, "dtype": "bfloat16"}',
    )
    run(
        index,
        shards=shard,
        output=tmp_path / "index.json",
        samples=tmp_path / "samples.parquet",
        parameters='{"seed": 1, "nested": {"a": []}}',
    )
    cache = FeatureCache(tmp_path)
    assert cache.tokens == LENGTHS
    assert cache["clip_b"].dtype == torch.bfloat16
    parameters = json.loads((tmp_path / "index.json").read_text())["parameters"]
    assert parameters.pop("made_by") == cache.made_by
    assert parameters == {"seed": 1, "nested": {"a": []}}
    assert cache.made_by["weights"] == AVHubertEncoder.from_checkpoint(checkpoint).fingerprint


def test_a_missing_shard_ends_the_command_with_a_message(checkpoint, tmp_path, monkeypatch, capsys):
    encoder = json.dumps({"kind": "avhubert", "path": str(checkpoint)})
    options = ["--conditions", "clean", "--outputs", str(tmp_path / "out.tar")]
    monkeypatch.setattr(
        sys, "argv", ["extract", "--shards", "no.tar", "--encoder", encoder, *options]
    )
    with pytest.raises(SystemExit) as stopped:
        run_command(extract)
    assert stopped.value.code == 2
    assert "no.tar" in capsys.readouterr().err


def test_a_clip_that_the_shard_lost_is_named(mouths, tmp_path):
    target = Target(Condition.parse("clean"), tmp_path / "out.tar", {})
    with pytest.raises(InputError, match=f"{mouths}.*it lacks 1 clip: zz_lost.*rm -f"):
        encode_shard(mouths, Levels(), [target], ExtractSettings(), [*LENGTHS, "zz_lost"])
    assert not (tmp_path / "out.tar").exists()
