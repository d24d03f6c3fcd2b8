"""What results are of, in a sentence: real models on a corpus, or toys on a made one."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Origins:
    """What of the names in a table of scores stands for something that the workflow makes."""

    toys: list[str]
    """Encoders and LLMs."""
    made: list[str]
    """Corpora."""


def measured(scores: pd.DataFrame, origins: Origins, commits: Sequence[str]) -> str:
    """The sentence that stands in bold above results.

    Args:
        scores: rows of ``wer.csv``.
        origins: which names are of toys.
        commits: of this project that decoded, each once.
    """
    encoders = sorted({name for names in scores.encoders for name in names.split("+")})
    llms, corpora = sorted(scores.llm.unique()), sorted(scores.corpus.unique())
    toys = [name for name in (*encoders, *llms) if name in origins.toys]
    made = [name for name in corpora if name in origins.made]
    if len(toys) == len(encoders) + len(llms) and len(made) == len(corpora):
        return (
            "Toy models on a made corpus: these error rates show that the workflow works, and say "
            f"nothing of the papers' models. {_facts(scores, commits)}"
        )
    parts = [
        f"{', '.join(llms)} over {', '.join(encoders)} on {', '.join(corpora)}.",
        f"Toy models among them: {', '.join(toys)}." if toys else "",
        f"Made corpora among them: {', '.join(made)}." if made else "",
        _facts(scores, commits),
    ]
    return " ".join(filter(None, parts))


def _facts(scores: pd.DataFrame, commits: Sequence[str]) -> str:
    """Splits, utterances, seeds and commit."""
    counts = scores.groupby(["corpus", "split"]).utterances.max()
    clips = "; ".join(
        f"{corpus} {split}: {n:,} utterances" for (corpus, split), n in counts.items()
    )
    seeds = sorted(int(seed) for seed in scores.seed.unique())
    word = "seed" if len(seeds) == 1 else "seeds"
    return f"{clips}; {word} {', '.join(map(str, seeds))}; commit {', '.join(commits)}."
