"""What the documents tell people to write is what the papers' config says."""

from pathlib import Path

import yaml

from mavsr.config.read import plain, read_config

ROOT = Path(__file__).parents[2]
PLACES = {"corpora.lrs3.root", "noise.babble", "encoders.avhubert-large.path"}
"""Where a reader's own files lie."""


def values(part, prefix=""):
    for key, value in part.items():
        if isinstance(value, dict):
            yield from values(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def test_the_example_for_lrs3_trains_what_the_papers_config_trains(tmp_path):
    page = (ROOT / "docs" / "data.md").read_text()
    (text,) = (b.split("```")[0] for b in page.split("```yaml")[1:] if "kind: lrs3" in b)
    (tmp_path / "my.yaml").write_text(text)
    shown = dict(values(plain(read_config([tmp_path / "my.yaml"]))))
    paper = dict(values(plain(read_config([ROOT / "workflow" / "configs" / "paper.yaml"]))))
    named = ("experiments.", "corpora.", "encoders.", "llms.")
    mine = [key for key, _ in values(yaml.safe_load(text))]
    compared = {k for k in shown if not k.startswith(named)} | set(mine)
    assert {key for key in compared if shown[key] != paper.get(key, shown)} <= PLACES
