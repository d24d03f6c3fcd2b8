"""Disks that refuse, second users, and the order in which things reach the disk."""

import errno
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import safetensors.torch
import torch

from mavsr.errors import InputError
from mavsr.files import atomic, flush
from mavsr.tables import write_csv, write_parquet

NUMBERS = torch.arange(400_000, dtype=torch.float32)
BIG = 2 * 2**20


def save_csv(path):
    pd.DataFrame({"a": range(BIG // 4)}).to_csv(path)


def save_parquet(path):
    pd.DataFrame({"a": np.random.default_rng(0).random(BIG // 4)}).to_parquet(path)


WRITERS = {
    "bytes": lambda path: path.write_bytes(bytes(BIG)),
    "torch": lambda path: torch.save({"a": NUMBERS}, path),
    "safetensors": lambda path: safetensors.torch.save_file({"a": NUMBERS}, path),
    "csv": save_csv,
    "parquet": save_parquet,
}
"""What writes model files, states and tables -> how, more than a small disk holds."""


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 1 MiB; only root may make one."""
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True
    )
    if made.returncode:
        pytest.skip("this user may not mount")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)  # torch keeps its file open


@contextmanager
def file_limit(size):
    """Files may not grow beyond ``size``, which errors look like a full disk's."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("writer", WRITERS)
def test_every_library_s_complaint_about_a_full_disk_becomes_the_same(small_disk, writer):
    path = small_disk / "model"
    with pytest.raises(OSError) as caught, atomic(path) as partial:
        WRITERS[writer](partial)
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(path))
    assert not list(small_disk.iterdir())


@pytest.mark.parametrize("writer", WRITERS)
def test_a_file_that_may_not_grow_is_named(tmp_path, writer):
    path = tmp_path / "model"
    with file_limit(2**16), pytest.raises(OSError) as caught, atomic(path) as partial:
        WRITERS[writer](partial)
    assert caught.value.errno in (errno.EFBIG, errno.ENOSPC) and caught.value.filename == str(path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("error", [RuntimeError("odd"), KeyError("a"), InputError("bad value")])
def test_other_errors_stay_what_they_are(tmp_path, error):
    with pytest.raises(type(error)) as caught, atomic(tmp_path / "x"):
        raise error
    assert caught.value is error and not list(tmp_path.iterdir())


def test_bytes_are_on_the_disk_before_the_name_and_the_name_before_the_end(tmp_path, monkeypatch):
    seen = []
    real = os.fsync

    def fsync(descriptor):
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        seen.append((path.name.startswith("."), path.is_dir(), (tmp_path / "x").exists()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with atomic(tmp_path / "x") as partial:
        partial.write_text("content")
    assert seen == [(True, False, False), (False, True, True)]
    seen.clear()
    with atomic(tmp_path / "y") as partial:
        (partial / "inside").mkdir(parents=True)
        (partial / "inside" / "file").touch()
    assert len(seen) == 4


def test_a_folder_that_cannot_be_flushed_is_no_error(tmp_path, monkeypatch):
    def refuse(descriptor):
        raise OSError(errno.EINVAL, "not here")

    monkeypatch.setattr(os, "fsync", refuse)
    flush(tmp_path)
    (tmp_path / "x").touch()
    with pytest.raises(OSError):
        flush(tmp_path / "x")


READ = (
    "import os, sys; os.setgid(65534); os.setuid(65534);"
    " [open(path, 'rb').read() for path in sys.argv[1:]]"
)


@pytest.fixture
def shared_folder():
    """A folder that everyone may enter, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_a_second_user_can_read_what_jobs_write(shared_folder):
    place = shared_folder / "results"
    before = os.umask(0o022)
    try:
        with atomic(place / "projectors.safetensors") as partial:
            safetensors.torch.save_file({"a": NUMBERS}, partial)
        with atomic(place / "adapters") as partial:
            partial.mkdir()
            safetensors.torch.save_file({"a": NUMBERS}, partial / "mome.safetensors")
        with atomic(place / "state.pt") as partial:
            torch.save({"a": NUMBERS}, partial)
        write_csv(place / "a.csv", pd.DataFrame({"a": [1]}))
        write_parquet(place / "a.parquet", pd.DataFrame({"a": [1]}))
    finally:
        os.umask(before)
    files = [str(path) for path in place.rglob("*") if path.is_file()]
    assert len(files) == 5
    read = subprocess.run(
        [sys.executable, "-S", "-c", READ, *files], capture_output=True, text=True
    )
    assert read.returncode == 0, read.stderr


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600)])
def test_files_follow_the_umask_whatever_wrote_them(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        with atomic(tmp_path / "x.safetensors") as partial:
            safetensors.torch.save_file({"a": NUMBERS}, partial)
    finally:
        os.umask(before)
    assert (tmp_path / "x.safetensors").stat().st_mode & 0o777 == mode
