"""Features that a training run takes."""

import pytest


@pytest.fixture
def files(write_features):
    """Options of a training run on seven clips, validated on two."""
    train_manifest, views = write_features("train", {f"k{n}": 4 + n for n in range(7)}, "view_0")
    val_manifest, clean = write_features("val", {"v1": 6, "v2": 9}, "clean")
    return {
        "train_manifest": [train_manifest],
        "val_manifest": [val_manifest],
        "audio": [views["audio"]],
        "video": [views["video"]],
        "audio_val": [clean["audio"]],
        "video_val": [clean["video"]],
    }
