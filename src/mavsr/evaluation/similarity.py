"""Command: how alike the tokens are that a clip gives at several rates (MoME, Figures 4 and 8).

Tokens are those that the LLM reads: compressed and projected, so that both modalities have one
width. No expert has acted on them.
"""

from itertools import combinations
from pathlib import Path

import pandas as pd
import torch
from torch.nn import functional as F

from mavsr.command import run_command
from mavsr.errors import InputError
from mavsr.evaluation.split import read_split
from mavsr.model.avsr import MatryoshkaModel, Utterance
from mavsr.model.folder import read_model_folder
from mavsr.model.loading import load_trained
from mavsr.model.scales import MODALITIES
from mavsr.noise.condition import absent
from mavsr.tables import write_csv

COLUMNS = {
    "key": "the clip",
    "one": "a sequence, by modality and rate, such as a4",
    "other": "another one",
    "token": "place in the one, from 0",
    "other_token": "place in the other, from 0",
    "similarity": "cosine of the angle between the two tokens",
}


def similarity(
    model: Path,
    manifest: Path,
    output: Path,
    audio: Path | None = None,
    video: Path | None = None,
    clip: str | None = None,
    threads: int = 1,
    condition: str = "clean",
) -> None:
    """Write ``output`` (CSV, columns as in ``COLUMNS``).

    Args:
        model: folder of a trained model.
        manifest: of the split.
        output: the table.
        audio: ``index.json`` of the split's audio features.
        video: ``index.json`` of its video features.
        clip: key of the clip; None takes the median one by length.
        threads: CPU threads.
        condition: that of the features; what it takes away is left out.

    Raises:
        InputError: the model is missing, is of other features, or the split lacks the clip.
    """
    torch.set_num_threads(threads)
    folder = read_model_folder(model)
    source = read_split(folder, manifest, audio, video, absent(condition))
    frames = source.frames()
    keys = sorted(source, key=lambda key: (frames[key], key))
    if clip is not None and clip not in keys:
        raise InputError(f"{manifest} has no clip {clip!r}, such as {keys[0]!r}; name another")
    key = clip or keys[len(keys) // 2]
    write_csv(output, similarities(load_trained(folder, "cpu"), source[key]))


@torch.no_grad()
def similarities(network: MatryoshkaModel, utterance: Utterance) -> pd.DataFrame:
    """The table of :func:`similarity`, for a loaded model and a clip: all pairs of sequences."""
    tokens = projected(network, utterance)
    found = []
    for one, other in combinations(tokens, 2):
        cosines = F.normalize(tokens[one], dim=-1) @ F.normalize(tokens[other], dim=-1).T
        for place, values in enumerate(cosines.tolist()):
            found += [
                (utterance.key, one, other, place, other_place, value)
                for other_place, value in enumerate(values)
            ]
    return pd.DataFrame(found, columns=list(COLUMNS))


@torch.no_grad()
def projected(network: MatryoshkaModel, utterance: Utterance) -> dict[str, torch.Tensor]:
    """``a4``, ``v2`` and so on -> what the LLM reads of a clip at that rate, (n, hidden).

    Of a clip that goes without a modality it reads the other one alone.
    """
    settings = network.settings
    return {
        f"{modality[0]}{rate}": network.marked([utterance], modality, rate)[0][1:-1].float()
        for modality in MODALITIES[settings.task]
        if modality != utterance.dropped
        for rate in settings.rates(modality)
    }


if __name__ == "__main__":
    run_command(similarity)
