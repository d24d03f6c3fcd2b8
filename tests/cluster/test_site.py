import re
from types import SimpleNamespace

import pytest
import yaml
from snakemake_executor_plugin_slurm.submit_string import get_submit_command
from snakemake_executor_plugin_slurm.utils import set_gres_string
from snakemake_executor_plugin_slurm.validation import validate_slurm_extra

from mavsr.cluster.needs import RULES, TABLE, read_needs
from mavsr.cluster.profile import SHIPPED
from mavsr.cluster.site import GPU_RULES, SITE, THREADED, Site, read_site
from mavsr.errors import InputError
from mavsr.workflow.code import PACKAGE

ROOT = PACKAGE.parents[1]


def evaluated(resources, attempt):
    """The values of expressions, as Snakemake finds them."""
    given = {"attempt": attempt}
    return {k: eval(v, given) if isinstance(v, str) else v for k, v in resources.items()}


class Resources(dict):
    """As the plugin reads them: ``resources.x`` and ``resources.get("x")``."""

    __getattr__ = dict.get


def sbatch(site, rule="train_model", **more):
    """The options with which Snakemake's plugin submits a job of a rule, as a set."""
    rows = site.defaults() | site.resources(ROOT / SHIPPED / TABLE)[rule] | more
    job = SimpleNamespace(resources=Resources(evaluated(rows, 1)), threads=1)
    validate_slurm_extra(job)
    names = ("run_uuid", "slurm_logfile", "comment_str", "account", "partition", "workdir")
    params = dict.fromkeys(names, "")
    return set((get_submit_command(job, params) + set_gres_string(job)).split())


@pytest.fixture(autouse=True)
def in_the_repository(monkeypatch):
    monkeypatch.chdir(ROOT)


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
    assert len((ROOT / SHIPPED / SITE).read_text().splitlines()) <= 21
    site = read_site(ROOT / SHIPPED / SITE)
    assert site == Site(
        partitions={"cpu": None, "gpu": None, "training": None},
        gpus={"mouths": 0, "features": 1, "training": 1, "decoding": 1},
    )
    assert set(vars(site)) == set(yaml.safe_load((ROOT / SHIPPED / SITE).read_text()))
    assert all(f"`{key}`" in (ROOT / "docs" / "slurm.md").read_text() for key in vars(site))


def test_every_rule_that_may_use_a_gpu_has_its_line():
    text = "".join(path.read_text() for path in (ROOT / RULES).glob("*.smk"))
    rules = re.split(r"^rule (\w+):", text, flags=re.M)[1:]
    using = {name for name, body in zip(rules[::2], rules[1::2], strict=True) if "gpu_jobs" in body}
    assert using == set(GPU_RULES) and len(using) > 4


def test_rules_with_gpus_have_rows_of_their_own():
    assert set(GPU_RULES) <= set(yaml.safe_load((ROOT / SHIPPED / TABLE).read_text()))
    assert set(read_needs()) >= set(GPU_RULES)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "default: {minutes: 5, gb: 4}\ntrain_modl: {minutes: 5, gb: 4}",
            "unknown key 'train_modl'",
        ),
        ("default: {minute: 5, gb: 4}", "unknown key 'minute' in default in "),
        ("default: {minutes: 5}", "gb of default in "),
        ("default: {minutes: long, gb: 4}", "is 'long', which must be a whole number from 1"),
        ("decode: {minutes: 5, gb: 4}", "has no row `default`"),
        ("decode: 5", "decode in "),
    ],
)
def test_a_wrong_row_of_the_needs_is_named(tmp_path, text, message):
    path = tmp_path / "needs.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as raised:
        read_needs(path)
    assert message in str(raised.value)
    assert str(path) in str(raised.value)


def test_rules_without_a_row_get_the_default(needs):
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
        qos="long",
        partitions={"cpu": "short", "gpu": "v100", "training": "a100"},
        gpus={"training": 4, "features": 1},
        scratch="/scratch/$USER",
        sbatch="--mail-type=FAIL",
    )
    row = evaluated(site.resources(needs)["train_model"], 1)
    assert (row["slurm_partition"], row["launch"]) == ("a100", "--gpus 4 --nodes 1 --cpus 16")
    assert evaluated(site.accelerated("extract_features"), 1)["slurm_partition"] == "v100"
    assert not site.accelerated("decode")
    assert evaluated(site.defaults(), 1) == {
        "runtime": 30,
        "slurm_account": "ann",
        "slurm_partition": "short",
        "qos": "long",
        "tmpdir": "/scratch/$USER",
        "slurm_extra": "--signal=TERM@120 --mail-type=FAIL",
    }


def test_gpus_of_a_job_are_on_one_node_and_have_cores():
    site = Site(gpus={"training": 4, "decoding": 1}, cpus_per_gpu=6)
    assert {"--nodes=1", "--gpus=4", "--cpus-per-task=24"} <= sbatch(site)
    assert {"--nodes=1", "--gpus=1", "--cpus-per-task=6"} <= sbatch(site, "decode")
    # So has what records the experts: the LLM of a MoME model reads the test split.
    assert "--gpus=1" in sbatch(site, "record_routing")
    for rule in ("extract_features", "index_features"):
        assert {"--ntasks=1", "--cpus-per-task=1"} <= sbatch(site, rule)
        assert not any("gpu" in option for option in sbatch(site, rule))


def test_jobs_without_a_gpu_have_the_cores_that_their_line_says():
    """A job over a real LLM got one core of a node."""
    site = Site(gpus={"training": 1, "decoding": 0}, cpus=8)
    decoding = {rule: 8 for rule in THREADED if GPU_RULES[rule] in ("decoding", "features")}
    assert site.threads() == decoding
    assert {"decode", "record_routing", "extract_features"} <= set(decoding)
    assert evaluated(site.accelerated("train_model"), 1)["launch"].endswith("--cpus 4")
    alone = Site(gpus={"training": 0}, cpus=8)
    assert evaluated(alone.accelerated("train_model"), 1)["launch"].endswith("--cpus 8")
    assert Site().threads() == {}


def test_what_gpus_must_be_is_asked_for_jobs_on_gpus_alone():
    site = Site(gpus={"training": 2}, gpu_model="a100", constraint="nvlink", qos="long")
    assert {"--gpus=a100:2", "nvlink", "--qos=long"} <= sbatch(site)
    other = sbatch(site, "crop_mouths")
    assert "--qos=long" in other
    assert not {"-C", "nvlink"} & other


def test_several_nodes_are_one_task_each():
    site = Site(gpus={"training": 4}, training_nodes=2, gpu_model="a100", sbatch="--exclusive")
    options = sbatch(site)
    assert {"--nodes=2", "--ntasks=2", "--cpus-per-task=16", "--gpus-per-node=a100:4"} <= options
    assert {"--signal=TERM@120", "--exclusive"} <= options
    assert not any(option.startswith("--gpus=") for option in options)
    row = evaluated(site.accelerated("train_model"), 1)
    assert (row["mpi"], row["launch"]) == ("srun", "--gpus 4 --nodes 2 --cpus 16")


def test_jobs_that_share_a_job_want_no_gpu():
    assert Site().group_sizes() == {"mouths": 8, "noise": 8}
    assert Site(gpus={"mouths": 1}).group_sizes() == {"mouths": 1, "noise": 8}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gpu: {training: 2}", "unknown key 'gpu' in the file"),
        ("gpus: {train: 2}", "unknown key 'train' in gpus"),
        ("gpus: {training: two}", "gpus.training is 'two'"),
        ("max_hours: 0", "max_hours is 0"),
        ("cpus: 0", "cpus is 0, which must be a whole number from 1"),
        ("training_nodes: 2", "training_nodes is above 1"),
        ("- 1", "the file is [1], which must be lines `key: value`"),
        ("gpus: 1", "gpus is 1, which must be lines `key: value` (decoding, features, "),
        ("gpus: {training: true}", "gpus.training is True"),
        ("gpus: null", "gpus is None"),
        ("partitions: gpu", "partitions is 'gpu', which must be lines"),
        ("partitions: {cpu: 7}", "partitions.cpu is 7, not text or null"),
        ("account: 1234", "account is 1234, not text or null; write account: '1234'"),
        ("gpu_model: a100-40gb", "gpu_model is 'a100-40gb'"),
        ("sbatch: --constraint=a100", "plugin sets the node constraints itself"),
        ("sbatch: --nice=5 -t 60", "plugin sets the runtime/time limit itself"),
    ],
)
def test_a_wrong_line_is_named(tmp_path, text, message):
    path = tmp_path / "site.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as raised:
        read_site(path)
    assert message in str(raised.value)
    assert str(path) in str(raised.value)
