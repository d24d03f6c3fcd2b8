"""What stops jobs sooner or later: said before hours of work, not after them.

That is the user's own files that are missing, parts of finished features that are lost, and folders
of other users. Workflow and stages let it pass while a run is only planned, so that a dry run needs
no data. A real run asks here first; ``python -m mavsr.corpus.check`` does too.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from mavsr.config.config import Config
from mavsr.errors import InputError
from mavsr.records import read_json
from mavsr.remedies import rebuild_command
from mavsr.workflow.own_files import CHECKS, CONCERNED, Check
from mavsr.workflow.paths import FEATURES_SAMPLES

Job = tuple[str, Mapping[str, str]]
"""Name of a rule and the wildcards of one of its jobs; among them ``llm`` where it uses one, and
``imported``, its model's name, where that is."""
SAMPLES = Path(FEATURES_SAMPLES).name
NAMED = 5
"""Lost files that a message names; more would hide what to do about them."""


def missing_files(config: Config, jobs: Iterable[Job]) -> list[str]:
    """What is not there of the user's own files that ``jobs`` read, each once, with the remedy.

    Files that the workflow makes or downloads do not count. Of a hub model ``config.json`` is
    fetched: so a gated one without a token shows before hours of features.
    """
    # By check, not by rule: several rules read an encoder, and its hub is asked once.
    concerns: dict[Check, dict[tuple[str, ...], Mapping[str, str]]]
    concerns = {check: {} for check in CHECKS.values()}
    for rule, wildcards in jobs:
        if rule in CHECKS:
            named = {key: wildcards[key] for key in CONCERNED if key in wildcards}
            concerns[CHECKS[rule]][tuple(named.values())] = named
    found = [
        sorted({line for named in those.values() for line in check(config, named)})
        for check, those in concerns.items()
    ]
    return list(dict.fromkeys(line for lines in found for line in lines))


def check_files(config: Config, jobs: Iterable[Job]) -> None:
    """Raise InputError that names everything in :func:`missing_files`, if there is anything."""
    if missing := missing_files(config, jobs):
        raise InputError(
            "this run needs what is not there:\n"
            + "\n".join(missing)
            + "\nTo run what can be run without, ask for its files by name (docs/data.md)"
        )


def check_writable(outputs: Iterable[Path]) -> None:
    """Raise InputError if a folder that a run writes into is another user's.

    Args:
        outputs: files that the run makes; their folders may be missing yet.
    """
    folders = {next(place for place in path.parents if place.is_dir()) for path in outputs}
    if refused := sorted(str(place) for place in folders if not os.access(place, os.W_OK)):
        more = f" and {len(refused) - NAMED} more" if len(refused) > NAMED else ""
        raise InputError(
            f"this run would write into {', '.join(refused[:NAMED])}{more}, where you may not. "
            "`snakemake -n` says for each job why it would run. Features of another user are used "
            "as they are if corpus, mouths, noise and toy below results/ are that user's too "
            "(docs/reruns.md)"
        )


def check_features(indexes: Iterable[Path]) -> None:
    """Raise InputError that names what is lost of finished features, and what makes it anew.

    Snakemake does not look: jobs that read features depend on ``index.json``, which stands for all
    of the split's shards.

    Args:
        indexes: ``index.json`` of features that are read and not made by this run.
    """
    lost = {index: parts for index in indexes if (parts := _lost_parts(index))}
    if lost:
        files = [str(path) for parts in lost.values() for path in parts]
        more = f" and {len(files) - NAMED} more" if len(files) > NAMED else ""
        raise InputError(
            f"finished features have lost {', '.join(files[:NAMED])}{more}.\n"
            f"Make them anew first: {rebuild_command(*lost)}\n"
            "If they come out as they were, nothing that was made of them is made again"
        )


def _lost_parts(index: Path) -> list[Path]:
    """What is missing of the features of a split, or the index itself if it cannot be read."""
    try:
        names = [entry["file"] for entry in read_json(index, "index", sealed=False)["shards"]]
    except (InputError, KeyError, TypeError):
        return [index]
    parts = [index.with_name(name) for name in (SAMPLES, *names)]
    return [path for path in parts if not path.is_file()]
