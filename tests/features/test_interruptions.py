"""An extraction that is killed or runs out of disk leaves nothing that could pass for a shard."""

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import webdataset
from processes import sizes, wait_until

from mavsr.command import run_command
from mavsr.encoders import EncoderSettings
from mavsr.features.extract import extract
from mavsr.media import encode_audio
from mavsr.shards import read_shard, write_shard

CLIPS = 200


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    """A shard with the sound of many short clips, which takes a while to encode."""
    path = tmp_path_factory.mktemp("sounds") / "in.tar"
    draw = np.random.default_rng(0)
    write_shard(
        path,
        (
            (f"k{n:04}", {"flac": encode_audio(draw.uniform(-0.5, 0.5, 8_000).astype(np.float32))})
            for n in range(CLIPS)
        ),
    )
    return path


def options(place, sounds, *outputs):
    encoder = json.dumps({"kind": "whisper", "path": str(place / "w")})
    views = (f"view_{number}" for number in range(len(outputs)))
    written = ["--conditions", *views, "--outputs", *map(str, outputs)]
    return ["--shards", *[str(sounds)] * len(outputs), "--encoder", encoder, *written]


def test_after_a_kill_in_the_middle_a_rerun_gives_the_same_bytes(place, sounds, tmp_path):
    views = [tmp_path / "killed" / name / "0.tar" for name in ("view_0", "view_1")]

    def start():
        command = [sys.executable, "-m", "mavsr.features.extract", *options(place, sounds, *views)]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    undisturbed = tmp_path / "whole.tar"
    encoder = EncoderSettings("whisper", str(place / "w"))
    extract([sounds], encoder, ["view_0"], [undisturbed])
    job = start()
    folder = views[1].parent
    wait_until(lambda: max(sizes(folder, ".0.tar.*.partial"), default=0) > 50_000, job)
    job.send_signal(signal.SIGKILL)
    job.wait()
    # Audio has a shard for each view, and that of the first was done.
    assert views[0].read_bytes() == undisturbed.read_bytes()
    assert not views[1].exists() and len(os.listdir(folder)) == 1  # noqa: PTH208
    assert start().wait() == 0
    for view in views:
        assert view.read_bytes() == undisturbed.read_bytes()
        assert [path.name for path in view.parent.iterdir()] == ["0.tar"]
    assert sum(1 for _ in read_shard(views[0])) == CLIPS


def test_a_full_disk_ends_the_job_with_a_message(place, sounds, tmp_path, monkeypatch, capsys):
    class Full:
        """A file on a disk that has room for 100 kB."""

        def __init__(self, file):
            self.file = file

        def write(self, content):
            if self.file.tell() + len(content) > 100_000:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return self.file.write(content)

        def __getattr__(self, name):
            return getattr(self.file, name)

    writer = webdataset.TarWriter
    monkeypatch.setattr(webdataset, "TarWriter", lambda file, **given: writer(Full(file), **given))
    output = tmp_path / "0.tar"
    monkeypatch.setattr(sys, "argv", ["extract", *options(place, sounds, output)])
    with pytest.raises(SystemExit) as stopped:
        run_command(extract)
    assert stopped.value.code == 2
    message = f"error: {output}: No space left on device; free disk space and run again"
    assert message in capsys.readouterr().err
    assert list(Path(tmp_path).iterdir()) == []
