"""Command: hash cached features anew and compare them with their index.

``mavsr features verify results/features/whisper-medium``; exit status 1 if a shard is
missing or differs, 0 if all are what was indexed.
"""

import logging
import sys
from pathlib import Path

from mavsr.command import progress, run_command
from mavsr.errors import InputError
from mavsr.files import sha256
from mavsr.records import read_json
from mavsr.remedies import rebuild_command


def damaged_shards(index: Path) -> dict[Path, str]:
    """File -> what is wrong with it, for every shard and table that is not as it was indexed.

    Args:
        index: an ``index.json`` (see mavsr.shards.write_index).

    Raises:
        InputError: the index itself cannot be read.

    """
    content = read_json(index, "index")
    try:
        for name in ("samples", "bytes"):
            if content[name] != sum(entry[name] for entry in content["shards"]):
                raise ValueError(f"{name} of its shards are not {content[name]} together")
        entries = content["shards"] + [content[name] for name in ("table",) if name in content]
        expected = {index.parent / e["file"]: (e["bytes"], e["sha256"]) for e in entries}
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{index} cannot be read ({error!r}); rebuild it: {rebuild_command(index)}"
        ) from error
    found = {}
    for shard, (size, digest) in progress(expected.items(), len(expected), str(index.parent)):
        if not shard.is_file():
            found[shard] = "is missing"
        elif shard.stat().st_size != size:
            found[shard] = f"has {shard.stat().st_size:,} bytes instead of {size:,}"
        elif sha256(shard) != digest:
            found[shard] = "differs from what was indexed"
    return found


def verify(folders: list[Path] = [Path("results/features")]) -> None:  # noqa: B006 (read only)
    """Check every index below ``folders``; name damaged files and how to rebuild them.

    Args:
        folders: folders of cached features, at any depth. Any stage's shards can be checked.

    Raises:
        InputError: there is no index below a folder.
        SystemExit: with status 1, if a file is damaged.

    """
    indexes = []
    for folder in folders:
        below = sorted(folder.rglob("index.json"))
        if not below:
            raise InputError(f"no index.json below {folder}; nothing is complete there to verify")
        indexes += below
    damaged = 0
    for index in indexes:
        for shard, problem in damaged_shards(index).items():
            damaged += 1
            print(f"{shard} {problem}; rebuild it: {rebuild_command(shard, index)}")
    if damaged:
        sys.exit(1)
    logging.info("%d indexes: every file is what was indexed", len(indexes))


if __name__ == "__main__":
    run_command(verify)
