"""Which tests make quick-test and CI leave out, and in which order they run."""

import pytest
from project import Project

SLOW = (
    # whole recognisers, over videos
    *("recognition/", "evaluation/test_chain.py", "importing/test_imported_models.py"),
    # processes of their own
    *("training/test_processes.py", "cluster/test_launch.py", "features/test_interruptions.py"),
    *("evaluation/test_interrupted.py", "mouths/test_bad_media.py", "test_command.py"),
    # every key, module and tool
    *("workflow/test_reads.py", "workflow/test_code.py", "workflow/test_rerun_table.py"),
    "workflow/test_style.py::test_tools_have_no_complaint",
    # many simulations, trainings, figures or clips
    *("evaluation/test_clusters.py", "training/test_trainer.py", "training/test_options.py"),
    "training/test_stopped.py",
    *("features/test_online.py", "toy/test_portrait_books.py", "corpus/test_crops_export.py"),
    *("mouths/test_crop_job.py", "mouths/test_reel.py"),
    *("report/test_figures.py", "report/test_clip_pages.py", "report/test_parameters.py"),
    # every network in every way
    *("importing/test_official_cases.py", "training/test_plans.py", "training/test_packs.py"),
    *("evaluation/test_transcribe.py", "corpus/test_crops.py", "test_media_clock.py"),
    *("corpus/test_crop_archives.py", "plan/test_sizes.py", "faults/test_data.py"),
)
"""Files that take most of the time of what starts no workflow; make quick-test leaves them out."""


def mark(items: list[pytest.Function]) -> None:
    """Mark what starts Snakemake or make on a copy of the repository, and what else is slow."""
    for item in items:
        if Project in _returned(item) or "clone" in item.fixturenames:
            item.add_marker(pytest.mark.workflow)
        elif item.nodeid.removeprefix("tests/").startswith(SLOW):
            item.add_marker(pytest.mark.slow)


def order(items: list[pytest.Function]) -> None:
    """Put first what takes longest, so that no worker of pytest-xdist is left with it at the end.

    One file makes the smoke run; those that need it too come after the ones that do not, so that no
    worker waits for it.
    """
    with_run = [item.path for item in items if "smoke_run" in item.fixturenames]
    makes_run = next((path for path in with_run if path.parent.name == "workflow"), None)

    def place(item: pytest.Function) -> tuple[bool, bool, bool]:
        in_workflow = item.path.parent.name == "workflow"
        return not in_workflow, item.path != makes_run, item.path in with_run

    items.sort(key=place)


def _returned(item: pytest.Function) -> set[object]:
    """What the fixtures of a test are annotated to return."""
    fixtures = item._fixtureinfo.name2fixturedefs.values()
    return {f.func.__annotations__.get("return") for found in fixtures for f in found}
