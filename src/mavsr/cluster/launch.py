"""Start a command in one process, or through torchrun in one process per GPU of one or more nodes.

``python -m mavsr.cluster.launch --gpus 4 --nodes 1 mavsr.training.train --output ...``
"""

import os
import socket
import sys
from argparse import REMAINDER, ArgumentParser


def command(module: str, arguments: list[str], gpus: int, nodes: int, cpus: int) -> list[str]:
    """The command line that runs ``python -m module arguments``.

    Args:
        module: dotted name.
        arguments: of the module.
        gpus: per node; with at most one on one node there is nothing to coordinate.
        nodes: of the SLURM job that this process runs in.
        cpus: per node.
    """
    one = ["-m", module, *arguments]
    if nodes == 1 and gpus <= 1:
        return [sys.executable, *one]
    # Not the script `torchrun`: it is found by the PATH of each node, this by the interpreter.
    torchrun = [sys.executable, "-m", "torch.distributed.run", f"--nproc_per_node={max(gpus, 1)}"]
    if nodes == 1:
        return [*torchrun, "--standalone", *one]
    job = os.environ["SLURM_JOB_ID"]
    # Two jobs may share a node: each gets a port of its own, outside the range of passing use.
    meeting = f"{socket.gethostname()}:{20000 + int(job) % 10000}"
    return [
        *("srun", f"--nodes={nodes}", f"--ntasks={nodes}", "--ntasks-per-node=1"),
        *(f"--cpus-per-task={cpus}", f"--gpus-per-node={gpus}", "--kill-on-bad-exit=1"),
        *(*torchrun, f"--nnodes={nodes}", "--rdzv_backend=c10d"),
        *(f"--rdzv_id={job}", f"--rdzv_endpoint={meeting}", *one),
    ]


def main(given: list[str]) -> None:
    """Become the command, so that a signal to this process reaches it."""
    parser = ArgumentParser(prog="python -m mavsr.cluster.launch", description=__doc__)
    parser.add_argument("--gpus", type=int, default=0, help="GPUs per node")
    parser.add_argument("--nodes", type=int, default=1, help="nodes of this SLURM job")
    parser.add_argument("--cpus", type=int, default=1, help="processor cores per node")
    parser.add_argument("module", help="dotted name of the command")
    parser.add_argument("arguments", nargs=REMAINDER, help="passed on")
    options = parser.parse_args(given)
    line = command(options.module, options.arguments, options.gpus, options.nodes, options.cpus)
    os.execvp(line[0], line)


if __name__ == "__main__":
    main(sys.argv[1:])
