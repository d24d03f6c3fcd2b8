"""Features are read from a node's own disk if asked for, and nothing stays there."""

import shutil
import tempfile
from collections import namedtuple
from dataclasses import replace

import pytest

from mavsr.errors import InputError
from mavsr.features.cache import FeatureCache
from mavsr.training.processes import ALONE
from mavsr.training.settings import TrainingSettings
from mavsr.training.staging import staged, staging_folder
from mavsr.training.train import train

TRAINING = TrainingSettings(epochs=2, learning_rate=1e-2, batch_frames=24)
SHARD = "00000.tar"


@pytest.fixture(autouse=True)
def node(tmp_path, monkeypatch):
    """The disk of a node."""
    disk = tmp_path / "node disk"
    disk.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(disk))
    return disk


@pytest.fixture
def made(write_features):
    """Manifest of the training split, and its views."""
    lengths = {f"k{n}": 4 + n for n in range(7)}
    manifest, first = write_features("train", lengths, "view_0")
    _, second = write_features("train", lengths, "view_1")
    return manifest, {modality: [first[modality], second[modality]] for modality in first}


def test_copies_hold_what_the_caches_hold_and_are_gone_afterwards(made, tmp_path, node):
    _, views = made
    with staged(views, tmp_path / "out", ALONE) as copies:
        for modality, indexes in views.items():
            for old, new in zip(indexes, copies[modality], strict=True):
                assert node in new.parents
                ours, theirs = FeatureCache(new.parent), FeatureCache(old.parent)
                assert all((ours[key] == theirs[key]).all() for key in theirs.keys)
    assert not list(node.iterdir())


def test_training_reads_the_copies_and_gives_the_same_model(
    made, write_features, settings_of, tmp_path, node, monkeypatch
):
    manifest, views = made
    val_manifest, clean = write_features("val", {"v1": 6, "v2": 9}, "clean")
    files = {
        "train_manifest": [manifest],
        "val_manifest": [val_manifest],
        **views,
        "audio_val": [clean["audio"]],
        "video_val": [clean["video"]],
    }
    opened = []
    get = FeatureCache.__getitem__
    monkeypatch.setattr(
        FeatureCache, "__getitem__", lambda s, key: opened.append(s.folder) or get(s, key)
    )
    near = replace(TRAINING, local_features=True)
    for name, settings in (("far", TRAINING), ("near", near)):
        opened.clear()
        train(tmp_path / name, model=settings_of(method="mtsk-ms"), training=settings, **files)
        read = {folder for folder in opened if "val" not in folder.parts}
        assert read
        assert all((node in folder.parents) == (name == "near") for folder in read)
    for file in ("projectors.safetensors", "metrics.csv"):
        assert (tmp_path / "far" / file).read_bytes() == (tmp_path / "near" / file).read_bytes()
    assert not list(node.iterdir())


def test_a_shard_that_changed_after_it_was_indexed_is_refused(made, tmp_path, node):
    _, views = made
    shard = views["video"][1].parent / SHARD
    content = bytearray(shard.read_bytes())
    content[700] ^= 1
    shard.write_bytes(content)
    with pytest.raises(InputError, match=r"view_1/00000\.tar"), staged(views, tmp_path, ALONE):
        pass
    assert not list(node.iterdir())


def test_what_a_killed_attempt_left_is_used_if_it_is_whole(made, tmp_path, monkeypatch):
    _, views = made
    whole, broken = (staging_folder(tmp_path / "out") / m / "0" / SHARD for m in views)
    for modality, copy in zip(views, (whole, broken), strict=True):
        copy.parent.mkdir(parents=True)
        shutil.copy(views[modality][0].parent / SHARD, copy)
    broken.write_bytes(broken.read_bytes()[:-1])
    copied = []
    copy_file = shutil.copyfile
    monkeypatch.setattr(shutil, "copyfile", lambda a, b: copied.append(b) or copy_file(a, b))
    with staged(views, tmp_path / "out", ALONE):
        assert whole not in copied
        assert broken in copied


def test_too_small_a_disk_is_named_before_anything_is_copied(made, tmp_path, node, monkeypatch):
    _, views = made
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10, 10, 0))
    with pytest.raises(InputError, match=r"scratch in site\.yaml"), staged(views, tmp_path, ALONE):
        pass
    assert not list(node.iterdir())
