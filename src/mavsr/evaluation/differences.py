"""Command: how much each system's WER differs from the baseline's, with a paired interval.

Two systems' intervals may overlap although they differ for certain, as both err on the same
sentences. The interval of their difference tells.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mavsr.command import run_command
from mavsr.config.scoring import ScoringSettings
from mavsr.errors import InputError
from mavsr.evaluation.baselines import SETUP, Baselines, shared_by, system_of
from mavsr.evaluation.hypotheses import read_hypotheses
from mavsr.evaluation.units import counting
from mavsr.evaluation.word_errors import BOOTSTRAP_SAMPLES, WordErrors, count_errors
from mavsr.seeds import generator
from mavsr.tables import write_csv

SAME = [*SETUP, "seed"]
"""What a system shares with its baseline."""
COLUMNS = {
    **dict.fromkeys((*SAME, "method", "variant", "model"), "as in wer.csv"),
    "baseline": "method that is compared with",
    "tokens": "LLM tokens per utterance, mean",
    "difference": "WER minus the baseline's, points",
    "low": "lower end of its 95 % interval (paired bootstrap over utterances), points",
    "high": "upper end, points",
}


def differences(hypotheses: list[Path], output: Path, scoring: ScoringSettings) -> None:
    """Write ``output`` (CSV, columns as in ``COLUMNS``): a row per system that has a baseline.

    Args:
        hypotheses: of an experiment.
        output: the table.
        scoring: how words are counted, the baseline, and the bootstrap's seed.

    Raises:
        InputError: hypotheses are missing or damaged, or of other utterances than the baseline's.
    """
    baseline, seed = scoring.baseline, scoring.seed
    systems: list[tuple[dict[str, Any], WordErrors]] = []
    for path in hypotheses:
        content = read_hypotheses(path)
        errors = count_errors(
            content.references, content.texts, counting(scoring, content.references.values())
        )
        known = {**system_of(content.sidecar), "tokens": content.sidecar["tokens"]}
        about = {name: known.get(name) for name in COLUMNS} | {"model": path.parent.parent.name}
        systems.append((about, errors))
    same = shared_by(pd.DataFrame([about for about, _ in systems], columns=list(COLUMNS)), SAME)
    bases = Baselines[WordErrors]()
    for (about, errors), shared in zip(systems, same, strict=True):
        if about["method"] == baseline:
            bases.add(shared, about["variant"], errors)
    rows = []
    for (about, errors), shared in zip(systems, same, strict=True):
        base = bases.of(shared, about["variant"])
        if about["method"] != baseline and base:
            value, low, high = difference(errors, base, seed)
            found = {"baseline": baseline, "difference": value, "low": low, "high": high}
            rows.append({**about, **found})
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    write_csv(output, table.astype(dict.fromkeys(("audio_rate", "video_rate"), "Int64")))


def difference(
    errors: WordErrors, baseline: WordErrors, seed: int = 0
) -> tuple[float, float, float]:
    """WER minus the baseline's in points, and its 95 % percentile interval.

    Both systems are resampled together, utterance by utterance (Bisani and Ney, ICASSP 2004).

    Raises:
        InputError: the systems transcribed different utterances.
    """
    order = {key: place for place, key in enumerate(baseline.keys)}
    if odd := set(errors.keys) ^ set(order):
        raise InputError(f"utterance {min(odd)} was not transcribed by both systems")
    theirs = baseline.errors[[order[key] for key in errors.keys]]
    more, words = errors.errors - theirs, errors.words
    draw = generator(seed, "bootstrap")
    picks = draw.integers(len(words), size=(BOOTSTRAP_SAMPLES, len(words)))
    spread = 100 * more[picks].sum(axis=1) / words[picks].sum(axis=1)
    low, high = np.percentile(spread, [2.5, 97.5])
    return float(100 * more.sum() / words.sum()), float(low), float(high)


if __name__ == "__main__":
    run_command(differences)
