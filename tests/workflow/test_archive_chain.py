"""LRS2 and LRS3 go from archives on a web server to crops, ledgers and sheets by snakemake alone.

The tests of this file share one folder and one server, and run in order.
"""

import base64
import io
import shutil
from pathlib import Path

import av
import numpy as np
import pandas as pd
import pytest
import soundfile
import yaml
from archives import pieces, read_files, tar, zipped
from project import Project
from web_server import serve

from mavsr.corpus.manifest import read_manifest
from mavsr.shards import read_shard
from mavsr.toy.portrait.make import make
from mavsr.toy.portrait.settings import PortraitSettings

PORTRAIT = Path(__file__).parents[1] / "data" / "portrait.mp4"
ROOTS = {"lrs2": "da ta/LRS 2 (BBC) ü", "lrs3": "da ta/l r s 3"}
SPLITS = ("train", "val", "test")
CONFIG = ("--configfile", "my.yaml", "--")
BABBLE = "results/noise/babble.flac"
MANIFESTS = [f"results/corpus/{corpus}/{split}.parquet" for corpus in ROOTS for split in SPLITS]
TARGETS = [
    *(f"results/mouths/{corpus}/ledger_summary.csv" for corpus in ROOTS),
    *(f"results/report/mouths/{corpus}_test.png" for corpus in ROOTS),
    BABBLE,
]
ACCOUNT = ("ann@uni", "pass word é")
TABLE = "\nWORD START END ASDSCORE\nA 0.0 0.6 1\nTALKING 0.6 1.0 1\nHEAD 1.1 1.9 1\n"
LISTS = {
    "train": "111/00001\n111/00002\n111/00003\n222/00004\n222/00005\n",
    "val": "333/00001\n",
    "test": "444/00001 NF\n",
    "pretrain": "111/00001\n",
}
LRS3 = PortraitSettings(
    trainval_speakers=4,
    test_speakers=1,
    trainval_clips=4,
    pretrain_clips=4,
    pretrain_sentences=1,
    test_clips=2,
)


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
    return path.read_bytes()


def lrs2_files(video):
    """Videos and transcripts; of the clips of list ``train`` two are spoilt, and one is in none."""
    files = {}
    for name, content in LISTS.items():
        part, table = ("pretrain", TABLE) if name == "pretrain" else ("main", "")
        for line in [*content.splitlines(), *(["555/00001"] if name == "test" else [])]:
            stem = f"mvlrs_v1/{part}/{line.split()[0]}"
            files[f"{stem}.mp4"] = video
            files[f"{stem}.txt"] = f"Text:  A {{TALKING}} HEAD\nConf:  3\n{table}".encode()
    del files["mvlrs_v1/main/222/00004.txt"]
    files["mvlrs_v1/main/222/00005.mp4"] = video[:2000]
    return files


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpora")
    make(folder / "lrs3", folder / "listing.json", LRS3)
    lrs3 = {k: v for k, v in read_files(folder / "lrs3").items() if "/" in k}
    lrs2 = lrs2_files(talking_head(folder / "clip.mp4"))
    files = {f"/l r s/{name}.txt": content.encode() for name, content in LISTS.items()}
    for name, archive in (("lrs2", tar(lrs2, "w:gz")), ("lrs3", zipped(lrs3))):
        parts = zip("abc", pieces(archive, 3), strict=True)
        files |= {f"/l r s/{name}_parta{letter}": part for letter, part in parts}
    files["/babble.wav"] = wav()
    with serve(files=files, account=ACCOUNT) as running:
        yield running


def wav():
    noise = np.random.default_rng(0).normal(0, 0.1, 32_000).astype(np.float32)
    stream = io.BytesIO()
    soundfile.write(stream, noise, 16_000, format="WAV")
    return stream.getvalue()


@pytest.fixture(scope="module")
def project(smoke_project, site) -> Project:
    def section(kind, **others):
        parts = [{"url": site.url(path)} for path in sorted(site.files) if f"{kind}_part" in path]
        download = {"parallel": 2, "keep_archives": False, "archives": [{"parts": parts}]}
        return {"kind": kind, "root": ROOTS[kind], "download": download, **others}

    lrs2 = section("lrs2", shards={"train": 2, "val": 1, "test": 1}, longest_segment_s=1.05)
    lrs2["download"]["files"] = [{"url": site.url(f"/l r s/{name}.txt")} for name in LISTS]
    one = {"train": 1, "val": 1, "test": 1}
    config = {
        "corpora": {
            "lrs2": lrs2,
            "lrs3": section("lrs3", shards=one, longest_segment_s=16, validation_share=0.25),
        },
        "setup": {"corpus": "lrs2"},
        "mouths": {"max_dropped": 0.5},
        "noise": {"babble": {"url": site.url("/babble.wav"), "sha256": None}},
    }
    (smoke_project.folder / "my.yaml").write_text(yaml.safe_dump(config))
    return smoke_project


@pytest.fixture
def account(project, monkeypatch):
    """The account: for LRS2 in the environment, for the rest in ~/.netrc, which goes again."""
    path = project.folder / ".netrc"
    path.write_text(f'machine 127.0.0.1 login {ACCOUNT[0]} password "{ACCOUNT[1]}"\n')
    path.chmod(0o600)
    monkeypatch.setenv("HOME", str(project.folder))
    monkeypatch.setenv("MAVSR_LRS2_USERNAME", ACCOUNT[0])
    monkeypatch.setenv("MAVSR_LRS2_PASSWORD", ACCOUNT[1])
    yield
    path.unlink()


def table(project, path, index="key"):
    return pd.read_csv(project.folder / "results" / path).set_index(index).sort_index()


def test_a_dry_run_needs_neither_data_nor_network(project, site):
    jobs = project.plan(*CONFIG, *TARGETS)
    downloads = {"download_corpus": 2, "scan_corpus": 2, "download_babble": 1, "import_babble": 1}
    mouths = {"crop_mouths": 4 + 3, "index_mouths": 6, "summarise_mouths": 2, "draw_mouths": 2}
    assert jobs == {**downloads, **mouths}
    assert not site.asked
    jobs = project.plan()
    assert jobs["make_portrait"] == jobs["make_babble"] == 1
    assert not {"download_corpus", "download_babble", "import_babble"} & set(jobs)


def test_without_credentials_it_says_what_to_set(project, monkeypatch):
    monkeypatch.setenv("HOME", str(project.folder))
    result = project.run(*CONFIG, MANIFESTS[0])
    assert result.returncode == 1
    assert "set MAVSR_LRS2_USERNAME and MAVSR_LRS2_PASSWORD" in result.stdout


def test_archives_become_crops_ledgers_and_sheets(project, site, account):
    part = "/l r s/lrs2_partab"
    site.faults[part] = [("status", 503, {"Retry-After": "0"}), ("drop", 5_000)]
    site.asked.clear()
    result = project.run(*CONFIG, *TARGETS)
    assert result.returncode == 0, result.stdout[-5000:]
    assert "answered 503" in (project.folder / "results/logs/corpus/lrs2/download.log").read_text()
    assert site.sent() == sum(map(len, site.files.values()))
    assert not list((project.folder / "results").rglob("*.partial"))
    for corpus in ROOTS:
        sheet = project.folder / f"results/report/mouths/{corpus}_test.png"
        assert sheet.read_bytes().startswith(b"\x89PNG")


def test_nobody_can_read_the_credentials_afterwards(project):
    secrets = [ACCOUNT[1].encode(), base64.b64encode(":".join(ACCOUNT).encode())]
    written = {
        path: path.read_bytes()
        for path in project.folder.rglob("*")
        if path.is_file() and path.suffix not in (".mp4", ".tar")
    }
    assert any("logs" in path.parts for path in written)
    assert not [path for path, content in written.items() if any(s in content for s in secrets)]


def test_lrs2_is_read_and_every_clip_accounted_for(project):
    train = read_manifest(project.folder / "results/corpus/lrs2/train.parquet")
    assert dict(zip(train.key, train.text, strict=True)) == {
        "main-111-00001": "a talking head",
        "main-111-00002": "a talking head",
        "main-111-00003": "a talking head",
        "pretrain-111-00001-000": "a talking",
        "pretrain-111-00001-001": "head",
    }
    assert set(train.shard) == {0, 1}
    dropped = table(project, "corpus/lrs2/dropped.csv")
    assert dict(dropped.split) == {
        "main-222-00004": "train",
        "main-222-00005": "train",
        "main-555-00001": "unused",
    }
    ledger = table(project, "mouths/lrs2/train/ledger.csv")
    lost = {"main-222-00004": False, "main-222-00005": False}
    assert dict(ledger.kept) == {**dict.fromkeys(train.key, True), **lost}
    assert "is missing" in ledger.reason["main-222-00004"]
    assert ledger.frames["pretrain-111-00001-000"] == 25
    assert (ledger.face_share[ledger.kept] == 1).all()
    assert crops(project, "lrs2", "train") == sorted(train.key)
    assert crops(project, "lrs2", "val") == ["main-333-00001"]
    assert crops(project, "lrs2", "test") == ["main-444-00001"]
    summary = table(project, "mouths/lrs2/ledger_summary.csv", ["split", "outcome"])
    assert summary.clips["train", "kept"].sum() == 5
    assert summary.clips["all", "dropped"].sum() == 2


def test_lrs3_is_read_and_every_clip_accounted_for(project):
    manifests = {
        split: read_manifest(project.folder / f"results/corpus/lrs3/{split}.parquet")
        for split in SPLITS
    }
    [held_out] = set(manifests["val"].speaker)
    speakers = {f"a00{n}" for n in range(4)}
    assert set(manifests["train"].speaker) == speakers - {held_out}
    assert {split: len(part) for split, part in manifests.items()} == {
        "train": 2 * 3,
        "val": 1,
        "test": 2,
    }
    dropped = table(project, "corpus/lrs3/dropped.csv")
    assert dict(dropped.split) == {f"pretrain-{held_out}-00000": "unused"}
    for split, manifest in manifests.items():
        ledger = table(project, f"mouths/lrs3/{split}/ledger.csv")
        assert ledger.kept.all() and (ledger.face_share > 0.9).all()
        assert np.allclose(ledger.duration_s[manifest.key], manifest.duration_s, atol=0.1)
        assert list(ledger.index) == crops(project, "lrs3", split) == sorted(manifest.key)
    summary = table(project, "mouths/lrs3/ledger_summary.csv", ["split", "outcome"])
    assert summary.clips["all", "kept"] == 9
    assert "dropped" not in summary.index.get_level_values("outcome")


def crops(project, corpus, split):
    """Keys in the shards of a split."""
    folder = project.folder / "results" / "mouths" / corpus / split
    return sorted(key for shard in folder.glob("*.tar") for key, _ in read_shard(shard))


def test_then_nothing_is_left_to_do(project):
    assert not project.plan(*CONFIG, *TARGETS)
    path = project.folder / "my.yaml"
    config = yaml.safe_load(path.read_text())
    config["corpora"]["lrs3"]["download"] |= {"parallel": 8, "keep_archives": True}
    path.write_text(yaml.safe_dump(config))
    assert not project.plan(*CONFIG, *TARGETS)
    module = project.folder / "src" / "mavsr" / "corpus" / "download" / "transfer.py"
    module.write_text(module.read_text() + "\n# edited\n")
    assert not project.plan(*CONFIG, *TARGETS)


def test_a_removed_listing_costs_no_download(project, site):
    shutil.rmtree(project.folder / "results" / "corpus")
    site.asked.clear()
    assert project.run(*CONFIG, *MANIFESTS).returncode == 0
    assert not site.asked
