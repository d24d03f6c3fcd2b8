"""What benchmarks ask of the device: its rate, its memory, that it is done."""

import time
from pathlib import Path

import torch


def matrix_rate(device: torch.device, half: bool, size: int | None = None) -> float:
    """FLOPs per second of a large matrix product, in bfloat16 or float32.

    Args:
        device: where.
        half: whether in bfloat16.
        size: rows of the square matrices; by default enough for the device.
    """
    size = size or (8192 if device.type == "cuda" else 1024)
    matrix = torch.randn(size, size, device=device, dtype=torch.bfloat16 if half else None)
    seconds = []
    for _ in range(5):
        synchronise(device)
        started = time.perf_counter()
        matrix @ matrix
        synchronise(device)
        seconds.append(time.perf_counter() - started)
    return 2 * size**3 / min(seconds)


def synchronise(device: torch.device) -> None:
    """Wait for the GPU."""
    if device.type == "cuda":
        torch.cuda.synchronize()


def peak_bytes(device: torch.device) -> float:
    """Most memory that this process, or its tensors on a GPU, have had."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated()
    # Not getrusage: what a process had before it started another program counts there too.
    lines = Path("/proc/self/status").read_text().splitlines()
    (peak,) = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return 1024 * int(peak)
