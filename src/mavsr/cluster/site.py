"""What one cluster is like: the file that a site edits, checked, as Snakemake's resources."""

import re
from dataclasses import dataclass, field, fields
from pathlib import Path

from snakemake_executor_plugin_slurm.validation import get_forbidden_slurm_options

from mavsr.cluster.lines import check_count, check_keys, check_text, read_lines
from mavsr.cluster.needs import read_needs
from mavsr.cluster.profile import profile_folder
from mavsr.errors import InputError

SITE = "site.yaml"
GPU_RULES = {
    "crop_mouths": "mouths",
    "extract_features": "features",
    "extract_views": "features",
    "train_model": "training",
    "decode": "decoding",
    "decode_validation": "decoding",
    "record_routing": "decoding",
}
"""Rule whose jobs want a GPU -> its line under ``gpus``."""
THREADED = tuple(rule for rule in GPU_RULES if rule != "crop_mouths")
"""Of these, what computes in as many threads as it is given."""
NEEDS = ("cpu", "gpu", "training")
GROUPED = 8
"""Short jobs of one rule that share a job of SLURM."""
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
    qos: str | None = None
    """Quality of service of every job."""
    partitions: dict[str, str | None] = field(default_factory=dict)
    """Need -> partition. None is for ``cpu`` SLURM's default, for ``gpu`` that of ``cpu``, for
    ``training`` that of ``gpu``."""
    gpus: dict[str, int] = field(default_factory=dict)
    """Stage (``mouths``, ``features``, ``training``, ``decoding``) -> GPUs per node of a job."""
    gpu_model: str | None = None
    """Type of GPU as the cluster's GRES calls it; None takes any."""
    constraint: str | None = None
    """What nodes of jobs on GPUs must have (``sbatch --constraint``)."""
    cpus_per_gpu: int = 4
    """Processor cores that come with each GPU of a job."""
    cpus: int = 1
    """Processor cores and threads of a job of ``THREADED`` without a GPU."""
    training_nodes: int = 1
    max_hours: int = 48
    """Longest time that any job may ask for, in hours."""
    max_jobs: int = 200
    """Jobs that wait or run at once."""
    scratch: str | None = None
    """A folder on every node for temporary files; None is what the node's TMPDIR says."""
    sbatch: str | None = None
    """More options of ``sbatch``."""

    def __post_init__(self) -> None:
        for name in ("account", "qos", "gpu_model", "constraint", "scratch", "sbatch"):
            check_text(name, getattr(self, name))
        check_keys("partitions", self.partitions, set(NEEDS))
        for need, partition in self.partitions.items():
            check_text(f"partitions.{need}", partition)
        check_keys("gpus", self.gpus, set(GPU_RULES.values()))
        for stage, count in self.gpus.items():
            check_count(f"gpus.{stage}", count, 0)
        for name in ("cpus_per_gpu", "cpus", "training_nodes", "max_hours", "max_jobs"):
            check_count(name, getattr(self, name), 1)
        if self.training_nodes > 1 and not self.gpus.get("training"):
            raise InputError("training_nodes is above 1, but gpus.training is 0")
        _check_options(self.sbatch or "")
        if self.gpu_model and not re.fullmatch(r"[A-Za-z0-9_.]+", self.gpu_model):
            raise InputError(
                f"gpu_model is {self.gpu_model!r}, but Snakemake's plugin takes letters, digits, "
                "'_' and '.' alone; use `constraint`"
            )

    def defaults(self) -> dict[str, str]:
        """Resources of every job, as Snakemake's expressions."""
        given = {
            "slurm_extra": self._options(),
            "slurm_account": self.account,
            "slurm_partition": self.partitions.get("cpu"),
            "qos": self.qos,
            "tmpdir": self.scratch,
        }
        return {"runtime": self.minutes(30)} | {k: repr(v) for k, v in given.items() if v}

    def _options(self, *more: str) -> str:
        # Training saves when the signal comes; decoding has kept its batches; others are short.
        options = (f"--signal=TERM@{SECONDS_TO_SAVE}", self.sbatch, *more)
        return " ".join(filter(None, options))

    def minutes(self, first: int) -> str:
        """Expression for a time limit that doubles with every attempt, up to the site's longest."""
        return f"min({first} * 2 ** (attempt - 1), {60 * self.max_hours})"

    def accelerated(self, rule: str) -> dict[str, str | int]:
        """Resources of a rule of ``GPU_RULES``, beside time and memory."""
        stage = GPU_RULES[rule]
        gpus = self.gpus.get(stage, 0)
        nodes = self.training_nodes if stage == "training" else 1
        cpus = gpus * self.cpus_per_gpu or self.cpus
        found: dict[str, str | int] = {}
        if rule == "train_model":
            found["launch"] = repr(f"--gpus {gpus} --nodes {nodes} --cpus {cpus}")
        if not gpus:
            return found
        # Without a number of nodes SLURM may spread the GPUs of one job over several.
        found |= {"nodes": nodes, "cpus_per_task": cpus}
        partition = self.partitions.get("gpu")
        if stage == "training":
            partition = self.partitions.get("training") or partition
        strings = {"slurm_partition": partition, "constraint": self.constraint}
        if nodes > 1:
            # With `mpi` the job's own command starts its processes on the nodes; the plugin's own
            # GPU option would count over all nodes, where torchrun wants as many on each.
            model = f"{self.gpu_model}:" if self.gpu_model else ""
            found["tasks"] = nodes
            strings |= {
                "mpi": "srun",
                "slurm_extra": self._options(f"--gpus-per-node={model}{gpus}"),
            }
        else:
            found["gpu"] = gpus
            strings["gpu_model"] = self.gpu_model
        return found | {key: repr(value) for key, value in strings.items() if value}

    def threads(self) -> dict[str, int]:
        """Rule of ``THREADED`` -> threads of its jobs, and so their cores, where they have no GPU.

        Nothing where one is asked for: that is what the rules have of themselves.
        """
        rules = [rule for rule in THREADED if not self.gpus.get(GPU_RULES[rule])]
        return dict.fromkeys(rules, self.cpus) if self.cpus > 1 else {}

    def group_sizes(self) -> dict[str, int]:
        """Group of short jobs -> how many of them share a job of SLURM."""
        # Jobs of a group run side by side, and each would want GPUs of its own.
        return {"mouths": 1 if self.gpus.get("mouths") else GROUPED, "noise": GROUPED}

    def resources(self, needs: Path | None = None) -> dict[str, dict[str, str | int]]:
        """Rule -> its resources, for every rule of the workflow.

        Args:
            needs: what :func:`mavsr.cluster.needs.read_needs` reads, else what lies in the profile;
                later attempts ask for more.
        """
        return {
            rule: {
                "runtime": self.minutes(row["minutes"]),
                "mem_mb": f"{int(row['gb'] * 1000)} * attempt",
                **(self.accelerated(rule) if rule in GPU_RULES else {}),
            }
            for rule, row in read_needs(needs).items()
        }


def read_site(path: Path | None = None) -> Site:
    """A site's file, checked.

    Args:
        path: else that of the profile that Snakemake reads.

    Raises:
        InputError: the file is missing, or a line of it cannot be used.
    """
    path = path or profile_folder() / SITE
    lines = read_lines(path)
    try:
        check_keys("the file", lines, {f.name for f in fields(Site)})
        return Site(**lines)
    except InputError as error:
        raise InputError(f"{path}: {error}; docs/slurm.md explains every line") from None


def _check_options(options: str) -> None:
    """Refuse what Snakemake's plugin would refuse, but only job by job, once they are submitted."""
    for pattern, what in get_forbidden_slurm_options().items():
        if re.search(pattern, options):
            raise InputError(
                f"sbatch is {options!r}, but Snakemake's plugin sets the {what} itself; use the "
                "other lines of the file, and needs.yaml for memory and time"
            )
