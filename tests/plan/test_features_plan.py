"""What features will take, against the papers' numbers and against real encoders."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
from tiny import save_avhubert
from transformers import WhisperConfig
from trees import manifest_row

from mavsr import cli
from mavsr.config.read import merged, parse_config, plain, read_config
from mavsr.config.toy import Toy
from mavsr.corpus.manifest import write_manifest
from mavsr.encoders import EncoderSettings
from mavsr.errors import InputError
from mavsr.plan.features import feature_table, split_lengths
from mavsr.report.encoder_sizes import encoder_size
from mavsr.workflow.experiments import all_evaluations
from mavsr.workflow.needs import Cache, pool_size, wanted_caches

PAPER = Path(__file__).parents[2] / "workflow" / "configs" / "paper.yaml"


@pytest.fixture(scope="module")
def paper():
    return read_config([PAPER])


def test_the_papers_training_views_take_what_arithmetic_says(paper, tmp_path):
    table, notes = feature_table(paper, tmp_path)
    rows = table.set_index(["encoder", "corpus", "split"])
    medium = rows.loc["whisper-medium", "lrs3", "train"]
    # 433 h * 3,600 s * 50 tokens * 1,024 numbers * 2 bytes.
    assert medium["GB a view"] == pytest.approx(159.6, abs=0.05)
    assert pytest.approx(1596, abs=1) == medium.GB
    assert rows.loc["avhubert-large", "lrs3", "train"]["GB a view"] == pytest.approx(79.8, abs=0.05)
    assert (medium.hours, medium["views"]) == (433, 10)
    assert any("lrs3 val: its length is not known yet" in note for note in notes)


def test_a_view_for_every_epoch_is_the_papers_default(paper):
    assert paper.features.views == paper.training.epochs == 10


def test_whisper_medium_costs_what_its_matrices_say():
    size = encoder_size(EncoderSettings("whisper", "openai/whisper-medium.en"), Toy())
    width, tokens = 1024, 1500
    layer = 2 * tokens * 12 * width**2 + 4 * tokens**2 * width
    stem = 2 * (2 * tokens) * (3 * 80 * width) + 2 * tokens * 3 * width**2
    assert size.flops(1) == size.flops(30) == pytest.approx(24 * layer + stem, rel=1e-6)


def test_without_padding_a_clip_costs_its_own_length():
    settings = EncoderSettings("whisper", "openai/whisper-small", pad="none")
    size = encoder_size(settings, Toy())
    padded = encoder_size(EncoderSettings("whisper", settings.path), Toy())
    assert size.flops(30) == pytest.approx(padded.flops(30))
    assert size.flops(3) < 0.1 * padded.flops(3)


def test_sizes_come_from_the_files_that_are_there(tmp_path):
    WhisperConfig(d_model=24, max_source_positions=100).save_pretrained(tmp_path / "w")
    size = encoder_size(EncoderSettings("whisper", str(tmp_path / "w")), Toy())
    assert (size.dim, size.chunk_s, size.basis) == (24, 2.0, "its config.json")
    save_avhubert(tmp_path / "v.pt")
    size = encoder_size(EncoderSettings("avhubert", str(tmp_path / "v.pt")), Toy())
    assert (size.dim, size.chunk_s, size.basis) == (16, None, "its checkpoint")


def test_an_unknown_whisper_is_named():
    with pytest.raises(InputError, match=r"'some/hearing' is not known.*fetch it once online"):
        encoder_size(EncoderSettings("whisper", "some/hearing"), Toy())


@pytest.mark.parametrize("content", ["{", '{"d_model": "wide"}'])
def test_a_damaged_config_is_not_taken_for_a_published_one(tmp_path, content):
    folder = tmp_path / "whisper-small"
    folder.mkdir()
    (folder / "config.json").write_text(content)
    with pytest.raises(InputError, match=r"whisper-small/config\.json cannot be read"):
        encoder_size(EncoderSettings("whisper", str(folder)), Toy())


def test_manifests_go_before_published_numbers(tmp_path):
    rows = [manifest_row(f"k{n}", duration_s=3.0 + n) for n in range(3)]
    path = tmp_path / "lrs3" / "train.parquet"
    write_manifest(path, pd.DataFrame(rows))
    found = split_lengths("lrs3", "lrs3", "train", tmp_path)
    assert (found.seconds.tolist(), found.basis) == ([3.0, 4.0, 5.0], "manifest")
    shutil.rmtree(tmp_path / "lrs3")
    assert split_lengths("lrs3", "lrs3", "train", tmp_path).hours == pytest.approx(433)
    assert split_lengths("mine", "folder", "train", tmp_path) is None


def test_pooling_divides_the_sound_and_names_what_it_saves(paper, tmp_path):
    written = plain(paper)
    config = merged(written, {"features": {"store": "pooled"}})
    config["experiments"] = {"table1": written["experiments"]["table1"]}
    config = parse_config(config)
    rows = feature_table(config, tmp_path)[0].set_index(["encoder", "corpus", "split"])
    sound = rows.loc["whisper-small", "lrs3", "train"]
    assert sound["GB a view"] == pytest.approx(119.7 / 4, abs=0.05)
    assert sound["saved GB"] == pytest.approx(10 * 119.7 * 3 / 4, abs=1)
    assert rows.loc["avhubert-large", "lrs3", "train"]["saved GB"] == 0
    assert pool_size(all_evaluations(config), "whisper-small", "lrs3") == 4


def test_every_cache_is_wanted_once(paper):
    caches = wanted_caches(paper)
    # Two corpora by three encoders: ten views, clean validation and clean test.
    clean = 2 * 3 * (10 + 1 + 1)
    # More tests by Whisper small: on LRS3 six SNRs of babble and three of speech, on LRS2 five.
    noisy = (6 + 3) + 5
    # By AV-HuBERT on LRS3: three shares of dropped frames, two each of patches, blurs and delays.
    faulty = 3 + 2 + 2 + 2
    assert len(caches) == len(set(caches)) == clean + noisy + faulty
    assert Cache("whisper-small", "lrs3", "test", "snr_-5") in caches
    assert Cache("avhubert-large", "lrs3", "test", "snr_-5") not in caches


def test_the_command_prints_totals(capsys):
    cli.main(["plan", "--configfile", str(PAPER)])
    shown = capsys.readouterr().out
    assert "whisper-medium: width 1024, from the published size medium" in shown
    assert "159.6" in shown and "79.8" in shown
    assert "\nall: " in shown
