"""A small LRS2 tree goes to manifests, mouth crops and ledger by Snakemake alone."""

import shutil
from pathlib import Path

import av
import numpy as np
import pandas as pd
import pytest
import yaml

from mavsr.corpus.manifest import read_manifest
from mavsr.shards import read_shard

PORTRAIT = Path(__file__).parents[1] / "data" / "portrait.mp4"
ROOT = "data/LRS 2 (BBC) ü"
TARGETS = [f"results/mouths/lrs2/{split}/index.json" for split in ("train", "val", "test")]
TABLE = "\nWORD START END ASDSCORE\nA 0.0 0.6 1\nTALKING 0.6 1.0 1\nHEAD 1.1 1.9 1\n"
LISTS = {
    "train": "111/00001\n111/00002\n111/00003\n222/00004\n222/00005\n",
    "val": "333/00001\n",
    "test": "444/00001 NF\n",
    "pretrain": "111/00001\n",
}


def talking_head(path):
    """The portrait clip, which is silent, with two seconds of a tone."""
    seconds, rate = 2, 16_000
    tone = 0.1 * np.sin(np.arange(seconds * rate, dtype=np.float32)[None] / 20)
    with av.open(str(PORTRAIT)) as source, av.open(str(path), "w") as target:
        picture = source.streams.video[0]
        video = target.add_stream_from_template(picture)
        audio = target.add_stream("aac", rate=rate, layout="mono")
        for packet in source.demux(picture):
            if packet.dts is not None:
                packet.stream = video
                target.mux(packet)
        block = av.AudioFrame.from_ndarray(tone.astype(np.float32), "fltp", "mono")
        block.sample_rate, block.pts = rate, 0
        target.mux(audio.encode(block))
        target.mux(audio.encode(None))
    return path


def write_tree(root, video):
    for name, content in LISTS.items():
        part = "pretrain" if name == "pretrain" else "main"
        for line in content.splitlines():
            clip = root / "mvlrs_v1" / part / f"{line.split()[0]}.mp4"
            clip.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(video, clip)
            table = TABLE if part == "pretrain" else ""
            clip.with_suffix(".txt").write_text(f"Text:  A {{TALKING}} HEAD\nConf:  3\n{table}")
        (root / f"{name}.txt").write_text(content)


@pytest.mark.slow
def test_a_tree_of_lrs2_becomes_crops_and_a_ledger(project, tmp_path):
    root = project.folder / ROOT
    video = talking_head(tmp_path / "clip.mp4")
    write_tree(root, video)
    main = root / "mvlrs_v1" / "main"
    (main / "222" / "00004.txt").unlink()
    (main / "222" / "00005.mp4").write_bytes(video.read_bytes()[:2000])
    shutil.copytree(main / "444", main / "555")
    section = {
        "kind": "lrs2",
        "root": ROOT,
        "shards": {"train": 2, "val": 1, "test": 1},
        "longest_segment_s": 1.05,
    }
    config = {"corpora": {"lrs2": section}, "mouths": {"max_dropped": 0.5}}
    (project.folder / "mine.yaml").write_text(yaml.safe_dump(config))
    result = project.run("--configfile", "mine.yaml", "--", *TARGETS)
    assert result.returncode == 0, result.stdout[-5000:]

    corpus = project.folder / "results" / "corpus" / "lrs2"
    train = read_manifest(corpus / "train.parquet")
    assert dict(zip(train.key, train.text, strict=True)) == {
        "main-111-00001": "a talking head",
        "main-111-00002": "a talking head",
        "main-111-00003": "a talking head",
        "pretrain-111-00001-000": "a talking",
        "pretrain-111-00001-001": "head",
    }
    assert set(train.shard) == {0, 1}
    dropped = pd.read_csv(corpus / "dropped.csv").set_index("key")
    assert dict(dropped.split) == {
        "main-222-00004": "train",
        "main-222-00005": "train",
        "main-555-00001": "unused",
    }
    folder = project.folder / "results" / "mouths" / "lrs2"
    ledger = pd.read_csv(folder / "train" / "ledger.csv").set_index("key")
    assert dict(ledger.kept) == {
        **dict.fromkeys(train.key, True),
        "main-222-00004": False,
        "main-222-00005": False,
    }
    assert "is missing" in ledger.reason["main-222-00004"]
    crops = [
        key for shard in (0, 1) for key, _ in read_shard(folder / "train" / f"{shard:05d}.tar")
    ]
    assert sorted(crops) == sorted(train.key)
    assert ledger.frames["pretrain-111-00001-000"] == 25
    for split, key in (("val", "main-333-00001"), ("test", "main-444-00001")):
        assert [found for found, _ in read_shard(folder / split / "00000.tar")] == [key]
    assert not project.plan("--configfile", "mine.yaml", "--", *TARGETS)
