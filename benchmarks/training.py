"""How much faster, and in how much less memory, a training step is than by the public code's loop.

    python benchmarks/training.py
    python benchmarks/training.py --clips 4 --repeats 1 --layers 2     # a quick try

The loop of the public code, written anew here: one scale after the other on a padded batch, logits
at all positions, the graphs of all scales kept for one backward pass. A step of Omni-AVSR is three
such passes, one for each task, at the rates that were drawn; it is measured as a round of steps
that draws every pair of rates once. Both ways take the same
gradients of the same loss on the same random LLM and the same ragged clips of 4 to 8 s; the script
fails if losses or gradients differ. They take turns, so that a busy machine slows both; processor
time, of the fastest step of each, is less disturbed. Memory is the peak of a process of its own
that makes one step, libraries and weights included.

On a GPU: ``--preset llama-3.2-1b`` (bfloat16, clips of 10 s) also prints tokens per second and the
share of the matrix rate measured on that GPU.
"""

import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from device import matrix_rate, peak_bytes, synchronise
from shapes import PRESETS, Shape, make, save_llm
from torch import nn
from torch.nn import functional as F

from mavsr.command import run_command
from mavsr.model.avsr import MatryoshkaModel, Utterance
from mavsr.model.scales import Scale
from mavsr.training.objective import Objective, draws_rates
from mavsr.training.plans import plan_for
from mavsr.training.precision import computing
from mavsr.training.settings import TrainingSettings

METHODS = ["mtsk-ms", "mtsk-ss", "mtsk-mss", "mome-ffn", "omni-s", "omni-t", "omni-st"]


def training(
    preset: str = "small",
    methods: list[str] | None = None,
    repeats: int = 3,
    clips: int | None = None,
    layers: int | None = None,
    threads: int = 0,
    llm: Path | None = None,
) -> None:
    """Print the ratio of step times and of peak memory for every method.

    Args:
        preset: ``small``, ``toy`` or ``llama-3.2-1b``.
        methods: by default MS, SS, MSS, MoME, and the three of Omni-AVSR.
        repeats: rounds in which both ways take turns.
        clips: clips in the batch, instead of the preset's.
        layers: layers of the LLM, instead of the preset's.
        threads: CPU threads; 0 means all cores.
        llm: folder of a trained LLM, instead of a random one of the preset's shape.
    """
    shape = PRESETS[preset]
    shape = replace(shape, clips=clips or shape.clips, layers=layers or shape.layers)
    if threads:
        torch.set_num_threads(threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    print(f"{llm or preset}: {shape}; {device}, {torch.get_num_threads()} threads")
    rate = matrix_rate(device, shape.half)
    print(f"matrix rate {rate / 1e12:.3f} TFLOP/s")
    with tempfile.TemporaryDirectory() as folder:
        if llm is None:
            save_llm(Path(folder), shape)
        place = llm or Path(folder)
        steps: dict[str, float] = {}
        for method in methods or METHODS:
            steps[method] = compare(place, shape, method, repeats, device, rate)
    if {"mtsk-ms", "mome-ffn"} <= steps.keys():
        print(
            f"a step of mome-ffn takes {steps['mome-ffn'] / steps['mtsk-ms']:.2f} times the "
            "processor time of one of MS"
        )


def compare(
    folder: Path, shape: Shape, method: str, repeats: int, device: torch.device, rate: float
) -> float:
    """Print one method's ratios; return the least processor seconds of our round of steps."""
    model, utterances = make(folder, shape, method, device)
    ways = {name: partial(way, model, utterances) for name, way in WAYS.items()}
    check(model, ways)
    times: dict[str, list[float]] = {name: [] for name in ways}
    work: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, step in ways.items():
            synchronise(device)
            started, before = time.perf_counter(), time.process_time()
            step()
            synchronise(device)
            times[name].append(time.perf_counter() - started)
            work[name].append(time.process_time() - before)
    ratios = [p / o for p, o in zip(times["public"], times["ours"], strict=True)]
    seconds = {name: statistics.median(found) for name, found in times.items()}
    peaks = {name: peak_memory(folder, shape, method, name, device) for name in ways}
    scales = [scale for step in steps_of(model) for scale in step.scales]
    tokens = sum(real_tokens(model, utterances, scale) for scale in scales)
    print(
        f"{method}: public {seconds['public']:.3f} s, ours {seconds['ours']:.3f} s, "
        f"{statistics.median(ratios):.2f} times faster ({', '.join(f'{r:.2f}' for r in ratios)}), "
        f"in processor time {min(work['public']) / min(work['ours']):.2f} times; "
        f"peak memory {peaks['public'] / 1e6:.0f} and {peaks['ours'] / 1e6:.0f} MB, "
        f"{peaks['ours'] / peaks['public']:.2f} times; {tokens / seconds['ours']:.0f} tokens/s"
    )
    if device.type == "cuda":
        # Forward, and backward through activations: the frozen weights have no gradients.
        weights = sum(p.numel() for p in model.llm.get_decoder().layers.parameters())
        share = 4 * weights * tokens / seconds["ours"] / rate
        print(f"  {share:.0%} of the matrix rate, counting tokens of all scales in full")
    return min(work["ours"])


def steps_of(model: MatryoshkaModel) -> list[Objective]:
    """What the steps of a round compute: all scales at once, or every pair of rates in turn."""
    settings, training = model.settings, TrainingSettings()
    if not draws_rates(settings, training):
        return [Objective.of(settings, settings.scales, training)]
    return [
        Objective.of(settings, [Scale(audio=a), Scale(video=v), Scale(a, v)], training)
        for a in settings.audio_rates
        for v in settings.video_rates
    ]


def public_loop(model: MatryoshkaModel, utterances: list[Utterance]) -> torch.Tensor:
    """Losses of a round as in the public code; the sum of its steps' gradients."""
    zero_gradients(model)
    return torch.cat([public_step(model, utterances, step) for step in steps_of(model)])


def public_step(
    model: MatryoshkaModel, utterances: list[Utterance], objective: Objective
) -> torch.Tensor:
    """Losses of a step's scales, one pass each; adds the gradients of its objective."""
    losses, extra = [], []
    for scale in objective.scales:
        model.adapter.activate(scale)
        prefixes = model.prefixes(utterances, scale)
        rows, labels = [], []
        for prefix, utterance in zip(prefixes, utterances, strict=True):
            targets = model.targets(utterance)
            rows.append(torch.cat([prefix, model.embed(targets[:-1])]))
            labels.append(torch.tensor([-100] * (len(prefix) - 1) + targets))
        longest = max(map(len, rows))
        inputs = nn.utils.rnn.pad_sequence(rows, batch_first=True)
        mask = torch.stack([torch.arange(longest) < len(row) for row in rows]).to(inputs.device)
        padded = nn.utils.rnn.pad_sequence(labels, batch_first=True, padding_value=-100)
        with (
            computing(inputs.device, "bf16" if half(model) else "float32"),
            model.adapter.describe(model.positions(utterances, scale)),
        ):
            logits = model.llm(inputs_embeds=inputs, attention_mask=mask, use_cache=False).logits
            extra.append(model.adapter.extra_loss())
        losses.append(
            F.cross_entropy(logits.flatten(0, 1).float(), padded.flatten().to(inputs.device))
        )
    weights = torch.tensor(objective.weights, device=losses[0].device)
    ((weights * torch.stack(losses)).mean() + sum(extra) / len(extra)).backward()
    return torch.stack(losses).detach()


def our_loop(model: MatryoshkaModel, utterances: list[Utterance]) -> torch.Tensor:
    """The same by the plan of the package that suits the device."""
    zero_gradients(model)
    device, targets = model.markers.device, model.count_targets(utterances)
    plan = plan_for(model, device)
    with computing(device, "bf16" if half(model) else "float32"):
        return torch.cat(
            [
                plan.losses(model, utterances, targets, torch.Tensor.backward, step)
                for step in steps_of(model)
            ]
        )


WAYS = {"public": public_loop, "ours": our_loop}


def check(model: MatryoshkaModel, ways: Mapping[str, Callable[[], torch.Tensor]]) -> None:
    """Raise if the ways' losses or gradients differ by more than rounding."""
    found = {}
    for name, step in ways.items():
        losses = step()
        found[name] = losses, [p.grad for p in model.trainable() if p.grad is not None]
    tolerance = 3e-2 if half(model) else 1e-4
    torch.testing.assert_close(found["ours"][0], found["public"][0], atol=tolerance, rtol=tolerance)
    for ours, public in zip(found["ours"][1], found["public"][1], strict=True):
        error = (ours - public).norm() / public.norm().clamp(min=1e-9)
        assert error < tolerance, f"gradients differ by {error:.1e} of their norm"


def peak_memory(folder: Path, shape: Shape, method: str, name: str, device: torch.device) -> float:
    """Bytes at most in use during one step: of a fresh process, or on the GPU."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(one_step, (folder, shape, method, name, device, torch.get_num_threads()))


def one_step(
    folder: Path, shape: Shape, method: str, name: str, device: torch.device, threads: int
) -> float:
    """Make one step; return this process' peak."""
    torch.set_num_threads(threads)
    model, utterances = make(folder, shape, method, device)
    WAYS[name](model, utterances)
    return peak_bytes(device)


def real_tokens(model: MatryoshkaModel, utterances: list[Utterance], scale: Scale) -> int:
    """Tokens of the batch at one scale, without padding."""
    with torch.no_grad():
        prefixes = model.prefixes(utterances, scale)
    return sum(map(len, prefixes)) + model.count_targets(utterances) - len(utterances)


def half(model: MatryoshkaModel) -> bool:
    """Whether the frozen LLM is in bfloat16."""
    return next(model.llm.get_decoder().layers.parameters()).dtype is torch.bfloat16


def zero_gradients(model: MatryoshkaModel) -> None:
    """Forget all gradients."""
    for parameter in model.trainable():
        parameter.grad = None


if __name__ == "__main__":
    run_command(training)
