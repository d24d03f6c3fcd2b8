"""Clips longer than a config's jobs take are named before anything runs."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from tiny import save_whisper
from trees import manifest_row, write_video

from mavsr.config.read import read_config
from mavsr.corpus.check import check
from mavsr.encoders import EncoderSettings, load_encoder
from mavsr.errors import InputError
from mavsr.plan.long_clips import explain_long

DOCS = Path(__file__).parents[2] / "docs" / "data.md"


def own_videos_example() -> dict:
    """The config that docs/data.md gives for one's own videos."""
    section = DOCS.read_text(encoding="utf-8").split("## Your own videos")[1]
    return yaml.safe_load(re.search(r"```yaml\n(.*?)```", section, re.DOTALL)[1])


def config_of(tmp_path, **changes):
    example = own_videos_example()
    example["corpora"]["mine"] |= {"root": str(tmp_path), "transcripts": None}
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump({**example, **changes}))
    return path


def lines(config, *seconds, split="train"):
    rows = [manifest_row(f"c{s:g}", duration_s=s, split=split) for s in seconds]
    tables = {s: pd.DataFrame(rows if s == split else []) for s in ("train", "val", "test")}
    return explain_long(config, "mine", tables)


@pytest.mark.parametrize(
    ("features", "consequence"),
    [
        ({"long_clips": "error"}, "the features job will stop there, unless features.long_clips"),
        ({"long_clips": "split"}, "they are encoded in pieces"),
        ({"long_clips": "truncate", "longest_s": 3}, "what lies behind 3 s is cut off"),
        ({"long_clips": "truncate"}, "the features job will stop there, unless features.longest_s"),
    ],
)
def test_what_becomes_of_them_is_what_the_config_says(tmp_path, features, consequence):
    config = read_config([config_of(tmp_path, features=features)])
    assert lines(config, 4.0, 1.0) == []
    first, *named = lines(config, 4.04, 1.0, 9.0, split="test")
    assert first.startswith("2 clips of test are longer than the 4 s that toy-whisper takes; ")
    assert consequence in first
    assert named == ["  c9: 9.0 s", "  c4.04: 4.0 s"]


def test_the_chunk_is_that_of_the_encoder_in_use(tmp_path):
    save_whisper(tmp_path / "whisper", chunk_s=2)
    encoders = {
        name: {"kind": "whisper", "path": str(path), "revision": None, "pad": "none"}
        for name, path in (("mine", tmp_path / "whisper"), ("big", "openai/whisper-small.en"))
    }
    for name, most in (("mine", 2), ("big", 30)):
        setup = {"corpus": "mine", "audio_encoder": name}
        config = read_config([config_of(tmp_path, encoders=encoders, setup=setup)])
        assert lines(config, float(most), split="val") == []
        (first, _) = lines(config, most + 0.5, split="val")
        assert f"longer than the {most} s that {name} takes" in first


def test_an_encoder_whose_size_nobody_knows_is_named(tmp_path):
    encoders = {"odd": {"kind": "whisper", "path": "someone/odd", "revision": None}}
    setup = {"corpus": "mine", "audio_encoder": "odd"}
    config = read_config([config_of(tmp_path, encoders=encoders, setup=setup)])
    (line,) = lines(config, 1.0)
    assert line.startswith("whether odd takes the longest clips is not known: ")


def test_clips_beyond_a_batch_are_named(tmp_path):
    config = read_config([config_of(tmp_path, training={"batch_frames": 100})])
    assert "1 clips of train are longer than the 4 s that a batch takes" in lines(config, 4.5)[-2]


def test_lip_reading_hears_nothing(tmp_path):
    asked = {
        "use_experiments": ["figure4"],
        "experiments": {"figure4": [{"methods": ["mtsk-ms"], "task": "vsr"}]},
    }
    config = read_config([config_of(tmp_path, **asked)])
    assert lines(config, 9.0) == []


def test_check_tells_it(tmp_path, capsys):
    for speaker in range(4):
        video = write_video(tmp_path / f"s{speaker}" / "a.mp4", 20.0)
        video.with_suffix(".txt").write_text("hello")
    check([config_of(tmp_path)], ["mine"])
    output = capsys.readouterr().out
    assert "2 clips of train are longer than the 4 s that toy-whisper takes" in output
    assert "they are encoded in pieces" in output
    assert "will stop" not in output
    assert "nothing is left out" in output


def test_the_example_for_own_videos_encodes_20_seconds(tmp_path):
    config = read_config([config_of(tmp_path)])
    save_whisper(tmp_path / "whisper", chunk_s=config.toy.whisper.chunk_s)
    settings = EncoderSettings("whisper", str(tmp_path / "whisper"))
    wave = torch.from_numpy(np.random.default_rng(0).normal(0, 0.1, 20 * 16_000)).float()
    split = config.features.long_clips == "split"
    assert load_encoder(settings, "cpu", split).encode([wave])[0].shape[0] == 20 * 50
    with pytest.raises(InputError, match=r"lasts 20\.00 s and this Whisper takes at most 4 s"):
        load_encoder(settings, "cpu").encode([wave])
