"""Several runs and several users beside each other."""

import os
import signal
import subprocess
import time

from project import SMOKE, Project

from mavsr.config.read import DEFAULT, read_config
from mavsr.workflow.experiments import all_evaluations

SHARED = ("corpus", "mouths", "noise", "toy", "features")
MINE = {
    **{
        "train_model": 7,
        "decode": 14,
        "record_routing": 1,
        "record_similarity": 1,
        "draw_losses": 1,
    },
    **{
        "score_experiment": 3,
        "collect_scores": 1,
        "check_results": 1,
        "write_results": 1,
        "write_table": 3,
    },
    "collect_costs": 1,
    **{"draw_figure": 3, "draw_mouths": 3, "parameters": 1, "all": 1},
}
"""What a second user makes of the smoke config."""


def state(folder):
    """What tells whether anything below a folder was written, or made anew with the same bytes."""
    found = {path: path.lstat() for path in folder.rglob("*")}
    return {path: (s.st_ino, s.st_size, s.st_mtime_ns, s.st_mode) for path, s in found.items()}


def test_the_features_of_another_user_are_read_and_not_touched(smoke_run, tmp_path):
    theirs = Project.copied(smoke_run.folder, tmp_path / "theirs").folder / "results"
    mine = Project(tmp_path / "mine")
    (mine.folder / "results").mkdir()
    for name in SHARED:
        (mine.folder / "results" / name).symlink_to(theirs / name)
    for path in [theirs, *theirs.rglob("*")]:
        path.chmod(path.stat().st_mode & ~0o222)
    before = state(theirs)
    config = read_config([DEFAULT.parent / SMOKE[1]])
    evaluation = next(e for e in all_evaluations(config) if e.condition != "clean")
    made = f"evaluation/{evaluation.path}.jsonl"
    assert mine.plan(*SMOKE) == MINE
    assert mine.plan(*SMOKE, "--", f"results/{made}") == {"train_model": 1, "decode": 1}
    result = mine.run(*SMOKE, "--", f"results/{made}")
    assert result.returncode == 0, result.stdout[-3000:]
    assert (mine.folder / "results" / made).read_bytes() == (theirs / made).read_bytes()
    assert state(theirs) == before


def test_a_second_run_in_one_folder_is_told_what_to_do(project):
    made = "results/noise/portrait/babble.flac"
    first = subprocess.Popen(
        project.command(*SMOKE, "--", made),
        cwd=project.folder,
        env=project.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while first.poll() is None and not list((project.folder / ".snakemake").glob("locks/*.lock")):
        time.sleep(0.01)
    os.killpg(first.pid, signal.SIGSTOP)
    refused = project.run(*SMOKE, "--", made)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    after = project.run(*SMOKE, "--", made)
    for result in (refused, after):
        assert result.returncode == 1
        assert "cannot be locked" in result.stdout
        assert "by a run of " in result.stdout
        assert "`make unlock`" in result.stdout
        assert "Traceback" not in result.stdout
    assert project.run("--unlock").returncode == 0
    assert project.run(*SMOKE, "--", made).returncode == 0
