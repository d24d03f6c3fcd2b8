"""A SLURM of this machine's own: two nodes, real daemons, no accounting.

Everything lies in a temporary folder and listens at ports of its own, so a SLURM that the machine
belongs to is left alone, and nothing is written to /etc.
"""

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from reaper import members

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "scontrol")
CONF = """\
ClusterName=test
SlurmctldHost={host}
SlurmUser={user}
SlurmdUser={user}
SlurmctldPort={port}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=30
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.%n.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory,CR_LLN
MpiDefault=none
ReturnToService=2
SlurmdTimeout=10
KillWait=20
MinJobAge=3600
JobRequeue=1
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
NodeName=n1 NodeHostname={host} Port={port1} CPUs=8 RealMemory=200000
NodeName=n2 NodeHostname={host} Port={port2} CPUs=8 RealMemory=200000
PartitionName=all Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
"""


class Slurm:
    """The daemons, by their process ids."""

    def __init__(self, folder: Path):
        self.folder = folder
        for name in ("state", "spool.n1", "spool.n2"):
            (folder / name).mkdir()
        (folder / "munge.key").write_bytes(secrets.token_bytes(1024))
        (folder / "munge.key").chmod(0o400)
        port, port1, port2 = free_ports(3)
        values = {"host": socket.gethostname(), "user": "root", "folder": folder}
        ports = {"port": port, "port1": port1, "port2": port2}
        (folder / "slurm.conf").write_text(CONF.format(**values, **ports))
        conf = folder / "slurm.conf"
        # The plugin hides SLURM's variables from srun, so srun itself must know where to look.
        (folder / "bin").mkdir()
        srun = folder / "bin" / "srun"
        srun.write_text(f'#!/bin/sh\nSLURM_CONF={conf} exec {shutil.which("srun")} "$@"\n')
        srun.chmod(0o755)
        path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        self.environment = {**os.environ, "SLURM_CONF": str(conf), "PATH": path}

    def start(self) -> None:
        munge = {"key-file": "munge.key", "socket": "munge.socket", "pid-file": "munged.pid"}
        munge |= {"log-file": "munged.log", "seed-file": "munged.seed"}
        options = [f"--{key}={self.folder / name}" for key, name in munge.items()]
        self.call("munged", "--force", *options)
        self.call("slurmctld")
        for node in ("n1", "n2"):
            self.start_node(node)
        self.wait_for(lambda: self.states() == {"n1": "idle", "n2": "idle"}, "idle nodes")

    def start_node(self, node: str) -> None:
        self.call("slurmd", "-N", node)

    def crash_node(self, node: str) -> None:
        """End a node's daemon and all that runs there, as a power cut would."""
        jobs = [line.split("|")[0] for line in self.queue() if line.endswith(f"|{node}")]
        daemon = psutil.Process(int((self.folder / f"slurmd.{node}.pid").read_text()))
        ended = [daemon]
        for process in psutil.process_iter(["cmdline"]):
            name = " ".join(process.info["cmdline"] or [])
            if any(f"slurmstepd: [{job}." in name for job in jobs):
                ended += [*process.children(recursive=True), process]
        for process in ended:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()

    def queue(self) -> list[str]:
        """Lines ``id|state|comment|node`` of all jobs that have not ended."""
        return self.call("squeue", "--noheader", "--format=%i|%T|%k|%N").splitlines()

    def states(self) -> dict[str, str]:
        lines = self.call("sinfo", "--noheader", "--Node", "--format=%N %t").splitlines()
        return dict(line.split() for line in lines)

    def call(self, *command: str) -> str:
        result = subprocess.run(command, env=self.environment, capture_output=True, text=True)
        assert result.returncode == 0, (command, result.stdout, result.stderr, self.logs())
        return result.stdout

    def logs(self) -> str:
        return "\n".join(path.read_text()[-3000:] for path in self.folder.glob("*.log"))

    def wait_for(self, condition, what: str, seconds: int = 60):
        end = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < end, f"no {what} after {seconds} s\n{self.logs()}"
            time.sleep(0.2)
        return found


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@pytest.fixture(scope="session")
def slurm(tmp_path_factory):
    missing = [name for name in PROGRAMS if not shutil.which(name)]
    if missing or os.geteuid():
        pytest.fail(
            f"no SLURM here ({', '.join(missing) or 'not root'}); `make test-slurm` installs it"
        )
    folder = tmp_path_factory.mktemp("slurm")
    watch = [sys.executable, Path(__file__).with_name("reaper.py"), folder]
    # A session of its own: what kills the tests by their process group leaves it alive.
    with subprocess.Popen(watch, stdin=subprocess.PIPE, start_new_session=True):
        cluster = Slurm(folder)
        cluster.start()
        yield cluster
    assert not members(folder)
