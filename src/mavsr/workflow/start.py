"""How a run begins: its config is checked, and before the first job what the jobs need."""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

from mavsr.config.downloads import RemoteFile
from mavsr.config.read import parse_config
from mavsr.config.unique import check_unique
from mavsr.errors import InputError
from mavsr.remedies import CONFIG_OPTIONS, config_options
from mavsr.report import published
from mavsr.status.lock import LockExplained
from mavsr.workflow.asked import Asked
from mavsr.workflow.keep import keep_code_changes
from mavsr.workflow.planned import PlannedCode
from mavsr.workflow.preflight import check_features, check_files, check_writable

READERS = (
    *("train_model", "decode", "decode_validation"),
    *("record_routing", "record_similarity"),
)
"""Rules that read features."""


def begin(config: Mapping[str, Any], workflow: Any) -> Asked:
    """What a config asks for, checked; jobs learn which options chose it.

    Args:
        config: as Snakemake merged it.
        workflow: Snakemake's object of that name.

    Raises:
        WorkflowError: the config cannot be run.
    """
    try:
        check_unique(map(Path, workflow.configfiles))
        asked = Asked(parse_config(config))
        _ = asked.models  # complains about models that cannot be
    except InputError as error:
        raise WorkflowError(str(error)) from None
    logger.addFilter(LockExplained())
    os.environ[CONFIG_OPTIONS] = config_options(
        workflow.overwrite_configfiles, workflow.config_settings.config_args
    )
    return asked


def planned_code(asked: Asked, workflow: Any) -> Callable[[str], Callable[[Any], str]]:
    """Make params functions: digest of all code that ``python -m mavsr.<module>`` runs.

    Args:
        asked: what the config asks for; its ``code_changes`` is put into effect.
        workflow: Snakemake's object of that name.
    """
    if asked.config.code_changes == "keep":
        keep_code_changes()
    plan = PlannedCode(workflow.is_main_process)

    def code(module: str) -> Callable[[Any], str]:
        # A function, because a job on a cluster needs one digest, not those of all rules.
        return lambda wildcards: plan.digest(f"mavsr.{module}")

    return code


def check_planned(asked: Asked, workflow: Any) -> None:
    """Stop a run, not a dry run, that would sooner or later miss a file or not be let write one.

    ``--touch`` reads nothing.

    Raises:
        WorkflowError: it would.
    """
    jobs = list(workflow.dag.needrun_jobs())
    try:
        if not workflow.touch:
            check_files(asked.config, [(job.rule.name, _known(asked, job)) for job in jobs])
            check_features(_indexes_read(jobs))
        check_writable(Path(path) for job in jobs for path in job.output)
    except InputError as error:
        raise WorkflowError(str(error)) from None


def _known(asked: Asked, job: Any) -> dict[str, str]:
    """Wildcards of a job, and of its model the name of the LLM, and its own if it is imported."""
    wildcards = dict(job.wildcards.items())
    if "model" in wildcards:
        model = asked.models[wildcards["model"]]
        wildcards |= {"llm": model.llm} | ({"imported": model.name} if model.imported else {})
    return wildcards


def _indexes_read(jobs: Iterable[Any]) -> list[Path]:
    """Of the features that ``jobs`` read, the indexes that none of them makes, sorted."""
    read = {
        path
        for job in jobs
        if job.rule.name in READERS
        for path in job.input
        if path.startswith("results/features/")
    }
    return sorted(map(Path, read - {path for job in jobs for path in job.output}))


def one_of(names: Iterable[str]) -> str:
    """Wildcard constraint: any of ``names``, or nothing at all where there are none."""
    return "|".join(map(re.escape, filter(None, names))) or "(?!)"


def babble_name(asked: Asked) -> str:
    """Name of the recording of babble that is fetched; "" if none is."""
    babble = asked.config.noise.babble
    return babble.name if isinstance(babble, RemoteFile) else ""


def published_tables() -> list[str]:
    """Files with the values in print that tables and figures show."""
    folder = Path(published.__file__).parent
    return sorted(os.path.relpath(path) for path in folder.glob("*.csv"))
