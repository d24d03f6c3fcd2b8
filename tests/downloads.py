"""Downloads of a made corpus from a web server of the test's own, in this process or in another."""

import base64
import json
import os
import random
import subprocess
import sys
from dataclasses import asdict

from archives import read_files

from mavsr.corpus.download.fetch import Patience
from mavsr.corpus.download.get import get
from mavsr.corpus.download.settings import Archive, DownloadSettings, RemoteFile

QUICK = Patience(tries=3, first_wait_s=0, longest_wait_s=0.01, timeout_s=5)
SECRET = "käse&word:9"
PRETRAIN = {f"pretrain/s{n}/00001.mp4": random.Random(n).randbytes(200_000) for n in range(5)}
TRAINVAL = {"trainval/s1/00001.txt": b"Text:  ONE\n", "trainval/s1/00001.mp4": b"1" * 9_000}
TEST = {"test/t1/00001.txt": b"Text:  TWO\n", "test/t1/00001.mp4": b"2" * 9_000}
TREE = {**PRETRAIN, **TRAINVAL, **TEST}
ACCOUNT = {"MAVSR_LRS3_USERNAME": "ann@uni", "MAVSR_LRS3_PASSWORD": SECRET}


def settings_for(site, **options):
    """All files of the site: the parts as one archive, each zip file as another."""
    parts = [path for path in site.files if "part" in path]
    groups = [*([parts] if parts else []), *([p] for p in site.files if p not in parts)]
    archives = tuple(
        Archive(tuple(RemoteFile(site.url(path)) for path in group)) for group in groups
    )
    return DownloadSettings(archives, **options)


def run_get(site, root, **options):
    listing = root.parent / "tree.json"
    get("lrs3", root, listing, settings_for(site, **options), QUICK)
    return json.loads(listing.read_text())


def tree(root):
    """What readers of the corpus see: the work folder is hidden, the record is no clip."""
    return {
        name: content
        for name, content in read_files(root).items()
        if not name.startswith(".") and name != "downloads.json"
    }


def start(site, root, environment=None, **options):
    """The command as a process of its own."""
    arguments = {
        "corpus": "lrs3",
        "root": root,
        "listing": root.parent / "tree.json",
        "settings": json.dumps(asdict(settings_for(site, **options))),
        "patience": json.dumps(asdict(QUICK)),
    }
    command = [sys.executable, "-m", "mavsr.corpus.download.get"]
    for name, value in arguments.items():
        command += [f"--{name}", str(value)]
    return subprocess.Popen(
        command,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def hidden(text):
    """Whether neither password nor its encoded form is in ``text``."""
    encoded = base64.b64encode(f"ann@uni:{SECRET}".encode()).decode()
    return not any(word in text for word in (SECRET, SECRET[:4], SECRET[-5:], encoded))
