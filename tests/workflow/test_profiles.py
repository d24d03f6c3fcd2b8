"""Profiles on dry runs: what is asked of a cluster, and how a wrong line of the site fails."""

import re
import shutil
from pathlib import Path

import pytest
import yaml
import yte
from project import ROOT, SMOKE

SLURM = ("--dry-run", "--workflow-profile", "workflow/profiles/slurm", *SMOKE)
SITE = "workflow/profiles/slurm/site.yaml"


def resources(said, rule):
    """Resources of the first job of a rule, as a dry run shows them."""
    found = re.search(rf"^ *rule {rule}:\n(?: .*\n)*? *resources: (.*)\n", said, re.M)[1]
    # Between resources, not inside the JSON of one: what follows is a name and a sign.
    return dict(part.split("=", 1) for part in re.split(r", (?=\w+=)", found))


def test_a_dry_run_shows_what_slurm_would_be_asked_for(project):
    result = project.run(*SLURM)
    assert result.returncode == 0, result.stdout
    trained = resources(result.stdout, "train_model")
    wanted = {"gpu": "1", "nodes": "1", "cpus_per_task": "4", "mem_mb": "64000", "runtime": "1440"}
    assert wanted.items() <= trained.items()
    assert trained["launch"] == "--gpus 1 --nodes 1 --cpus 4"
    assert trained["slurm_extra"] == "--signal=TERM@120"
    assert "gpu" not in resources(result.stdout, "crop_mouths")
    assert resources(result.stdout, "index_mouths")["mem_mb"] == "4000"


def test_a_wrong_line_of_the_site_stops_even_a_dry_run(project):
    lines = yaml.safe_load((project.folder / SITE).read_text())
    (project.folder / SITE).write_text(yaml.safe_dump(lines | {"sbatch": "--constraint=a100"}))
    result = project.run(*SLURM)
    assert result.returncode
    assert f"{SITE}: sbatch is '--constraint=a100'" in result.stdout
    assert "Traceback" not in result.stdout


def test_a_copy_of_the_profile_reads_its_own_files(project):
    """It read those of the original, whatever the copy's said."""
    theirs = project.folder / "sites" / "theirs"
    shutil.copytree(project.folder / "workflow/profiles/slurm", theirs)
    lines = yaml.safe_load((theirs / "site.yaml").read_text())
    lines |= {"account": "ann", "gpus": {"training": 0}, "cpus": 6}
    (theirs / "site.yaml").write_text(yaml.safe_dump(lines))
    (theirs / "needs.yaml").write_text("default: {minutes: 7, gb: 3}\n")
    cores = ("--cores", "8")  # of which Snakemake gives a job at most all
    result = project.run("--dry-run", "--workflow-profile", "sites/theirs", *cores, *SMOKE)
    assert result.returncode == 0, result.stdout
    trained = resources(result.stdout, "train_model")
    assert (trained["slurm_account"], trained["runtime"], trained["mem_mb"]) == ("ann", "7", "3000")
    assert "gpu" not in trained
    assert re.search(r"^ *rule train_model:\n(?: .*\n)*? *threads: 6\n", result.stdout, re.M)


@pytest.mark.parametrize(("devices", "limit"), [(["/dev/nvidia0"], {"gpu_jobs": 1}), ([], None)])
def test_jobs_on_the_gpu_of_one_machine_run_one_by_one(monkeypatch, devices, limit):
    monkeypatch.setattr(Path, "glob", lambda self, pattern: iter(map(Path, devices)))
    profile = (ROOT / "workflow/profiles/default/profile.yaml").read_text()
    assert yte.process_yaml(profile).get("resources") == limit


def test_each_rule_that_may_use_a_gpu_is_one_such_job(project):
    said = project.run("--dry-run", *SMOKE).stdout
    for rule in ("extract_features", "train_model", "decode", "record_routing"):
        assert resources(said, rule)["gpu_jobs"] == "1"
    assert resources(said, "crop_mouths")["gpu_jobs"] == "0"


def test_no_rule_whose_module_may_use_a_gpu_is_left_out():
    text = "\n".join(path.read_text() for path in (ROOT / "workflow" / "rules").glob("*.smk"))
    found = 0
    for rule in re.split(r"\n(?=rule )", text):
        rule = rule.replace("code(told.training_command)", 'code("training.train_online")')
        if module := re.search(r'code=code\("(.+)"\)', rule):
            source = (ROOT / "src" / "mavsr" / f"{module[1].replace('.', '/')}.py").read_text()
            if "cuda" in source or "best_device" in source:
                found += 1
                assert "gpu_jobs=" in rule, rule
    assert found >= 4
