"""From archives on a web server to manifests, by snakemake alone.

The tests of this file share one folder and one server, and run in order.
"""

import io
import shutil
import tarfile
import wave
import zipfile
from pathlib import Path

import pandas as pd
import pytest
import yaml
from web_server import serve

from mavsr.corpus.download.settings import DownloadSettings, RemoteFile

CLIP = Path(__file__).parents[1] / "data" / "portrait.mp4"
CONFIG = ("--configfile", "my.yaml", "--")
MANIFESTS = [f"results/corpus/web/{split}.parquet" for split in ("train", "val", "test")]
BABBLE = "results/noise/babble.flac"
SECRET = "pass word é"


def clip_files(folder, speakers):
    files = {}
    for number, speaker in enumerate(speakers):
        files[f"{folder}/{speaker}/0000{number}.mp4"] = CLIP.read_bytes()
        files[f"{folder}/{speaker}/0000{number}.txt"] = f"Text:  WORD {number}\n".encode()
    return files


def tar_parts(files, count):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    content = stream.getvalue()
    size = -(-len(content) // count)
    return [content[start : start + size] for start in range(0, len(content), size)]


def zipped(files):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def sound():
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(range(256)) * 500)
    return stream.getvalue()


@pytest.fixture(scope="module")
def site():
    parts = tar_parts(clip_files("trainval", ["s1", "s2", "s3", "s4"]), 3)
    files = {f"/l r s/trainval_part{n}": part for n, part in enumerate(parts)}
    files["/l r s/test.zip"] = zipped(clip_files("test", ["t1", "t2"]))
    files["/babble.wav"] = sound()
    with serve(files=files, account=("ann", SECRET)) as running:
        yield running


@pytest.fixture(scope="module")
def project(smoke_project, site):
    names = sorted(path for path in site.files if "trainval" in path)
    archives = [
        {"parts": [{"url": site.url(name)} for name in names]},
        {"parts": [{"url": site.url("/l r s/test.zip"), "sha256": None}], "into": "."},
    ]
    corpus = {
        "kind": "lrs3",
        "pretrain": False,
        "root": "da ta/l r s é",
        "download": {"parallel": 2, "keep_archives": False, "archives": archives},
        "shards": {"train": 1, "val": 1, "test": 1},
        "longest_segment_s": 16,
        "validation_share": 0.25,
    }
    config = {
        "corpora": {"web": corpus},
        "setup": {"corpus": "web"},
        "noise": {"babble": {"url": site.url("/babble.wav")}},
    }
    (smoke_project.folder / "my.yaml").write_text(yaml.safe_dump(config))
    return smoke_project


def logs(project):
    return "".join(path.read_text() for path in (project.folder / "results/logs").rglob("*.log"))


def test_a_dry_run_needs_neither_data_nor_network(project, site):
    jobs = project.plan(*CONFIG, *MANIFESTS, BABBLE)
    expected = ("download_corpus", "scan_corpus", "download_babble", "import_babble")
    assert jobs == dict.fromkeys(expected, 1)
    assert not site.asked
    jobs = project.plan()
    assert jobs["make_portrait"] == jobs["make_babble"] == 1
    assert not {"download_corpus", "download_babble", "import_babble"} & set(jobs)


def test_without_credentials_it_says_what_to_set(project, monkeypatch):
    monkeypatch.setenv("HOME", str(project.folder))
    result = project.run(*CONFIG, MANIFESTS[0])
    assert result.returncode == 1
    assert "set MAVSR_WEB_USERNAME and MAVSR_WEB_PASSWORD" in result.stdout


def test_archives_become_manifests(project, site, monkeypatch):
    (project.folder / ".netrc").write_text(f'machine 127.0.0.1 login ann password "{SECRET}"\n')
    (project.folder / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(project.folder))
    site.faults["/l r s/trainval_part1"] = [("status", 503, {"Retry-After": "0"}), ("drop", 5_000)]
    site.asked.clear()
    result = project.run(*CONFIG, *MANIFESTS, BABBLE)
    assert result.returncode == 0, result.stdout[-3000:]
    train, val, test = (pd.read_parquet(project.folder / path) for path in MANIFESTS)
    assert (len(train), len(val), len(test)) == (3, 1, 2)
    assert all((project.folder / video).read_bytes() == CLIP.read_bytes() for video in train.video)
    assert site.sent() == sum(map(len, site.files.values()))
    assert "answered 503" in logs(project)
    (project.folder / ".netrc").unlink()
    written = [p for p in project.folder.rglob("*") if p.is_file() and p.suffix != ".mp4"]
    assert not [path for path in written if SECRET.encode() in path.read_bytes()]


def test_then_nothing_is_left_to_do(project):
    assert not project.plan(*CONFIG, *MANIFESTS, BABBLE)
    path = project.folder / "my.yaml"
    config = yaml.safe_load(path.read_text())
    config["corpora"]["web"]["download"] |= {"parallel": 8, "keep_archives": True}
    path.write_text(yaml.safe_dump(config))
    assert not project.plan(*CONFIG, *MANIFESTS, BABBLE)
    module = project.folder / "src" / "mavsr" / "corpus" / "download" / "transfer.py"
    module.write_text(module.read_text() + "\n# edited\n")
    assert not project.plan(*CONFIG, *MANIFESTS, BABBLE)


def test_a_removed_listing_costs_no_download(project, site):
    shutil.rmtree(project.folder / "results" / "corpus")
    site.asked.clear()
    assert project.run(*CONFIG, *MANIFESTS).returncode == 0
    assert not site.asked


def test_the_documented_download_is_valid():
    page = (CLIP.parents[2] / "docs" / "data.md").read_text()
    written = next(b for b in page.split("```yaml")[1:] if "download:" in b).split("```")[0]
    config = yaml.safe_load(written)
    settings = DownloadSettings.of_config(config["corpora"]["lrs2"]["download"])
    assert settings == DownloadSettings(settings.archives)
    assert len(settings.archives[0].parts) == 2
    assert RemoteFile(**config["noise"]["babble"]).name == "babble.mat"
