"""What a frozen LLM in 4 bits costs and saves, beside the same in its own format.

    python benchmarks/quantization.py                       # a random LLM: time and memory
    python benchmarks/quantization.py --llm LOCAL_FOLDER    # a trained one: text too

Each way runs in processes of its own, by turns: a training step of MS at four scales on the same
ragged clips, the peak memory of the process, libraries included, and the mean cross-entropy of
sentences of the embedded books, which says what rounding does to a trained LLM. On a GPU the peak
is that of its memory.
"""

import multiprocessing
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from device import peak_bytes, synchronise
from shapes import PRESETS, Shape, make, save_llm
from torch.nn import functional as F
from training import our_loop

from mavsr.command import run_command
from mavsr.model.avsr import MatryoshkaModel
from mavsr.provenance import is_installed
from mavsr.toy.portrait.books import sentences

WAYS = (None, "nf4")
SENTENCES = 200


def quantization(llm: Path | None = None, clips: int = 4, repeats: int = 3) -> None:
    """Print step time, memory and loss of both ways, and their ratios.

    Args:
        llm: folder of a trained LLM; by default a random one of twelve layers.
        clips: clips in the batch.
        repeats: rounds in which both ways take turns.
    """
    if not is_installed("bitsandbytes"):
        print("bitsandbytes is not installed (make quantization)")
        return
    shape = replace(PRESETS["small"], clips=clips)
    context = multiprocessing.get_context("spawn")
    found: dict[str | None, list[dict[str, float]]] = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory() as folder:
        if llm is None:
            save_llm(Path(folder), shape)
        for _ in range(repeats):
            for way in WAYS:
                with context.Pool(1) as pool:
                    found[way].append(
                        pool.apply(measure, (llm or Path(folder), shape, way, llm is not None))
                    )
    means = {
        way: {key: statistics.median(r[key] for r in rounds) for key in rounds[0]}
        for way, rounds in found.items()
    }
    for key in means[None]:
        own, held = (means[way][key] for way in WAYS)
        print(f"{key}: {own:.3f} in its own format, {held:.3f} in 4 bits, {held / own:.2f} times")


def measure(llm: Path, shape: Shape, way: str | None, trained: bool) -> dict[str, float]:
    """What one way takes, in a process of its own."""
    torch.set_num_threads(1)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model, utterances = make(llm, shape, "mtsk-ms", device, way)
    our_loop(model, utterances)
    synchronise(device)
    started, before = time.perf_counter(), time.process_time()
    our_loop(model, utterances)
    synchronise(device)
    clock, work = time.perf_counter() - started, time.process_time() - before
    weights = sum(p.nbytes for p in model.llm.parameters() if not p.requires_grad)
    found = {
        "seconds of a step": clock,
        "processor seconds of it": work,
        "MB of frozen weights": weights / 1e6,
        "peak MB": peak_bytes(device) / 1e6,
    }
    return {**found, "nats per token of text": text_loss(model)} if trained else found


@torch.no_grad()
def text_loss(model: MatryoshkaModel) -> float:
    """Mean cross-entropy of sentences, the adapter's random weights left out."""
    losses = []
    peft: Any = model.adapter.peft
    with peft.disable_adapter():
        for words in sentences("test")[:SENTENCES]:
            ids = torch.tensor(
                [model.tokenizer(" ".join(words))["input_ids"]], device=model.markers.device
            )
            logits = model.llm(input_ids=ids, use_cache=False).logits
            losses.append(F.cross_entropy(logits[0, :-1].float(), ids[0, 1:], reduction="none"))
    return float(torch.cat(losses).mean())


if __name__ == "__main__":
    run_command(quantization)
