"""Dry runs: which jobs a config asks for, and how a wrong config fails."""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml
from asking import read_config

from mavsr.config.read import parse_config
from mavsr.model.methods import method_of
from mavsr.noise.condition import cached_as
from mavsr.report.catalogue import FIGURES, PAPERS, TABLES
from mavsr.workflow.experiments import all_evaluations, all_models, evaluations, validations

ROOT = Path(__file__).parents[2]
SMOKE = "workflow/configs/smoke.yaml"


def test_every_option_of_a_default_run_has_a_value(project):
    """Quoting leaves an empty value away, and what follows would be taken for it."""
    shown = project.run("--dry-run", "--printshellcmds")
    rows = [row for row in shown.stdout.splitlines() if "python -m mavsr" in row]
    assert len(rows) > 300
    assert any(" --options= " in row for row in rows), "no --configfile chose the default"
    for row in rows:
        assert not re.search(r" --[a-z_.]+ +(--[a-z]|2>|$)", row), row


def expected_jobs(config):
    """Rule -> jobs from nothing, counted from what the models and evaluations read."""
    checked = parse_config(config)
    models, wanted = all_models(checked), all_evaluations(checked)
    caches = set()
    for model in models.values():
        for modality, encoder in model.encoders:
            views = [f"view_{n}" for n in range(config["features"]["views"])]
            caches |= {(modality, encoder, model.corpus, "train", view) for view in views}
            caches.add((modality, encoder, model.corpus, "val", "clean"))
    for e in wanted:
        for modality, encoder in e.model.encoders:
            condition = cached_as(e.condition, modality)
            caches.add((modality, encoder, e.model.corpus, "test", condition))
    asked = [name for name in config["experiments"] if evaluations(checked, name)]
    corpora = {model.corpus for model in models.values()}
    shards = {name: config["corpora"][name]["shards"] for name in corpora}
    sounds = {(c, s, x) for m, _, c, s, x in caches if m == "audio" and x != "clean"}
    in_views = {(encoder, c) for _, encoder, c, split, _ in caches if split == "train"}
    weights = {config["llms"][model.llm]["path"] for model in models.values()}
    weights |= {config["encoders"][e]["path"] for m in models.values() for _, e in m.encoders}
    sure = [
        e
        for e in (evaluations(checked, "tradeoff") if "tradeoff" in asked else [])
        if e.condition == "clean" and method_of(e.model.settings.method).models == "one"
    ]
    made = [path for path in weights if path.startswith("results/toy/")]
    counts = Counter(
        {
            "make_portrait": sum(config["corpora"][c]["kind"] == "portrait" for c in corpora),
            "scan_corpus": len(corpora),
            "crop_mouths": sum(sum(shards[corpus].values()) for corpus in corpora),
            "index_mouths": 3 * len(corpora),
            "draw_mouths": 3 * len(corpora),
            "summarise_mouths": len(corpora),
            "make_babble": 0 if config["noise"]["babble"] else len({c for c, _, _ in sounds}),
            "import_babble": bool(config["noise"]["babble"] and sounds),
            "mix_noise": sum(shards[c][split] for c, split, _ in sounds if split != "train"),
            "mix_views": sum(shards[c]["train"] for c in {c for c, s, _ in sounds if s == "train"}),
            "extract_features": sum(shards[c][s] for _, _, c, s, _ in caches if s != "train"),
            "extract_views": sum(shards[c]["train"] for _, c in in_views),
            "index_features": len(caches),
            "train_model": len(models),
            "decode": len(wanted),
            "score_experiment": len(asked),
            "collect_scores": 1,
            "decode_validation": len(validations(checked)),
            "score_validation": bool(sure),
            "cost_experiment": bool(sure),
            "collect_costs": 1,
            "write_table": sum(name is None or name in asked for name in TABLES.values()),
            "draw_figure": sum(name in asked for name in FIGURES.values()),
            "adapt_scales": bool(sure),
            "judge_confidence": bool(sure),
            "compare_systems": "tradeoff" in asked,
            "write_results": 1,
            "record_routing": sum(name in asked for name in ("mome_experts", "mome_experts_ffn")),
            "record_similarity": "mome_experts" in asked,
            "parameters": 1,
            "check_results": 1,
            "draw_losses": 1,
            "all": 1,
        }
        | {f"make_{Path(path).stem}": 1 for path in made}
    )
    return +counts


def test_the_default_config_asks_for_exactly_what_its_experiments_need(project):
    assert project.plan() == expected_jobs(read_config(project))


def test_so_does_the_smoke_config(project):
    assert project.plan("--configfile", SMOKE) == expected_jobs(read_config(project, SMOKE))


def test_other_rates_views_and_shards_change_the_counts_as_they_should(project):
    config = read_config(project)
    config["rates"] = {"audio": [2, 4, 8], "video": [1]}
    config["features"]["views"] = 3
    config["corpora"]["portrait"]["shards"] = {"train": 5, "val": 2, "test": 3}
    config["experiments"]["more"] = [{"methods": ["mtsk-ss"], "task": "vsr", "seed": 1}]
    (project.folder / "config.yaml").write_text(yaml.safe_dump(config))
    assert project.plan() == expected_jobs(config)


def test_a_rate_on_the_command_line_adds_models_and_evaluations(project):
    config = read_config(project)
    config["rates"]["audio"] = [4, 8, 16]
    assert project.plan("--config", "rates={audio: [4, 8, 16]}") == expected_jobs(config)


def test_one_target_needs_its_own_chain_alone(project):
    config = read_config(project)
    asr = next(e for e in all_evaluations(parse_config(config)) if e.model.settings.task == "asr")
    jobs = project.plan(f"results/evaluation/{asr.path}.jsonl")
    assert (jobs["train_model"], jobs["decode"], jobs["make_avhubert"]) == (1, 1, 0)
    assert jobs["collect_scores"] == 0
    jobs = project.plan("results/corpus/portrait/train.parquet")
    assert jobs == Counter({"make_portrait": 1, "scan_corpus": 1})


def test_what_stands_in_the_papers_is_a_target_of_its_own(project):
    shown = project.run("--dry-run", "--", "paper").stdout
    wanted = {row.strip() for row in shown.splitlines() if row.startswith("    output: results/")}
    made = {name for row in wanted for name in TABLES | FIGURES if f"results/{name}." in row}
    assert made == set(PAPERS)
    assert made == set(TABLES | FIGURES) - {
        "compressions",
        "noise_check",
        "elastic",
        "adaptive",
        "pretrained",
        "figures/confidence",
        "figures/noise",
        "figures/robustness",
        "figures/tokens",
        "figures/tradeoff",
    }


def test_experts_are_those_of_the_first_model_that_has_some(project):
    config = read_config(project)
    config["experiments"]["mome_experts"] = [{"methods": ["mtsk-ms"]}, {"methods": ["mome-ffn"]}]
    (project.folder / "config.yaml").write_text(yaml.safe_dump(config))
    shown = project.run("--dry-run", "--", "results/mome/experts.pdf").stdout
    assert re.search(r"output: results/evaluation/\S+\.mome-ffn\.\S+/routing\.csv", shown)
    config["experiments"]["mome_experts"] = [{"methods": ["mtsk-ms"]}]
    (project.folder / "config.yaml").write_text(yaml.safe_dump(config))
    shown = project.run("--dry-run", "--", "results/mome/experts.pdf").stdout
    assert "MoME model of experiments.mome_experts, which has none; add a method" in shown


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("ratess=1", "unknown key 'ratess' at the top level; did you mean 'rates'?"),
        ("rates={audio: [0], video: [2]}", "rates.audio.0 is 0: give at least 1"),
        ("rates={audio: [16, 4]}", "rates.audio is [16, 4]: list each rate once, ascending"),
        ("training={epoch: 3}", "unknown key 'epoch' at training; did you mean 'epochs'?"),
        ("setup={corpus: lrs9}", "setup.corpus is 'lrs9', which is not under `corpora`"),
        (
            "experiments={table1: [{methods: [mome-ffn], mome: {balance: 0.1234561}}, "
            "{methods: [mome-ffn], mome: {balance: 0.1234562}}]}",
            "two models that differ are both called portrait.",
        ),
        ("mome={scale_weights: 1.5}", "mome.scale_weights is '1.5': give a weight to each scale"),
        ("results_dir=disk", "make `results` a link before the first run: ln -s"),
        ("standins={}", "standins is called `toy` now"),
        ("scoring={baseline: lama-avsr}", "method 'lama-avsr' is unknown; did"),
    ],
)
def test_a_wrong_config_fails_with_its_message(project, given, message):
    result = project.run("--dry-run", "--config", given)
    assert result.returncode == 1
    assert message in result.stdout
    assert "Traceback" not in result.stdout
    assert len(result.stdout.splitlines()) < 10


def test_results_on_another_disk_are_a_link(project, tmp_path):
    disk = tmp_path / "big disk"
    disk.mkdir()
    (project.folder / "results").symlink_to(disk)
    made = "results/noise/portrait/babble.flac"
    config = ("--configfile", "workflow/configs/smoke.yaml", "--", made)
    result = project.run(*config)
    assert result.returncode == 0, result.stdout
    assert (disk / made.removeprefix("results/")).is_file()
    assert not project.plan(*config)


def test_the_default_profile_is_found(project):
    assert "Using workflow specific profile" in project.run("--dry-run").stdout


def test_planning_needs_no_network_library():
    files = [*(ROOT / "workflow").glob("*/*.smk"), ROOT / "Snakefile"]
    lines = {
        line
        for path in files
        for line in re.findall(
            r"^(?:from mavsr\S* import|import mavsr)\b.*", path.read_text(), re.M
        )
    }
    modules = sorted({line.split()[1] for line in lines})
    assert "mavsr.workflow.start" in modules
    # Every job on a cluster starts Snakemake twice, so seconds of imports there are hours in all.
    script = (
        f"import sys, {', '.join(modules)}; print({{'torch', 'transformers'}} & set(sys.modules))"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert said.stdout == "set()\n", said.stderr
