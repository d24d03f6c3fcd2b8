"""The papers' config: what it asks for, without any data, and how a run says what is missing."""

import re

import pytest
from test_dag import expected_jobs, read_config

from mavsr.config.read import parse_config
from mavsr.workflow.experiments import all_models, evaluations

PAPER = "workflow/configs/paper.yaml"


@pytest.fixture
def config(project):
    return read_config(project, PAPER)


def test_the_papers_experiments_dry_run_without_data(project, config):
    jobs = project.plan("--configfile", PAPER)
    assert jobs == expected_jobs(config)
    assert sum(jobs.values()) < 20_000
    # Counted by hand: 64 + 32 training shards, ten views, three encoders; of tests 6 and 5 SNRs of
    # babble, 3 of speech, and 9 faults of the video.
    assert dict(jobs) == {
        "scan_corpus": 2,
        "crop_mouths": 64 + 32 + 4,
        "index_mouths": 6,
        "draw_mouths": 6,
        "summarise_mouths": 2,
        "import_babble": 1,
        "mix_noise": 6 + 5 + 3,
        "mix_views": 64 + 32,
        "extract_features": 3 * 4 + 6 + 5 + 3 + 9,
        "extract_views": 3 * (64 + 32),
        "index_features": 2 * 3 * (10 + 2) + 6 + 5 + 3 + 9,
        "train_model": jobs["train_model"],
        "record_routing": 2,
        "record_similarity": 1,
        "draw_figure": 17,
        "adapt_scales": 1,
        "judge_confidence": 1,
        "compare_systems": 1,
        "parameters": 1,
        "check_results": 1,
        "draw_losses": 1,
        "decode": jobs["decode"],
        "score_experiment": jobs["score_experiment"],
        "collect_scores": 1,
        # MS, SS, MSS and three of MoME, at four scales.
        "decode_validation": 6 * 4,
        "score_validation": 1,
        "cost_experiment": 1,
        "collect_costs": 1,
        "write_table": 15,
        "write_results": 1,
        "all": 1,
    }


def test_the_models_of_the_tables_and_figures(config):
    def models(experiment):
        return {e.model.name: e.model for e in evaluations(parse_config(config), experiment)}

    counts = {name: len(models(name)) for name in config["experiments"]}
    assert counts == {
        "table1": 2 * (4 + 3),
        "table2": 2 * (4 - 3 + 3),
        "table3": 2,
        "table5": 2 * (4 + 3),
        "figure3": 2 * (5 + 3),
        "figure4": 2 * (5 + 3),
        "figure5": 5 + 3,
        "figure6": 4 + 3,
        "compressions": 3,
        "noise_check": 2,
        "noise": 3,
        "robustness": 4,
        "tradeoff": 4 + 3 + 3,
        "mome_main": 2 * (2 * 4 + 3 + 3 + 1),
        "mome_large": 2 * (4 + 3 + 3),
        "mome_noise": 3,
        "mome_asr": 2 * (5 + 4),
        "mome_vsr": 2 * (5 + 4),
        "mome_ablation": 8 + 5,
        "mome_routers": 2 * 3,
        "mome_parameters": 1 + 3 + 3 + 2,
        "mome_experts": 1,
        "mome_experts_ffn": 1,
        "omni_main": 1,
    }
    assert set(models("table1")) < set(models("mome_main"))
    assert set(models("table5")) < set(models("mome_large"))
    assert len(all_models(parse_config(config))) == 131
    for name, model in models("table1").items():
        llm = {"lrs2": "llama-3.2-3b", "lrs3": "llama-3.2-1b"}[model.corpus]
        assert f"{model.corpus}.avsr.whisper-small+avhubert-large.{llm}." in name
        assert model.settings.lora_rank == {"lrs2": 96, "lrs3": 64}[model.corpus]
        assert (model.settings.projector_hidden, model.settings.projector_layer_norm) == (
            2048,
            True,
        )
    for model in models("figure4").values():
        assert model.settings.task == "vsr"
        assert model.llm == "llama-3.2-3b"


def test_vsr_has_its_own_learning_rate(project, config):
    models = {
        m.settings.task: name
        for name, m in all_models(parse_config(config)).items()
        if "-ms." in name
    }
    targets = [f"results/training/{name}/run.json" for name in models.values()]
    small = ["features={views: 1}", "corpora={lrs3: {shards: {train: 1, val: 1, test: 1}}}"]
    shown = project.run(
        "--dry-run", "--printshellcmds", "--configfile", PAPER, "--config", *small, "--", *targets
    )
    commands = [row for row in shown.stdout.splitlines() if "mavsr.training.train" in row]
    rates = {
        task: re.search(r'"learning_rate": ([0-9.e-]+)', command)[1]
        for task, name in models.items()
        for command in commands
        if f"results/training/{name}/run.json" in command
    }
    assert rates == {"asr": "0.001", "avsr": "0.001", "vsr": "0.0005"}
    assert not any("per_task" in command for command in commands)


def test_lrs2_alone_is_enough_for_its_half(project, config):
    config["use_corpora"] = ["lrs2"]
    assert all(model.corpus == "lrs2" for model in all_models(parse_config(config)).values())
    jobs = project.plan("--configfile", PAPER, "--config", "use_corpora=[lrs2]")
    assert jobs == expected_jobs(config)
    # Tables 1 and 5; MoME's Tables 1 and 6, Tables 3 and 4 (one model is Table 1's), and Table 7.
    assert (jobs["train_model"], jobs["scan_corpus"]) == (14 + 8 + 3 + 12 + 3, 1)
    # Tables 1, 2 and 5, five of MoME, and Table 4, which is arithmetic.
    assert (jobs["score_experiment"], jobs["write_table"], jobs["draw_figure"]) == (11, 9, 6)


def test_experts_are_as_wide_as_the_papers_counts_say(config):
    widths = {
        (m.llm, m.settings.mome.bottleneck)
        for m in all_models(parse_config(config)).values()
        if m.settings.mome and m.settings.mome.routed == 23 and m.settings.mome.bottleneck > 1
    }
    assert widths == {("llama-3.2-1b", 8), ("llama-3.2-3b", 12), ("llama-3.1-8b", 8)}


TREES = {
    "lrs3": [
        "data/lrs3/pretrain/<speaker>/<clip>.mp4 and .txt",
        "LRS2 alone is enough for the LRS2 half",
        "--config 'use_corpora=[lrs2]'",
    ],
    "lrs2": ["data/lrs2/mvlrs_v1/main/<broadcast>/<clip>.mp4 and .txt", "data/lrs2/test.txt"],
}


def test_a_run_without_data_says_at_once_what_it_expects_where(project):
    result = project.run("--configfile", PAPER)
    assert result.returncode == 1
    for corpus, lines in TREES.items():
        assert f"corpora.{corpus}: no corpus at data/{corpus}, which does not exist. Expected:" in (
            result.stdout
        )
        assert str(project.folder / "data" / corpus) in result.stdout
        assert all(line in result.stdout for line in lines)
    assert "noise.babble: data/noisex92/babble.wav is not a file" in result.stdout
    assert "encoders.avhubert-large.path: data/avhubert/large_vox_iter5.pt does" in result.stdout
    assert "docs/data.md" in result.stdout
    assert "Traceback" not in result.stdout
    assert not (project.folder / "results").exists()


def test_a_run_asks_for_nothing_that_its_target_does_not_need(project):
    target = "results/corpus/lrs3/train.parquet"
    for part in ("pretrain", "trainval", "test"):
        (project.folder / "data" / "lrs3" / part / "s1").mkdir(parents=True)
    result = project.run("--configfile", PAPER, "--", target)
    assert "this run needs" not in result.stdout
    assert "error: no corpus at data/lrs3, which lacks" not in result.stdout
    assert "no usable clip for the split 'train'" in result.stdout


OMNI = "workflow/configs/omni.yaml"


def test_the_table_of_omni_avsr_dry_runs_without_data(project):
    config = read_config(project, OMNI)
    jobs = project.plan("--configfile", OMNI)
    assert jobs == expected_jobs(config)
    # Of each corpus: Llama-AVSR, Llama-MTSK, Llama-MT, Omni-AVSR S, T and ST, and experts.
    assert jobs["train_model"] == 2 * (8 + 3 + 4 + 3 + 1)
    # Each method at eight scales.
    assert jobs["decode"] == 2 * 8 * (2 + 1 + 4)
    assert (jobs["write_table"], jobs["score_experiment"]) == (2, 1)
