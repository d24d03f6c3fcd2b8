"""Training as commands: by several processes, and killed at any time."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import pandas as pd
import pytest
import safetensors.torch
import torch

from mavsr.training.settings import TrainingSettings
from mavsr.training.train import train

TRAINING = TrainingSettings(
    epochs=2, learning_rate=1e-2, batch_frames=24, validation_utterances=3, precision="float32"
)

CLIP = 1.4
"""The norms of the six gradients of the first run here lie between 1.1 and 2.1."""


@pytest.fixture
def files(write_features):
    train_manifest, views = write_features("train", {f"k{n}": 4 + n for n in range(7)}, "view_0")
    val_manifest, clean = write_features("val", {"v1": 6, "v2": 9, "v3": 5}, "clean")
    return {
        "train_manifest": [train_manifest],
        "val_manifest": [val_manifest],
        "audio": [views["audio"]],
        "video": [views["video"]],
        "audio_val": [clean["audio"]],
        "video_val": [clean["video"]],
    }


def arguments(output: Path, files, model, settings) -> list[str]:
    named = [f"--output={output}", f"--model={json.dumps(model.to_dict())}"]
    named.append(f"--training={json.dumps(asdict(settings))}")
    for name, value in files.items():
        named += [f"--{name}", *map(str, value if isinstance(value, list) else [value])]
    return named


def run(arguments: list[str], processes: int = 1) -> subprocess.CompletedProcess:
    launch = [sys.executable, "-m", "mavsr.cluster.launch", f"--gpus={processes}"]
    return subprocess.run(
        [*launch, "mavsr.training.train", *arguments],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def test_two_processes_give_the_losses_of_one(tmp_path, files, settings_of):
    model = settings_of(method="mtsk-ss")
    # AdamW forgets the scale of gradients, so that their mean would do as well as their sum. But
    # some steps are clipped here and others not, and with half the gradients none would be.
    settings = replace(TRAINING, clip=CLIP)
    train(tmp_path / "one", model=model, training=settings, **files)
    # One of the two copies the features to the node's own disk, and both read them there.
    near = replace(settings, local_features=True)
    result = run(arguments(tmp_path / "two", files, model, near), processes=2)
    assert result.returncode == 0, result.stdout
    assert result.stdout.count("features of 2 caches copied") == 1
    one, two = (pd.read_csv(tmp_path / name / "metrics.csv") for name in ("one", "two"))
    assert one.step.max() > 4
    pd.testing.assert_frame_equal(one, two, atol=1e-5, rtol=1e-5)
    assert one[one.split == "val"].wer.notna().all()
    weights = [
        safetensors.torch.load_file(tmp_path / name / "projectors.safetensors")
        for name in ("one", "two")
    ]
    for name, tensor in weights[0].items():
        torch.testing.assert_close(weights[1][name], tensor, atol=1e-4, rtol=1e-3)


def test_also_where_a_step_does_not_use_every_weight(tmp_path, files, settings_of):
    """What no process used keeps its value and its moments, as with one process."""
    model = settings_of(task="omni", method="omni-t")
    train(tmp_path / "one", model=model, training=TRAINING, **files)
    result = run(arguments(tmp_path / "two", files, model, TRAINING), processes=2)
    assert result.returncode == 0, result.stdout
    one, two = (pd.read_csv(tmp_path / name / "metrics.csv") for name in ("one", "two"))
    pd.testing.assert_frame_equal(one, two, atol=1e-5, rtol=1e-5)
    weights = [
        safetensors.torch.load_file(tmp_path / name / "projectors.safetensors")
        for name in ("one", "two")
    ]
    for name, tensor in weights[0].items():
        torch.testing.assert_close(weights[1][name], tensor, atol=1e-4, rtol=1e-3)


def test_a_mistake_in_one_of_several_processes_ends_all(tmp_path, files, settings_of):
    model = settings_of(llm=str(tmp_path / "nothing"))
    result = run(arguments(tmp_path / "out", files, model, TRAINING), processes=2)
    assert result.returncode != 0
    assert "cannot be loaded" in result.stdout


def test_kill_9_and_the_same_command_end_with_the_same_bytes(tmp_path, files, settings_of):
    model, settings = settings_of(method="mtsk-mss"), replace(TRAINING, epochs=12)
    settings = replace(settings, save_every_s=0.01, workers=2, checkpoint="best")
    train(tmp_path / "whole", model=model, training=settings, **files)
    command = arguments(tmp_path / "killed", files, model, settings)
    state = tmp_path / "killed" / "resume" / "state.pt"
    running = subprocess.Popen(
        [sys.executable, "-m", "mavsr.training.train", *command], stderr=subprocess.DEVNULL
    )
    while not state.exists() and running.poll() is None:
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL, "it ended before it could be killed"
    result = run(command)
    assert result.returncode == 0, result.stdout
    resumed = re.search(r"resuming at step (\d+) of (\d+)", result.stdout)
    assert 0 < int(resumed[1]) < int(resumed[2])
    names = ["projectors.safetensors", "metrics.csv"]
    names += [f"adapters/{a}/adapter_model.safetensors" for a in ("shared", "a2_v1")]
    for name in names:
        whole, killed = (tmp_path / run / name for run in ("whole", "killed"))
        assert whole.read_bytes() == killed.read_bytes(), name
    metrics = pd.read_csv(tmp_path / "whole" / "metrics.csv")
    best = metrics[metrics.split == "val"].groupby("epoch").loss.mean().idxmin()
    for run_of in ("whole", "killed"):
        said = json.loads((tmp_path / run_of / "run.json").read_text())
        assert said["kept_epoch"] == best
