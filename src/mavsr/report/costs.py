"""Command: what decoding costs at every scale, counted and measured, a row per hypothesis file.

Everything is read from the records beside hypotheses, but for what the frozen encoders take, which
is worked out from their sizes: decoding reads their tokens from the cache. Times are of whatever
else the machine was doing; ``results/mome/timing.csv`` has those of a measurement.
"""

from pathlib import Path
from typing import Any

import pandas as pd

from mavsr.command import run_command
from mavsr.config.encoders import EncoderKeys
from mavsr.errors import InputError
from mavsr.evaluation.baselines import system_of
from mavsr.evaluation.hypotheses import read_sidecar
from mavsr.files import atomic
from mavsr.remedies import rebuild_command
from mavsr.report.cost_table import COLUMNS, RATES
from mavsr.report.encoder_sizes import EncoderSize, encoder_size
from mavsr.tables import write_csv


def costs(
    settings: list[Path], encoders: dict[str, Any], output: Path, sealed: bool = True
) -> None:
    """Write ``output`` (CSV, columns as in ``COLUMNS``).

    Args:
        settings: the records ``.../<model>/<condition>/<scale>.json`` beside hypotheses.
        encoders: name of an encoder -> its kind, path, revision and padding, as in the config.
        output: the table.
        sealed: whether it carries a checksum, as what jobs read does; people open ``cost.csv``.

    Raises:
        InputError: a record is missing, damaged, or of an earlier version; an encoder's size is not
            known.
    """
    sizes = {name: encoder_size(EncoderKeys(**given)) for name, given in encoders.items()}
    rows = [cost_row(path, sizes) for path in settings]
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype(RATES)
    if sealed:
        write_csv(output, table)
        return
    with atomic(output) as partial:
        table.to_csv(partial, index=False)


def cost_row(path: Path, sizes: dict[str, EncoderSize]) -> dict[str, Any]:
    """The row of one record."""
    sidecar = read_sidecar(path)
    if "work" not in sidecar:
        raise InputError(
            f"{path} is of an earlier version and does not say what decoding took; decode again: "
            f"{rebuild_command(path)}"
        )
    work, count = sidecar["work"], sidecar["utterances"]
    encoders = encoder_tflops(work, sidecar["origin"]["encoders"], sizes)
    parts = {
        "encoder_tflops": encoders,
        **{f"{name}_tflops": work[f"{name}_tflops"] for name in ("projector", "prefix", "beam")},
    }
    flops = {**parts, "generated_tflops": work["generated_tflops"]}
    flops["total_tflops"] = sum(parts.values())
    return {
        **system_of(sidecar),
        "utterances": count,
        "speech_s": round(sidecar["speech_s"] / count, 3),
        **{f"{n}_tokens": round(work[f"{n}_tokens"], 2) for n in ("read", "written", "beam")},
        **{name: float(f"{value:.4g}") for name, value in flops.items()},
        "seconds": float(f"{sidecar['seconds'] / count:.4g}"),
        "real_time_factor": float(f"{sidecar['seconds'] / sidecar['speech_s']:.4g}"),
        "peak_gb": sidecar["peak_gb"],
        "hardware": sidecar["hardware"],
        "threads": sidecar["threads"],
        "model": path.parent.parent.name,
    }


def encoder_tflops(work: dict[str, Any], encoders: str, sizes: dict[str, EncoderSize]) -> float:
    """Mean TFLOPs per utterance of the encoders (names joined by ``+``, audio first)."""
    tokens, squared = work["encoder_tokens"], work["encoder_tokens_squared"]
    total = 0.0
    for name in encoders.split("+"):
        size = sizes[name]
        if size.modality in tokens:
            total += size.mean_flops(tokens[size.modality], squared[size.modality])
    return total / 1e12


if __name__ == "__main__":
    run_command(costs)
