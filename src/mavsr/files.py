"""Files appear under their final name complete and flushed, or not at all."""

import contextlib
import errno
import glob
import hashlib
import json
import os
import re
import shutil
import stat
import uuid
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mavsr.errors import InputError

_PROBE_BYTES = 64 * 1024
_REFUSALS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EIO}
_OS_ERROR = re.compile(r"os error (\d+)")  # how Rust's libraries name an errno
_TORCH_FAILED = re.compile(r"unexpected pos|PytorchStreamWriter failed writing")


@contextmanager
def atomic(path: Path, flushed: bool = True) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; rename it to ``path`` if the block succeeds.

    The block may make a file or a folder there; a folder replaces an older one. What it made is
    flushed to the disk, then renamed, then its folder is flushed: after a power cut there is the
    old content or the new, and nothing that was renamed before its bytes arrived. Files get the
    permissions that the umask asks for, whatever library wrote them.

    The temporary name is ``.<name>.<id>.partial`` with a new id each time, so two writers of one
    file cannot mix their bytes. What a killed job left behind is removed; if its process is in
    truth still alive, it fails when it wants to rename.

    A symbolic link stays one: what it leads to is written.

    Args:
        path: the file or folder.
        flushed: whether to wait for the disk, some 10 ms a file. Of thousands of small files it is
            enough to :func:`flush` them before the one that says that they are complete.

    Raises:
        InputError: a device or a pipe has the name, which a file would take the place of, or the
            name is ``.`` or the like, or its folder takes no files.
        OSError: the disk is full or refuses access; it names ``path``. What libraries raise of
            their own when they cannot write (safetensors, torch) becomes one.

    """
    target = _target(path)
    partial = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        for left in target.parent.glob(f".{glob.escape(target.name)}.*.partial"):
            _remove(left)
        yield partial
        for file in _tree(partial):
            _follow_umask(file)
            if flushed:
                flush(file)
        if partial.is_dir():
            _remove(target)
        partial.replace(target)
        if flushed:
            flush(target.parent)
    except OSError as error:
        if error.errno == errno.ENOENT and write_refusal(error, partial):
            raise InputError(f"{path}: its folder takes no files; choose another") from error
        # A full disk does not say which file; nobody knows the temporary one.
        if error.filename in (None, str(partial)):
            error.filename = str(path)
        raise
    except InputError:
        raise
    except Exception as error:
        if refusal := write_refusal(error, partial):
            raise OSError(refusal, os.strerror(refusal), str(path)) from error
        raise
    finally:
        _remove(partial)


def check_target(path: Path) -> None:
    """Raise InputError if no file can have a name, as a folder, a device or a pipe has it."""
    if path.is_dir():
        raise InputError(f"{path} is a folder; choose a name that no folder has")
    _target(path)


def _target(path: Path) -> Path:
    """What is written under a name: what a link leads to."""
    if path.name in ("", ".."):
        raise InputError(f"{path} is a folder; give what is written a name of its own")
    target = Path(os.path.realpath(path)) if path.is_symlink() else path
    if path.exists() and not (target.is_file() or target.is_dir()):
        raise InputError(f"{path} is a device or a pipe; a file or folder cannot take its place")
    return target


def flush(path: Path) -> None:
    """Wait until a file's bytes, or a folder's names, are on the disk.

    Raises:
        OSError: they cannot be written. Some network file systems know no flushing of folders;
            that is no error.

    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if not path.is_dir() or error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def write_refusal(error: Exception, partial: Path) -> int | None:
    """The errno behind an exception that is no OSError, if the disk refuses what is written.

    ``safetensors`` has the number in its message, ``torch.save`` only complains about a position;
    so the disk itself is asked too.
    """
    if (found := _OS_ERROR.search(str(error))) and int(found[1]) in _REFUSALS:
        return int(found[1])
    folder = partial if partial.is_dir() else partial.parent
    probe = folder / f".{uuid.uuid4().hex[:8]}.partial"
    try:
        with probe.open("wb") as file:
            file.write(bytes(_PROBE_BYTES))
            os.fsync(file.fileno())
    except OSError as refused:
        return refused.errno
    finally:
        with contextlib.suppress(OSError):
            probe.unlink(missing_ok=True)
    return errno.ENOSPC if _TORCH_FAILED.search(str(error)) else None


def _tree(path: Path) -> list[Path]:
    """A file, or a folder with all that is in it, what is inside first."""
    if path.is_symlink():
        return []
    inside = [file for entry in path.iterdir() for file in _tree(entry)] if path.is_dir() else []
    return [*inside, path]


def _follow_umask(path: Path) -> None:
    """Let others read a file that a library made for its owner alone (safetensors 0.8 does)."""
    mode = stat.S_IMODE(path.stat().st_mode)
    # Read by setting it; a thread that makes a file meanwhile makes one too private, not too open.
    umask = os.umask(0o077)
    os.umask(umask)
    if mode == 0o600 and path.is_file():
        path.chmod(0o666 & ~umask)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):  # what went wrong before it is what is to be told
            path.unlink()


def write_json(path: Path, content: Any) -> None:
    """Write ``content`` as indented JSON with sorted keys, atomically.

    What other jobs read is better written by :func:`mavsr.records.write_record`.
    """
    with atomic(path) as partial:
        partial.write_text(
            json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n",
            encoding="utf-8",
        )


def checksum(content: bytes, start: int = 0) -> str:
    """CRC-32 of some bytes in eight hexadecimal digits.

    It finds what disks, copies and memory spoil by accident, at gigabytes per second; it is no
    protection against forgery.
    """
    return f"{zlib.crc32(content, start):08x}"


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's content, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
