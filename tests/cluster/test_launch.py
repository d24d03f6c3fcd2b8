import json
import os
import signal
import subprocess
import sys
import time

from mavsr.cluster.launch import command

WORKER = """
import json, os, sys
from pathlib import Path
import torch.distributed as dist
dist.init_process_group("gloo")
Path(sys.argv[1], os.environ["RANK"]).write_text(json.dumps([dist.get_world_size(), sys.argv[2:]]))
dist.destroy_process_group()
"""


def launch(folder, *options):
    environment = {**os.environ, "PYTHONPATH": f"{os.environ.get('PYTHONPATH', '')}:{folder}"}
    line = [sys.executable, "-m", "mavsr.cluster.launch", *options]
    return subprocess.Popen(line, env=environment, stderr=subprocess.PIPE, text=True)


def test_one_process_is_the_command_itself():
    line = command("a.b", ["--x", "1 2"], gpus=1, nodes=1, cpus=4)
    assert line == [sys.executable, "-m", "a.b", "--x", "1 2"]


def test_two_gpus_are_two_processes_that_find_each_other(tmp_path):
    (tmp_path / "worker.py").write_text(WORKER)
    process = launch(tmp_path, "--gpus", "2", "worker", str(tmp_path), "--x", "1 2")
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    for rank in ("0", "1"):
        assert json.loads((tmp_path / rank).read_text()) == [2, ["--x", "1 2"]]


def test_several_nodes_are_started_by_srun(monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "12345")
    line = command("a.b", ["--x"], gpus=4, nodes=2, cpus=8)
    assert line[0] == "srun"
    assert {"--nodes=2", "--ntasks-per-node=1", "--gpus-per-node=4", "--cpus-per-task=8"} <= set(
        line
    )
    assert {"--nnodes=2", "--nproc_per_node=4", "--rdzv_id=12345"} <= set(line)
    assert line[-3:] == ["-m", "a.b", "--x"]


def test_a_signal_reaches_the_command(tmp_path):
    (tmp_path / "waiter.py").write_text(
        "import signal, sys, time\nfrom pathlib import Path\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))\n"
        "Path(sys.argv[1]).touch()\ntime.sleep(60)\n"
    )
    ready = tmp_path / "ready"
    process = launch(tmp_path, "waiter", str(ready))
    end = time.monotonic() + 60
    while not ready.exists() and time.monotonic() < end:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM
