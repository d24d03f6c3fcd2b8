"""Command: fetch a corpus' archives and unpack them (``python -m mavsr.corpus.download.get``).

Everything unfinished lies in ``<root>/.download``, on the same disk as the tree and outside what
Snakemake removes when a job fails:

- ``archives/``: the archives, complete (``<name>``) or not (``<name>.part``);
- ``.<archive>.ready.<id>.partial/``: a tree that is being unpacked;
- ``<archive>.ready/``: a complete one that is being moved into the root, folder by folder.

``<root>/downloads.json`` records the archives that are in place. A killed run goes on from there.
"""

import fcntl
import hashlib
import json
import logging
import shutil
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event

from mavsr.command import run_command
from mavsr.corpus.download.disk import disk_errors
from mavsr.corpus.download.fetch import Patience, fetch
from mavsr.corpus.download.meter import Meter
from mavsr.corpus.download.partial import PartialFile
from mavsr.corpus.download.place import place
from mavsr.corpus.download.settings import Archive, DownloadSettings
from mavsr.corpus.download.unpack import unpack
from mavsr.errors import InputError
from mavsr.files import atomic, write_json
from mavsr.records import read_json, write_record

WORK = ".download"
ARCHIVES = "archives"
RECORD = "downloads.json"


def get(
    corpus: str,
    root: Path,
    listing: Path,
    settings: DownloadSettings,
    patience: Patience = Patience(),  # noqa: B008 (frozen)
) -> None:
    """Fetch what is missing of a corpus and put it below ``root``.

    Args:
        corpus: its name; the credentials' variables are named after it.
        root: folder of the tree.
        listing: JSON file, written last: URL, bytes, SHA-256 and ETag of every part.
        settings: which archives and files, and how many at once.
        patience: what to do about failing servers.

    Raises:
        InputError: a file cannot be had, is wrong or cannot be unpacked, or ``root`` holds a tree
            that this command did not make.

    """
    with disk_errors(root), _claimed(root):
        missing = [archive for archive in settings.pieces if not _in_place(archive, root)]
        waiting = [archive for archive in missing if not _ready(archive, root).exists()]
        for archive in missing:
            if archive not in waiting:
                _install(archive, root)
        with closing(_fetched(waiting, corpus, root, settings.parallel, patience)) as arriving:
            for archive in arriving:
                with atomic(_ready(archive, root)) as folder:
                    _unpack(archive, root, folder)
                _install(archive, root)
                if not settings.keep_archives:
                    _remove_parts(archive, root)
        if not settings.keep_archives:
            shutil.rmtree(root / WORK / ARCHIVES, ignore_errors=True)
        records = _read_record(root)
        write_json(listing, {"archives": [records[_name(a)] for a in settings.pieces]})


def _fetched(
    archives: list[Archive], corpus: str, root: Path, parallel: int, patience: Patience
) -> Generator[Archive, None, None]:
    """Yield each archive as soon as all of its parts are here, while others are still coming."""
    stop, meter = Event(), Meter(f"downloading {corpus}")
    folder = root / WORK / ARCHIVES
    pool = ThreadPoolExecutor(parallel)
    try:
        left = {archive: len(archive.parts) for archive in archives}
        jobs = {
            pool.submit(fetch, part, folder, corpus, patience, stop, meter.add): archive
            for archive in archives
            for part in archive.parts
        }
        for job in as_completed(jobs):
            path, record = job.result()
            logging.info("%s: %d bytes, SHA-256 %s", path.name, record["bytes"], record["sha256"])
            left[jobs[job]] -= 1
            if not left[jobs[job]]:
                yield jobs[job]
    finally:
        # One failure ends all: the others keep what they have.
        stop.set()
        pool.shutdown(cancel_futures=True)
        meter.close()


def _unpack(archive: Archive, root: Path, folder: Path) -> None:
    """Put what an archive holds into ``folder/tree``, and record it in ``folder/record.json``."""
    files = [PartialFile(part, root / WORK / ARCHIVES) for part in archive.parts]
    if archive.packed:
        count, size = unpack([file.final for file in files], folder / "tree", archive.title)
    else:
        (folder / "tree").mkdir(parents=True)
        copy = shutil.copyfile(files[0].final, folder / "tree" / archive.title)
        count, size = 1, copy.stat().st_size
    top = sorted(path.name for path in (folder / "tree").iterdir())
    if {WORK, RECORD} & set(top):
        raise InputError(f"archive {archive.title} holds {WORK} or {RECORD}; do not trust it")
    record = {
        "parts": [file.record() for file in files],
        "into": archive.into,
        "top": top,
        "files": count,
        "bytes": size,
    }
    write_record(folder / "record.json", record)


def _install(archive: Archive, root: Path) -> None:
    """Move an unpacked archive to its place, and note that it is there."""
    ready = _ready(archive, root)
    if (ready / "tree").exists():
        place(ready / "tree", root / archive.into)
    record = read_json(ready / "record.json", "record", remedy=f"remove {ready} and run again")
    write_record(root / RECORD, {**_read_record(root), _name(archive): record})
    shutil.rmtree(ready)
    logging.info("%s: %d files are in place", archive.title, record["files"])


def _remove_parts(archive: Archive, root: Path) -> None:
    for part in archive.parts:
        PartialFile(part, root / WORK / ARCHIVES).remove()


def _name(archive: Archive) -> str:
    """A name that tells archives apart by their URLs and target."""
    identity = json.dumps([[part.url for part in archive.parts], archive.into])
    return hashlib.sha256(identity.encode()).hexdigest()[:12]


def _ready(archive: Archive, root: Path) -> Path:
    return root / WORK / f"{_name(archive)}.ready"


def _read_record(root: Path) -> dict[str, dict]:
    path = root / RECORD
    if not path.is_file():
        return {}
    return read_json(path, "record of downloads", remedy="remove it and run again")


def _in_place(archive: Archive, root: Path) -> bool:
    """Whether an archive was unpacked before and its tree is still there."""
    record = _read_record(root).get(_name(archive))
    if record is None or not all((root / record["into"] / name).exists() for name in record["top"]):
        return False
    for part, known in zip(archive.parts, record["parts"], strict=True):
        if part.sha256 and part.sha256.lower() != known["sha256"]:
            raise InputError(
                f"{root} was unpacked from a {part.name} with the SHA-256 {known['sha256']}, but "
                f"the config says {part.sha256}; correct it, or remove {', '.join(record['top'])} "
                "there and run again"
            )
    return True


@contextmanager
def _claimed(root: Path) -> Iterator[None]:
    """Make sure that the tree is this command's own, and that no other one is at work on it."""
    work = root / WORK
    if root.is_dir() and not work.exists():
        others = sorted(path.name for path in root.iterdir() if not path.name.startswith("."))
        if others:
            raise InputError(
                f"{root} holds {others[0]}, which was not downloaded by this command; to use the "
                "copy that is there, remove `download` from the corpus' config, else choose "
                "another root"
            )
    work.mkdir(parents=True, exist_ok=True)
    with (work / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"another download into {root} is running; wait for it") from None
        except OSError as error:
            # Some parallel file systems are mounted without locks.
            logging.warning("cannot tell whether another download is running (%s)", error)
        yield


if __name__ == "__main__":
    run_command(get)
