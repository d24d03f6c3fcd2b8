"""What one cluster is like: the file that a site edits, checked, as Snakemake's resources."""

import re
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from mavsr.errors import InputError

SITE_FILE = Path("workflow/profiles/slurm/site.yaml")
NEEDS_FILE = SITE_FILE.with_name("needs.yaml")
RULES = Path("workflow/rules")
GPU_RULES = {"extract_features": "features", "train_model": "training", "decode": "decoding"}
"""Rule -> its line under ``gpus``. What else uses a GPU runs on any machine in minutes."""
SECONDS_TO_SAVE = 120
"""Between SIGTERM and the end of a job's time."""


@dataclass(frozen=True)
class Site:
    """A cluster.

    Raises:
        InputError: a value that no job could be submitted with.
    """

    account: str | None = None
    """What ``sbatch --account`` gets; None is the user's default."""
    partitions: dict[str, str | None] = field(default_factory=dict)
    """Need (``cpu``, ``gpu``, ``training``) -> partition; None is SLURM's default."""
    gpus: dict[str, int] = field(default_factory=dict)
    """Stage (``features``, ``training``, ``decoding``) -> GPUs per node of a job; 0 for none."""
    training_nodes: int = 1
    max_hours: int = 48
    """Longest time that any job may ask for, in hours."""
    max_jobs: int = 200
    """Jobs that wait or run at once."""
    scratch: str | None = None
    """A folder on every node for temporary files; None is what the node's TMPDIR says."""
    sbatch: str = ""
    """More options of ``sbatch``."""

    def __post_init__(self) -> None:
        _check_keys("partitions", self.partitions, {"cpu", "gpu", "training"})
        _check_keys("gpus", self.gpus, set(GPU_RULES.values()))
        counts = {f"gpus.{stage}": count for stage, count in self.gpus.items()}
        for name, count in counts.items():
            if not isinstance(count, int) or count < 0:
                raise InputError(f"{name} is {count!r}, which must be a whole number from 0")
        for name in ("training_nodes", "max_hours", "max_jobs"):
            count = getattr(self, name)
            if not isinstance(count, int) or count < 1:
                raise InputError(f"{name} is {count!r}, which must be a whole number from 1")
        if self.training_nodes > 1 and not self.gpus.get("training"):
            raise InputError("training_nodes is above 1, but gpus.training is 0")

    def defaults(self) -> dict[str, str]:
        """Resources of every job, as Snakemake's expressions."""
        # Training saves when the signal comes; other jobs are short and begin anew.
        extra = f"--signal=TERM@{SECONDS_TO_SAVE} {self.sbatch}".strip()
        found = {"slurm_extra": extra, "runtime": self.minutes(30)}
        found |= _present(slurm_account=self.account, slurm_partition=self.partitions.get("cpu"))
        strings = {key: value if key == "runtime" else repr(value) for key, value in found.items()}
        return strings | ({"tmpdir": repr(self.scratch)} if self.scratch else {})

    def minutes(self, first: int) -> str:
        """Expression for a time limit that doubles with every attempt, up to the site's longest."""
        return f"min({first} * 2 ** (attempt - 1), {60 * self.max_hours})"

    def accelerated(self, rule: str) -> dict[str, str | int]:
        """Resources of a rule that uses GPUs, and training's nodes."""
        stage = GPU_RULES[rule]
        gpus = self.gpus.get(stage, 0)
        nodes = self.training_nodes if stage == "training" else 1
        partition = self.partitions.get("gpu")
        if stage == "training":
            partition = self.partitions.get("training", partition)
        found: dict[str, str | int] = {"launch": repr(f"--gpus {gpus} --nodes {nodes}")}
        if gpus and partition:
            found["slurm_partition"] = repr(partition)
        if nodes > 1:
            # With `mpi` the job's own command starts its processes on the nodes; the plugin's own
            # GPU option would put one task on each GPU, where torchrun wants one on each node.
            extra = f"{self.defaults()['slurm_extra'][1:-1]} --gpus-per-node={gpus}"
            found |= {"mpi": repr("srun"), "nodes": nodes, "tasks": nodes}
            found["slurm_extra"] = repr(extra)
        elif gpus:
            found["gpu"] = gpus
        return found

    def resources(self, needs: Path = NEEDS_FILE) -> dict[str, dict[str, str | int]]:
        """Rule -> its resources.

        Args:
            needs: rule -> ``minutes`` and ``gb`` of a first attempt; later ones ask for more. Every
                rule of the workflow that is not there gets the row ``default``.
        """
        table = yaml.safe_load(needs.read_text(encoding="utf-8"))
        default = table.pop("default")
        rules = [path.read_text(encoding="utf-8") for path in sorted(RULES.glob("*.smk"))]
        table = dict.fromkeys(re.findall(r"^rule (\w+):", "\n".join(rules), re.M), default) | table
        return {
            rule: {
                "runtime": self.minutes(row["minutes"]),
                "mem_mb": f"{int(row['gb'] * 1000)} * attempt",
                **(self.accelerated(rule) if rule in GPU_RULES else {}),
            }
            for rule, row in table.items()
        }


def read_site(path: Path = SITE_FILE) -> Site:
    """The site's file, checked.

    Raises:
        InputError: the file is missing, or a line of it cannot be used.
    """
    try:
        lines = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path} cannot be read ({error}); run from the repository") from error
    if not isinstance(lines, dict):
        raise InputError(f"{path} holds no `key: value`")
    try:
        _check_keys("the file", lines, {f.name for f in fields(Site)})
        return Site(**lines)
    except InputError as error:
        raise InputError(f"{path}: {error}; docs/slurm.md explains every line") from None


def _check_keys(place: str, found: dict[str, Any], known: set[str]) -> None:
    if odd := sorted(set(found) - known):
        raise InputError(f"unknown key {odd[0]!r} in {place} (known: {', '.join(sorted(known))})")


def _present(**values: str | None) -> dict[str, str]:
    return {key: value for key, value in values.items() if value}
