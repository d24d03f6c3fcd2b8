"""The profile for a machine with one GPU names every rule whose command may use it."""

import re

import pytest
import yaml
from project import ROOT, Project

PROFILE = "workflow/profiles/gpu"


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path / "project")


def test_it_names_every_rule_whose_module_asks_for_a_gpu():
    given = yaml.safe_load((ROOT / PROFILE / "config.yaml").read_text())["set-resources"]
    text = "\n".join(path.read_text() for path in (ROOT / "workflow" / "rules").glob("*.smk"))
    found = set()
    for rule in re.split(r"\n(?=rule )", text):
        if module := re.search(r'code=code\("(.+)"\)', rule):
            source = (ROOT / "src" / "mavsr" / f"{module[1].replace('.', '/')}.py").read_text()
            if "cuda" in source:
                found.add(re.match(r"rule (\w+):", rule)[1])
    assert found == set(given)


def test_snakemake_takes_it(project):
    target = "results/features/whisper-standin/portrait/val/clean/00000.tar"
    result = project.run("--workflow-profile", PROFILE, "--dry-run", target)
    assert result.returncode == 0, result.stdout
    job = result.stdout[result.stdout.index("rule extract_features:") :]
    assert re.search(r"resources: .*\bgpu=1\b", job)
