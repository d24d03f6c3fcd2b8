"""Table 1 of the smoke config through a real SLURM that fails in every way a cluster does."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from project import SMOKE, Project

pytestmark = pytest.mark.slurm
SLURM = (
    *("--workflow-profile", "workflow/profiles/slurm"),
    *("--slurm-status-command", "squeue", "--slurm-init-seconds-before-status-checks", "1"),
    *("--latency-wait", "5", *SMOKE, "--", "results/table1.csv"),
)
IMPATIENT = """
from snakemake.cli import main
from snakemake_executor_plugin_slurm import Executor

# The plugin waits ten seconds longer after each look at the queue that found nothing new.
Executor.next_seconds_between_status_checks = property(lambda self: 1, lambda self, _: None)
main()
"""
SITE = {"gpus": {"features": 0, "training": 0, "decoding": 0}, "max_jobs": 4}
CRASHED, CANCELLED, STARVED = "make_avhubert", "train_model", "make_llama"
"""Rules of the job whose node dies, the one that is cancelled, the one that lacks memory."""


class SlurmProject(Project):
    """A copy of the repository on the test's cluster."""

    def __init__(self, folder, slurm):
        super().__init__(folder)
        self.slurm = slurm
        profile = folder / "workflow" / "profiles" / "slurm"
        (profile / "site.yaml").write_text(yaml.safe_dump(SITE))
        needs = yaml.safe_load((profile / "needs.yaml").read_text())
        # Less than its imports take, so that the first attempt must fail, and a later one must not.
        needs[STARVED]["gb"] = 1.0
        (profile / "needs.yaml").write_text(yaml.safe_dump(needs))

    @property
    def environment(self):
        return {**super().environment, **self.slurm.environment, "HF_HUB_OFFLINE": "1"}

    def running(self, rule):
        """(id, wildcards, node) of a rule's jobs that run."""
        lines = [line.split("|") for line in self.slurm.queue()]
        return [
            (job, what.partition("_wildcards_")[2], node)
            for job, state, what, node in lines
            if state == "RUNNING" and what.startswith(f"rule_{rule}")
        ]


@pytest.fixture(scope="module")
def finished(slurm, tmp_path_factory):
    """The run with its faults: project, what was said, the crashed and the cancelled job."""
    folder = tmp_path_factory.mktemp("cluster")
    project = SlurmProject(folder / "a clone", slurm)
    said = folder / "said.log"
    # The plugin does not quote the interpreter, whose path may have a space (docs/slurm.md).
    (folder / "env").symlink_to(sys.prefix)
    python = folder / "env" / "bin" / Path(sys.executable).name
    with (
        said.open("w") as stream,
        subprocess.Popen(
            [python, "-c", IMPATIENT, *SLURM],
            cwd=project.folder,
            env=project.environment,
            stdout=stream,
            stderr=subprocess.STDOUT,
        ) as run,
    ):
        try:
            crashed, model = inject(slurm, project, run)
            status = run.wait(timeout=1200)
        finally:
            run.kill()
    assert status == 0, said.read_text()[-5000:]
    return SimpleNamespace(project=project, said=said.read_text(), crashed=crashed, model=model)


def inject(slurm, project, run):
    """Crash the node of one job, cancel another that has begun to train; return what was hit."""

    def running(rule):
        assert run.poll() is None, "the run ended too early"
        return project.running(rule)

    def begun():
        # Before its command runs, its processes do not yet bear the names that tell whose they are.
        log = project.folder / "results" / "logs" / "toy" / "portrait" / "avhubert.log"
        return log.is_file() and running(CRASHED)

    (crashed, _, node), *_ = slurm.wait_for(begun, CRASHED, 600)
    slurm.crash_node(node)
    slurm.wait_for(lambda: slurm.states()[node].startswith("down"), "dead node")
    slurm.start_node(node)
    slurm.wait_for(lambda: slurm.states()[node] in ("idle", "mix"), "node come back")

    def trained():
        for job, model, _ in running(CANCELLED):
            log = project.folder / "results" / "logs" / "training" / f"{model}.log"
            if log.is_file() and "training steps" in log.read_text():
                return job, model
        return None

    cancelled, model = slurm.wait_for(trained, "training step", 600)
    slurm.call("scancel", cancelled)
    return crashed, model


def test_the_table_is_that_of_the_local_run(finished, smoke_run):
    mine, local = (p.folder / "results/table1.csv" for p in (finished.project, smoke_run))
    assert mine.read_bytes() == local.read_bytes()


def test_a_job_that_exceeded_its_memory_was_given_more(finished):
    assert "exceeded memory limit" in finished.said


def test_jobs_of_a_dead_node_are_queued_again_by_slurm(finished, slurm):
    assert "Restarts=1" in slurm.call("scontrol", "show", "job", finished.crashed)


def test_a_cancelled_training_job_goes_on_where_it_was(finished):
    assert "SLURM status is: 'CANCELLED'" in finished.said
    log = finished.project.folder / "results" / "logs" / "training" / f"{finished.model}.log"
    assert "resuming at step" in log.read_text()


def test_nothing_is_half_written_or_left_to_do(finished):
    results = finished.project.folder / "results"
    assert not list(results.rglob("*.partial"))
    assert not list(results.rglob("resume"))
    assert not finished.project.plan(*SMOKE, "--", "results/table1.csv")
