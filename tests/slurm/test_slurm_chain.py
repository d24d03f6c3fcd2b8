"""The smoke config through a real SLURM that fails in every way a cluster does, in one run."""

import subprocess
import sys
import time

import pytest
import yaml
from project import Project

pytestmark = pytest.mark.slurm
SMOKE = ("--configfile", "workflow/configs/smoke.yaml")
SLURM = (
    *("--workflow-profile", "workflow/profiles/slurm"),
    *("--slurm-status-command", "squeue", "--slurm-init-seconds-before-status-checks", "2"),
    *("--latency-wait", "5", *SMOKE),
)
SITE = {"gpus": {"features": 0, "training": 0, "decoding": 0}, "max_jobs": 2}
TABLES = ("results/table1.csv", "results/noise_check.csv")


class SlurmProject(Project):
    """A copy of the repository on the test's cluster."""

    def __init__(self, folder, slurm):
        super().__init__(folder)
        self.slurm = slurm
        profile = folder / "workflow" / "profiles" / "slurm"
        (profile / "site.yaml").write_text(yaml.safe_dump(SITE))
        needs = yaml.safe_load((profile / "needs.yaml").read_text())
        # Less than its imports take, so that the first attempt must fail, and the second must not.
        needs["make_llama"]["gb"] = 1.2
        (profile / "needs.yaml").write_text(yaml.safe_dump(needs))

    @property
    def environment(self):
        return {**super().environment, **self.slurm.environment, "HF_HUB_OFFLINE": "1"}


def jobs_of(slurm, rule):
    """(id, node) of a rule's jobs that run."""
    lines = [line.split("|") for line in slurm.queue()]
    return [(i, node) for i, state, what, node in lines if state == "RUNNING" and rule in what]


def started(project, rule, line):
    """Whether a log of a rule holds a line."""
    logs = (project.folder / "results" / "logs" / rule).rglob("*.log")
    return any(line in path.read_text() for path in logs)


def test_a_cluster_with_every_fault_gives_the_local_tables(slurm, tmp_path):
    project = SlurmProject(tmp_path / "a clone", slurm)
    said = tmp_path / "said.log"
    with said.open("w") as stream:
        run = subprocess.Popen(
            [sys.executable, "-m", "snakemake", *SLURM],
            cwd=project.folder,
            env=project.environment,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    try:
        inject(slurm, project, run, said)
        assert run.wait(timeout=2400) == 0, said.read_text()[-5000:]
    finally:
        run.terminate()
    text = said.read_text()
    assert "exceeded memory limit" in text
    assert "SLURM status is: 'CANCELLED'" in text
    assert text.count("Trying to restart job") == 2, text[-5000:]
    assert not list((project.folder / "results").rglob("*.partial"))
    local = Project(tmp_path / "local")
    result = local.run(*SMOKE)
    assert result.returncode == 0, result.stdout[-3000:]
    for table in TABLES:
        assert (project.folder / table).read_bytes() == (local.folder / table).read_bytes(), table
    assert not project.plan(*SMOKE)


def inject(slurm, project, run, said):
    """Crash a node while it trains a stand-in, and cancel a training job that has saved."""

    def running(rule):
        assert run.poll() is None, said.read_text()[-5000:]
        return jobs_of(slurm, rule)

    (job, node), *_ = slurm.wait_for(lambda: running("make_avhubert"), "make_avhubert", 900)
    slurm.crash_node(node)
    slurm.wait_for(lambda: slurm.states()[node].startswith("down"), "dead node", 60)
    slurm.start_node(node)
    slurm.wait_for(lambda: slurm.states()[node] in ("idle", "mix"), "node come back", 60)
    (job, _), *_ = slurm.wait_for(lambda: running("train_model"), "train_model", 900)
    slurm.wait_for(lambda: started(project, "training", "training steps"), "a first step", 100)
    time.sleep(1)
    slurm.call("scancel", job)
