import pytest
import yaml

from mavsr.cluster.site import GPU_RULES, NEEDS_FILE, SITE_FILE, Site, read_site
from mavsr.errors import InputError
from mavsr.sources import PACKAGE

ROOT = PACKAGE.parents[1]


def evaluated(resources, attempt):
    """The values of expressions, as Snakemake finds them."""
    given = {"attempt": attempt}
    return {k: eval(v, given) if isinstance(v, str) else v for k, v in resources.items()}


@pytest.fixture
def needs(tmp_path):
    path = tmp_path / "needs.yaml"
    path.write_text(
        "default: {minutes: 5, gb: 4}\n"
        "train_model: {minutes: 1000, gb: 8}\n"
        "mix_noise: {minutes: 60, gb: 0.5}\n"
    )
    return path


def test_the_site_file_is_short_and_names_every_line():
    assert len((ROOT / SITE_FILE).read_text().splitlines()) <= 20
    site = read_site(ROOT / SITE_FILE)
    assert site == Site(
        partitions={"cpu": None, "gpu": None, "training": None},
        gpus={"features": 1, "training": 1, "decoding": 1},
    )
    assert all(f"`{key}`" in (ROOT / "docs" / "slurm.md").read_text() for key in vars(site))


def test_needs_name_rules_that_exist():
    rules = "\n".join(path.read_text() for path in (ROOT / "workflow" / "rules").glob("*.smk"))
    needs = yaml.safe_load((ROOT / NEEDS_FILE).read_text())
    assert set(GPU_RULES) <= set(needs)
    assert all(f"\nrule {name}:\n" in rules for name in set(needs) - {"default"})


def test_rules_without_a_row_get_the_default(needs, monkeypatch):
    monkeypatch.chdir(ROOT)
    row = evaluated(Site().resources(needs)["index_mouths"], 2)
    assert row == {"runtime": 10, "mem_mb": 8000}


def test_time_and_memory_grow_with_every_attempt_up_to_the_sites_limit(needs):
    first, second, third = (
        evaluated(Site(max_hours=48).resources(needs)["train_model"], attempt)
        for attempt in (1, 2, 3)
    )
    assert (first["runtime"], second["runtime"], third["runtime"]) == (1000, 2000, 48 * 60)
    assert (first["mem_mb"], second["mem_mb"], third["mem_mb"]) == (8000, 16000, 24000)
    assert evaluated(Site().resources(needs)["mix_noise"], 1) == {"runtime": 60, "mem_mb": 500}


def test_a_job_on_gpus_goes_to_their_partition(needs):
    site = Site(
        account="ann",
        partitions={"cpu": "short", "gpu": "v100", "training": "a100"},
        gpus={"training": 4, "features": 1},
        sbatch="--constraint='fast'",
    )
    row = evaluated(site.resources(needs)["train_model"], 1)
    assert (row["gpu"], row["slurm_partition"], row["launch"]) == (4, "a100", "--gpus 4 --nodes 1")
    assert evaluated(site.accelerated("extract_features"), 1)["slurm_partition"] == "v100"
    assert "gpu" not in site.accelerated("decode")
    assert evaluated(site.defaults(), 1) == {
        "runtime": 30,
        "slurm_account": "ann",
        "slurm_partition": "short",
        "slurm_extra": "--signal=TERM@120 --constraint='fast'",
    }


def test_several_nodes_are_one_task_each(needs):
    row = evaluated(Site(gpus={"training": 4}, training_nodes=2).resources(needs)["train_model"], 1)
    assert (row["nodes"], row["tasks"], row["mpi"]) == (2, 2, "srun")
    assert row["slurm_extra"].split() == ["--signal=TERM@120", "--gpus-per-node=4"]
    assert row["launch"] == "--gpus 4 --nodes 2"
    assert "gpu" not in row


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gpu: {training: 2}", "unknown key 'gpu' in the file"),
        ("gpus: {train: 2}", "unknown key 'train' in gpus"),
        ("gpus: {training: two}", "gpus.training is 'two'"),
        ("max_hours: 0", "max_hours is 0"),
        ("training_nodes: 2", "training_nodes is above 1"),
        ("- 1", "holds no `key: value`"),
    ],
)
def test_a_wrong_line_is_named(tmp_path, text, message):
    path = tmp_path / "site.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as raised:
        read_site(path)
    assert str(path) in str(raised.value)
