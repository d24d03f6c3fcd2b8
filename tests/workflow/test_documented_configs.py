"""The configs that docs/data.md shows are valid, and ask for what it says."""

import re
from pathlib import Path

import pytest
import yaml
from snakemake.utils import update_config

from mavsr.config.read import parse_config

ROOT = Path(__file__).parents[2]


def documented_configs():
    page = (ROOT / "docs" / "data.md").read_text()
    return [part.split("```")[0] for part in page.split("```yaml")[1:]]


@pytest.mark.parametrize("written", documented_configs(), ids=lambda text: text.split()[1])
def test_documented_configs_are_valid(written):
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    for block in [*builds_on(written), written]:
        update_config(config, yaml.safe_load(block))
    parse_config(config)


def builds_on(written):
    """The blocks of the files over which a block's second line says that it is given."""
    over = re.match(r"\n# \S+\n# over (.+)\n", written)
    files = over[1].split(" and ") if over else []
    found = {file: [b for b in documented_configs() if b.split()[1] == file] for file in files}
    assert all(found.values())
    return [block for blocks in found.values() for block in blocks]


def test_the_documented_config_for_lrs3_asks_for_its_jobs(project):
    (written,) = (block for block in documented_configs() if "kind: lrs3" in block)
    fewer = written.replace("train: 64", "train: 16")  # jobs take a while to plan
    assert fewer != written
    (project.folder / "my.yaml").write_text(fewer)
    jobs = project.plan("--configfile", "my.yaml", "--", "results/table1.csv")
    assert jobs["train_model"] == 4 + 4 + 1  # one per pair of rates; MS, SS, MSS, MoME; Omni-AVSR
    assert jobs["crop_mouths"] == 16 + 1 + 1
    assert jobs["import_babble"] == 1
    assert not {"make_portrait", "make_whisper", "make_llama", "make_babble"} & set(jobs)
