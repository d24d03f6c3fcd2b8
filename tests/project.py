"""A copy of the repository to run snakemake in."""

import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from starts import Starts

ROOT = Path(__file__).parents[1]
SMOKE = ("--configfile", "workflow/configs/smoke.yaml")
STARTS = Starts()


class Project:
    """A copy of workflow and package in a folder of its own, run by this Python."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir()
        for name in ("workflow", "envs", "src"):
            shutil.copytree(
                ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__")
            )
        (folder / "profiles").symlink_to("workflow/profiles")
        for name in ("Snakefile", "config.yaml"):
            shutil.copy(ROOT / name, folder / name)

    @classmethod
    def copied(cls, source: Path, folder: Path) -> "Project":
        """A project as it is, results and Snakemake's records included, in another folder."""
        shutil.copytree(source, folder, symlinks=True)
        project = cls.__new__(cls)
        project.folder = folder
        return project

    @property
    def environment(self) -> dict[str, str]:
        tools = Path(sys.executable).parent
        return {
            **os.environ,
            "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(self.folder / "src"),
            "XDG_CACHE_HOME": str(self.folder / ".cache"),
            "HF_HUB_OFFLINE": "1",
        }

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        """Run Snakemake to its end; its output and errors are one text."""
        return STARTS.run(self.folder, self.environment, ["--cores", "2", *arguments])

    def plan(self, *arguments: str) -> Counter:
        """Rule -> number of jobs of a dry run."""
        result = self.run("--dry-run", *arguments)
        assert result.returncode == 0, result.stdout
        lines = iter(result.stdout.splitlines())
        jobs: Counter = Counter()
        for line in lines:
            if line.startswith("-----"):
                break
        for line in lines:
            rule, *count = line.split()
            if rule == "total":
                break
            jobs[rule] = int(count[0])
        return jobs
