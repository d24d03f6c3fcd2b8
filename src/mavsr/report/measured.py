"""What results are of, in a sentence: real models on a corpus, or toys on a made one."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

TOYS = "results/toy/"
MADE = "portrait"
"""Kind of the corpora that the workflow makes itself."""


def measured(scores: pd.DataFrame, config: dict[str, Any], commits: Sequence[str]) -> str:
    """The sentence that stands in bold above results.

    Args:
        scores: rows of ``wer.csv``.
        config: the resolved config, as JSON knows it.
        commits: of this project that decoded, each once.
    """
    encoders = sorted({name for names in scores.encoders for name in names.split("+")})
    llms, corpora = sorted(scores.llm.unique()), sorted(scores.corpus.unique())
    toys = [name for name in encoders if _is_toy(config["encoders"], name)]
    toys += [name for name in llms if _is_toy(config["llms"], name)]
    made = [name for name in corpora if config["corpora"][name]["kind"] == MADE]
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


def _is_toy(section: dict[str, Any], name: str) -> bool:
    # Those that released models were imported with may have left the config since.
    return str(section.get(name, {}).get("path", "")).startswith(TOYS)
