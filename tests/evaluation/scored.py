"""Hypothesis files of made-up systems, and their scores."""

from mavsr.evaluation.collect import read_scores
from mavsr.evaluation.score import ScoringSettings, score

MODEL = {"task": "asr", "compression": "avgpool", "seed": 0, "llm": "results/toy/l"}
REFERENCES = {f"clip{n:02}": f"red green blue {n}" for n in range(40)}


def scored(paths, tmp_path, name="one", **settings):
    output = tmp_path / f"{name}.csv"
    score(paths, tmp_path, output, ScoringSettings(**settings))
    return read_scores(output)
