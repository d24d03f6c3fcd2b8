"""A corpus of ready-made crops through the rules, to its crops' shards."""

from pathlib import Path

import numpy as np
import pytest
import yaml
from crops import SPLITS, make_crops, write_tree

from mavsr.media import decode_video
from mavsr.shards import read_shard

INDEXES = [f"results/mouths/mine/{split}/index.json" for split in SPLITS]


@pytest.fixture
def arguments(project, tmp_path):
    splits = write_tree(tmp_path / "crops")
    shards = dict.fromkeys(SPLITS, 1)
    mine = {"kind": "crops", "root": str(tmp_path / "crops"), "splits": splits, "shards": shards}
    config = project.folder / "my.yaml"
    config.write_text(yaml.safe_dump({"corpora": {"mine": mine}, "setup": {"corpus": "mine"}}))
    return "--configfile", str(config), "--", *INDEXES


def test_the_plan_has_no_detection(project, arguments):
    assert project.plan(*arguments) == {"scan_corpus": 1, "crop_mouths": 3, "index_mouths": 3}
    retinaface = ("--config", "mouths={detector: retinaface, retinaface: {weights: gone.pth}}")
    assert project.plan(*retinaface, *arguments)["crop_mouths"] == 3


def test_from_a_tree_to_shards(project, arguments, tmp_path):
    # No weights are asked for, as nobody looks for a face.
    retinaface = ("--config", "mouths={detector: retinaface, retinaface: {weights: gone.pth}}")
    result = project.run(*retinaface, *arguments)
    assert result.returncode == 0, result.stdout
    for number, split in enumerate(SPLITS):
        shard = Path(project.folder, "results/mouths/mine", split, "00000.tar")
        samples = dict(read_shard(shard))
        assert list(samples) == [f"lrs3-{split}-s{number}-{n:05d}" for n in range(2)]
        for n, fields in enumerate(samples.values()):
            crops = decode_video(fields["mkv"]).astype(int)
            assert np.abs(crops - make_crops(10 * number + n)).mean() < 4
    assert project.plan(*retinaface, *arguments) == {}
    labels = tmp_path / "crops" / "labels" / "lrs3_test_transcript_lengths_seg16s_25.csv"
    labels.write_text(labels.read_text().replace("well, yes", "well, no"))
    changed = project.plan(*retinaface, *arguments)
    assert changed["scan_corpus"] == 1
