"""Encoding inside training gives what the cache holds, without the cache."""

import json
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from trees import manifest_row

import mavsr.training.train as train_module
from mavsr.command import run_command
from mavsr.corpus.manifest import write_manifest
from mavsr.encoders import EncoderSettings
from mavsr.errors import InputError
from mavsr.features.extract import extract
from mavsr.features.index import index
from mavsr.features.join import UtteranceSource
from mavsr.features.online import OnlineSettings, online_views
from mavsr.features.settings import ExtractSettings
from mavsr.media import encode_audio
from mavsr.noise.apply import apply
from mavsr.noise.render import NoiseSettings
from mavsr.shards import write_index
from mavsr.training.settings import TrainingSettings
from mavsr.training.state import ResumeState
from mavsr.training.train_online import train_online

EXTRACTION = ExtractSettings(seed=3, long_clips="split", dtype="float16")
NOISE = NoiseSettings(seed=5, snrs=(-5, 5), mask_samples=1600)


@pytest.fixture(scope="module")
def settings(place):
    """Online settings over the two clips, and beside them a manifest."""
    write_index(place / "index.json", [place / "in.tar"], {})
    babble = np.random.default_rng(1).uniform(-0.3, 0.3, 64_000).astype(np.float32)
    (place / "babble.flac").write_bytes(encode_audio(babble))
    rows = [manifest_row(key, text="red green") for key in ("clip_long", "clip_short")]
    write_manifest(place / "train.parquet", pd.DataFrame(rows))
    return OnlineSettings(
        mouths=place / "index.json",
        babble=place / "babble.flac",
        audio_encoder=EncoderSettings("whisper", str(place / "w")),
        video_encoder=EncoderSettings("avhubert", str(place / "v.pt")),
        noise=NOISE,
        extraction=EXTRACTION,
    )


def cached(place, folder, settings, view, extraction=EXTRACTION):
    """Indexes of the same view, made as the workflow's jobs make it."""
    condition = f"view_{view}"
    apply(place / "in.tar", settings.babble, [condition], [folder / "noisy.tar"], NOISE)
    sound = {"audio": folder / "noisy.tar", "video": place / "in.tar"}
    indexes = {}
    for modality, encoder in settings.encoders.items():
        shard = folder / modality / condition / "0.tar"
        extract([sound[modality]], encoder, [condition], [shard], extraction)
        indexes[modality] = shard.with_name("index.json")
        index([shard], indexes[modality], shard.with_name("samples.parquet"), {})
    return indexes


def test_an_epoch_meets_what_its_view_would_hold(place, settings, tmp_path):
    views = online_views(place / "train.parquet", settings, epochs=2)
    for number, online in enumerate(views):
        indexes = cached(place, tmp_path, settings, number)
        cache = UtteranceSource(place / "train.parquet", indexes)
        assert list(online) == list(cache) and len(online) == 2
        assert online.dims == cache.dims
        assert online.lengths() == cache.lengths()
        assert online.frames() == cache.frames()
        for key in online:
            assert online[key].text == cache[key].text
            for modality, tokens in cache[key].tokens.items():
                # Encoded alone and in batches: up to the last bit of float16.
                torch.testing.assert_close(
                    online[key].tokens[modality], tokens, rtol=2**-10, atol=1e-6
                )
        assert online.made_by == cache.made_by
    first, second = (view["clip_short"].tokens for view in views)
    assert all(not torch.equal(first[modality], second[modality]) for modality in first)


def test_one_modality_needs_no_other(place, settings):
    video = replace(settings, audio_encoder=None, babble=None)
    (view,) = online_views(place / "train.parquet", video, epochs=1)
    assert view["clip_short"].tokens.keys() == {"video"}
    with pytest.raises(InputError, match="babble"):
        replace(settings, babble=None)


@pytest.mark.parametrize(("limit_s", "long"), [(1.0, 25), (0.98, 24)])
def test_truncated_clips_are_planned_as_they_are_encoded(place, settings, limit_s, long):
    short = replace(EXTRACTION, long_clips="truncate", longest_s=limit_s)
    both = replace(settings, extraction=short)
    (view,) = online_views(place / "train.parquet", both, epochs=1)
    assert view.frames() == {"clip_long": long, "clip_short": 20}
    (sound,) = online_views(place / "train.parquet", replace(both, video_encoder=None), epochs=1)
    for source in (view, sound):
        for key, lengths in source.lengths().items():
            assert {m: len(tokens) for m, tokens in source[key].tokens.items()} == lengths


def test_a_model_trains_on_fresh_views(place, settings, settings_of, tmp_path, monkeypatch):
    validation = cached(place, tmp_path / "val", settings, 0)
    encoders = {
        f"{modality}_encoder": {"kind": encoder.kind, "path": encoder.path}
        for modality, encoder in settings.encoders.items()
    }
    online = {
        "mouths": str(settings.mouths),
        "babble": str(settings.babble),
        "noise": {"seed": 5, "snrs": [-5, "clean"], "mask_samples": 1600},
        "extraction": {"long_clips": "split"},
        **encoders,
    }
    options = {
        "output": tmp_path / "model",
        "train_manifest": place / "train.parquet",
        "val_manifest": place / "train.parquet",
        "audio_val": validation["audio"],
        "video_val": validation["video"],
        "online": json.dumps(online),
        "model": json.dumps(settings_of(method="mtsk-ms").to_dict()),
        "training": json.dumps({"epochs": 2}),
    }
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    monkeypatch.setattr(sys, "argv", ["train_online", *words])
    run_command(train_online)
    run = json.loads((tmp_path / "model" / "run.json").read_text())
    assert run["steps"] == 2
    assert set(run["encoders"]) == {"audio", "video"}
    assert str(settings.babble) in run["data_sha256"]
    assert run["online"]["noise"]["snrs"] == [-5, "clean"]
    assert run["online"]["audio_encoder"]["path"] == str(place / "w")


def test_an_interrupted_run_is_not_resumed_on_other_views(
    place, settings, settings_of, tmp_path, monkeypatch
):
    validation = cached(place, tmp_path / "val", settings, 0)
    fingerprints = []

    def spy(path, fingerprint, code):
        fingerprints.append(fingerprint)
        return ResumeState(path, fingerprint, code)

    monkeypatch.setattr(train_module, "ResumeState", spy)
    louder = replace(settings, noise=replace(NOISE, snrs=(-5, 0)))
    unflipped = replace(settings, extraction=replace(EXTRACTION, flip=False))
    for online in (settings, settings, louder, unflipped):
        train_online(
            tmp_path / "model",
            place / "train.parquet",
            place / "train.parquet",
            settings_of(method="mtsk-ms"),
            TrainingSettings(epochs=1),
            audio_val=[validation["audio"]],
            video_val=[validation["video"]],
            online=online,
        )
    assert fingerprints[0] == fingerprints[1]
    assert len(set(fingerprints)) == 3


def test_pooled_validation_features_that_do_not_suit_the_rates_are_refused(
    place, settings, settings_of, tmp_path
):
    pooled = cached(place, tmp_path, settings, 0, replace(EXTRACTION, pool=4))
    with pytest.raises(InputError, match=r"means of 4 tokens.*avgpool at rate 2"):
        train_online(
            tmp_path / "model",
            place / "train.parquet",
            place / "train.parquet",
            settings_of(method="mtsk-ms"),  # audio rates 2 and 4
            TrainingSettings(epochs=1),
            audio_val=[pooled["audio"]],
            video_val=[pooled["video"]],
            online=settings,
        )
