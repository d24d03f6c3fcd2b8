"""Command: which experts a MoME model uses, per layer, scale and token (MoME, Figures 5 and 9).

The split is read with its transcripts (teacher forcing): what is routed is what training routes,
and no decoding error mixes in.
"""

from pathlib import Path

import pandas as pd
import torch

from mavsr.command import progress, run_command
from mavsr.errors import InputError
from mavsr.evaluation.split import read_split
from mavsr.features.join import UtteranceSource
from mavsr.model.adapters.base import KINDS
from mavsr.model.adapters.mome import Mome
from mavsr.model.avsr import MatryoshkaModel
from mavsr.model.folder import read_model_folder
from mavsr.model.loading import best_device, load_trained
from mavsr.noise.condition import absent
from mavsr.tables import write_csv

COLUMNS = {
    "layer": "decoder layer, from 0",
    "scale": "scale such as a4_v2",
    "modality": "kind of token: text (prompt, transcript, markers), audio or video",
    "expert": "routed expert, from 0",
    "choices": "how often the router chose it: each of these tokens chooses top_k experts",
    "share": "share of the choices of all these tokens that fell on it; sums to 1 over experts",
}
BATCH = 25


def routing(
    model: Path,
    manifest: Path,
    output: Path,
    audio: Path | None = None,
    video: Path | None = None,
    threads: int = 1,
    condition: str = "clean",
) -> None:
    """Write ``output`` (CSV, columns as in ``COLUMNS``) for all scales of a trained model.

    Args:
        model: folder of a trained MoME model.
        manifest: manifest of the split to read.
        output: the table.
        audio: ``index.json`` of the split's audio features.
        video: ``index.json`` of its video features.
        threads: CPU threads.
        condition: that of the features; what it takes away is left out.
    """
    torch.set_num_threads(threads)
    folder = read_model_folder(model)
    if folder.settings.mome is None:
        raise InputError(
            f"{model} is a model of method {folder.settings.method}, which has no experts; give a "
            "MoME one"
        )
    source = read_split(folder, manifest, audio, video, absent(condition))
    write_csv(output, routing_table(load_trained(folder, best_device()), source))


@torch.no_grad()
def routing_table(network: MatryoshkaModel, source: UtteranceSource) -> pd.DataFrame:
    """The table of :func:`routing`, for a loaded MoME model and a split."""
    assert isinstance(network.adapter, Mome)
    frames = source.frames()
    keys = sorted(source, key=lambda key: (frames[key], key))
    batches = [keys[i : i + BATCH] for i in range(0, len(keys), BATCH)]
    with network.adapter.record_routing() as uses:
        for batch in progress(batches, len(batches), "batches"):
            utterances = [source[key] for key in batch]
            for scale in network.settings.scales:
                network.loss(utterances, scale)
    rows = [
        (layer, scale.name, kind, expert, int(choices), choices / float(counts.sum()))
        for (layer, scale, kind), counts in sorted(
            uses.items(), key=lambda use: (use[0][0], use[0][1], KINDS.index(use[0][2]))
        )
        for expert, choices in enumerate(counts.tolist())
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


if __name__ == "__main__":
    run_command(routing)
