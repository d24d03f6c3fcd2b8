"""The pretrained config from its corpus to its table, as small as can be: about four minutes."""

import json
import math
import re
import subprocess
import sys

import pandas as pd
import pytest
import yaml
from project import Project
from real import folder

CONFIG = "workflow/configs/pretrained.yaml"
METHODS = ["llama-avsr", "mtsk-ms", "mtsk-ss", "mtsk-mss", "mome-mhsa"]
SMOLLM_TOKENS = 49_152
SMALL = {
    "setup": {"corpus": "books"},  # on which Whisper's own error rate is a yardstick
    "corpora": {
        "books": {
            "shards": {"train": 1, "val": 1, "test": 1},
            "validation_share": 0.2,
            "make": {
                **{"trainval_speakers": 6, "test_speakers": 2},
                **{"trainval_clips": 24, "test_clips": 6},
            },
        }
    },
    "experiments": {
        "pretrained": [{"methods": METHODS, "task": "asr", "rates": {"audio": [4, 16]}}]
    },
    "training": {"epochs": 1, "validation_utterances": 2},
    "decoding": {"beams": 2},
}


@pytest.fixture(scope="module")
def project(models, tmp_path_factory) -> Project:
    """A run of the config, over local copies of the hub's models."""
    for name in ("whisper-base", "smollm2-135m"):
        folder(models, name)
    found = Project(tmp_path_factory.mktemp("pretrained") / "project")
    change = yaml.safe_dump({**SMALL, "local_models": str(models)})
    (found.folder / "small.yaml").write_text(change)
    result = found.run("--configfile", CONFIG, "small.yaml", "--", "results/pretrained.csv")
    assert result.returncode == 0, result.stdout[-5000:]
    return found


def test_every_method_has_a_row_and_every_rate_a_column(project):
    table = pd.read_csv(project.folder / "results" / "pretrained.csv")
    assert list(table.columns) == ["corpus", "method", "4", "16"]
    assert len(table) == len(METHODS)
    assert table[["4", "16"]].gt(0).all(axis=None)
    scores = pd.read_csv(project.folder / "results" / "pretrained_long.csv")
    assert set(scores.llm) == {"smollm2-135m"} and set(scores.encoders) == {"whisper-base"}
    assert (scores.cut == 0).all()


def test_models_are_of_the_real_weights(project, models):
    runs = list((project.folder / "results" / "training").glob("*/run.json"))
    assert len(runs) == 6
    for path in runs:
        run = json.loads(path.read_text())
        assert run["model"]["llm"] == str(models / "smollm2-135m")
        assert run["dims"] == {"audio": 512}
        rows = pd.read_csv(path.with_name("metrics.csv"))
        first, last = rows.loss[0], rows.loss[rows.split == "val"]
        # An LLM that knows English soon comes far below a guess among all its tokens.
        assert (last < 0.6 * math.log(SMOLLM_TOKENS)).all() and (last < 0.8 * first).all()


def test_whispers_own_error_rate_is_told_beside_it(project):
    found = subprocess.run(
        [sys.executable, "-m", "mavsr", "yardstick", "--configfile", CONFIG, "small.yaml"],
        cwd=project.folder,
        env=project.environment,
        capture_output=True,
        text=True,
    )
    assert found.returncode == 0, found.stderr
    told = re.fullmatch(
        r"whisper-base on books, clean: WER ([\d.]+) % \(.* to .*\), \d+ words\n", found.stdout
    )
    assert told and float(told[1]) < 60
