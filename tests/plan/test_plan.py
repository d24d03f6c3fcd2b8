import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import yaml
from transformers import LlamaConfig

from mavsr.config.read import DEFAULT, merged, parse_config, plain, read_config
from mavsr.errors import InputError
from mavsr.plan import plan as plan_module
from mavsr.plan.plan import disk_lines, plan, plan_table
from mavsr.plan.rates import read_rates
from mavsr.plan.stages import stage_rows
from mavsr.plan.work import Work
from mavsr.workflow.experiments import all_evaluations, all_models, validations

CONFIGS = DEFAULT.parent / "workflow" / "configs"
RECORDED = Path(__file__).parents[1] / "data" / "embedded_run.csv"
"""What the embedded default left and took (docs/log.md): jobs as the plan counts them, though each
view had one of its own then; time by Snakemake's benchmarks, which look every 30 s and so miss the
end of a job."""

RAN_THEN = [
    *("table1", "table2", "table3", "table5", "figure3", "figure4", "figure5", "figure6"),
    *("noise_check", "noise", "mome_main", "mome_noise", "mome_asr", "mome_vsr"),
    *("mome_ablation", "mome_parameters", "mome_experts"),
]
"""Experiments of that run. Its `tradeoff` is left out: it decoded no validation split yet, and its
models and test scores are of others. Later ones test under conditions that it did not cache."""


@pytest.fixture(scope="module")
def paper():
    return read_config([CONFIGS / "paper.yaml"])


def table_of(config, results, gpu=True, rates=None):
    return plan_table(stage_rows(Work(config, read_rates(rates), results), gpu)).set_index("stage")


def test_the_papers_grid_has_a_price_without_data_or_weights(paper, tmp_path, monkeypatch):
    monkeypatch.setattr(Work, "encoders", Sizes())
    table = table_of(paper, tmp_path)
    assert table.jobs["training"] == len(all_models(paper))
    assert table.jobs["evaluation"] == len(all_evaluations(paper)) + len(validations(paper))
    assert table.done["all"] == 0
    assert (table.loc[["features", "training", "evaluation"], "GPU hours"] > 0).all()
    assert (table.loc[["corpus", "mouths", "noise"], "CPU hours"] > 0).all()
    # 658 hours at 25 frames, and 10 views of tokens of width 1024 and 768 or 1024 in two bytes.
    assert 500 < table["disk GB"]["mouths"] < 600
    assert 4000 < table["disk GB"]["features"] < 7000
    assert table["disk GB"]["all"] == pytest.approx(table["disk GB"].iloc[:-2].sum())


class Sizes(dict):
    """Sizes of the published encoders, without reading a checkpoint."""

    def __missing__(self, name):
        from mavsr.report.encoder_sizes import EncoderSize

        modality = "video" if "avhubert" in name else "audio"
        return EncoderSize(modality, 1024, None, 6e8, 1e3, "a test")


def test_what_is_there_counts_as_done(tmp_path):
    config = read_config([CONFIGS / "smoke.yaml"])
    name = next(iter(all_models(config)))
    run = tmp_path / "training" / name / "run.json"
    run.parent.mkdir(parents=True)
    run.touch()
    table = table_of(config, tmp_path, gpu=False)
    assert (table.done["training"], table.done["all"]) == (1, 1)
    assert table["GPU hours"]["all"] == 0


def test_own_rates_replace_those_of_the_package(tmp_path):
    config = read_config([CONFIGS / "smoke.yaml"])
    mine = tmp_path / "mine.yaml"
    mine.write_text(yaml.safe_dump({"crop_bytes": 2 * read_rates().crop_bytes}))
    before, after = (table_of(config, tmp_path, False, path)["disk GB"] for path in (None, mine))
    assert after["mouths"] == pytest.approx(2 * before["mouths"])
    assert after["features"] == before["features"]


def changed(config, change):
    return parse_config(merged(plain(config), change))


def grown(results, *change, stage):
    """Bytes and hours of a stage of the smoke config, and under a change of it."""
    places = [(), change]
    tables = []
    for keys in places:
        config = read_config([CONFIGS / "smoke.yaml"])
        for path, value in keys:
            section, key = path.split(".")
            config = changed(config, {section: {key: value}})
        tables.append(table_of(config, results, gpu=False).loc[stage])
    return tables


def test_pooled_sound_takes_its_share_of_the_disk(tmp_path):
    full, pooled = grown(tmp_path, ("features.store", "pooled"), stage="features")
    # 50 tokens a second for sound, of which 4 are stored as one, and 25 for pictures, 128 wide.
    assert pooled["disk GB"] < (50 / 4 + 25) / (50 + 25) * 1.15 * full["disk GB"]
    assert pooled["CPU hours"] == full["CPU hours"]


def test_training_that_encodes_by_itself_takes_longer(tmp_path):
    cached, online = grown(tmp_path, ("features.mode", "online"), stage="training")
    assert online["CPU hours"] > 1.2 * cached["CPU hours"]
    cached, online = grown(tmp_path, ("features.mode", "online"), stage="features")
    assert online["CPU hours"] < cached["CPU hours"]


def test_tables_of_an_llm_in_four_bits_take_what_they_took(tmp_path):
    content = plain(read_config([]))

    def gigabytes(vocabulary, **llm):
        change = {"llms": {"toy-llama": llm}, "toy": {"llama": {"vocabulary": vocabulary}}}
        table = table_of(parse_config(merged(content, change)), tmp_path)
        return table["memory GB"]["training"]

    toy = parse_config(content).toy.llama
    tables = 1.25 * 4 * 2 * toy.hidden / 1e9  # of a token
    for options in ({}, {"quantization": "nf4"}):
        more = gigabytes(10_512, **options) - gigabytes(512, **options)
        assert more == pytest.approx(10_000 * tables)
    saved = gigabytes(512) - gigabytes(512, quantization="nf4")
    assert saved == pytest.approx(1.25 * 3.48 * (4 + 9) * toy.layers * toy.hidden**2 / 1e9)


def test_epochs_of_a_task_count(tmp_path):
    change = ("training.per_task", {"avsr": {"epochs": 400}})
    before, after = grown(tmp_path, change, stage="training")
    assert after["CPU hours"] > 10 * before["CPU hours"]


def test_learned_queries_are_among_what_is_trained(tmp_path):
    def trained(**setup):
        config = changed(read_config([CONFIGS / "smoke.yaml"]), {"setup": setup})
        work = Work(config, read_rates(), tmp_path)
        (model,) = [
            m for m in all_models(config).values() if ".avsr." in m.name and "-ms." in m.name
        ]
        return work, work.trained(model)

    work, pooled = trained()
    _, resampled = trained(compression="resampler")
    dims = [work.encoders[name].dim for name in ("toy-whisper", "toy-avhubert")]
    assert resampled - pooled == sum(work.config.resampler.parameters(dim) for dim in dims)


def test_what_is_decoded_of_validation_is_counted(tmp_path):
    smoke = read_config([CONFIGS / "smoke.yaml"])
    chosen = {"experiments": {"tradeoff": [{"methods": ["llama-avsr", "mtsk-ms"]}]}}
    more = changed(smoke, {**chosen, "use_experiments": [*smoke.use_experiments, "tradeoff"]})
    before, after = (
        table_of(config, tmp_path, False).loc["evaluation"] for config in (smoke, more)
    )
    # The experiment's models are Table 1's; of them MS is decoded at both of its scales.
    assert after.jobs == before.jobs + 2
    assert after["CPU hours"] > before["CPU hours"]


def test_a_fine_tuned_llama_is_looked_up_where_it_lies(tmp_path):
    folder = tmp_path / "llama-3-mine"
    LlamaConfig(num_hidden_layers=3, hidden_size=64, num_attention_heads=4).save_pretrained(folder)
    config = read_config([CONFIGS / "smoke.yaml"])
    config = changed(config, {"llms": {"toy-llama": {"path": str(folder)}}})
    work = Work(config, read_rates(), tmp_path)
    assert work.llms["toy-llama"].layers == 3


@pytest.mark.parametrize(
    "text",
    [
        *("crop_byte: 1", "crop_bytes: 0", "start_s: {cpu: fast}"),
        *("start_s: 3", "crop_bytes: {cpu: 3}", "[crop_bytes]"),
    ],
)
def test_a_wrong_rate_is_named(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=re.findall("[a-z_]+", text)[0]):
        read_rates(path)


def test_rates_that_are_no_text_are_named(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_bytes(b"crop_bytes: \xff\n")
    with pytest.raises(InputError, match=r"rates .*mine.yaml cannot be read"):
        read_rates(path)


def test_the_command_names_its_assumptions(tmp_path, capsys):
    plan([CONFIGS / "smoke.yaml"], tmp_path)
    said = capsys.readouterr().out
    assert "portrait: train" in said
    assert "rates.yaml" in said
    assert "a CPU computes 2.5e+10 FLOP/s in encoders and training, 3.5e+10 in decoding" in said


def test_an_imported_model_that_is_not_there_is_told(tmp_path, capsys):
    model = {
        **{"label": "A", "task": "avsr", "llm": "toy-llama"},
        **{"audio_encoder": "toy-whisper", "video_encoder": "toy-avhubert"},
    }
    change = {"imported": {"rel": model}, "experiments": {"table1": [{"imported": ["rel"]}]}}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(change | {"use_experiments": ["table1"]}))
    results = tmp_path / "results"
    plan([tmp_path / "mine.yaml"], results)
    folder = results / "training" / "rel"
    assert f"imported.rel: {folder / 'run.json'} does not exist; imp" in capsys.readouterr().out
    (folder / "adapters").mkdir(parents=True)
    for name in ("run.json", "projectors.safetensors"):
        (folder / name).touch()
    plan([tmp_path / "mine.yaml"], results)
    assert "does not exist" not in capsys.readouterr().out


def test_disk_space_comes_first_with_the_keys_that_lessen_it(tmp_path, capsys):
    plan([CONFIGS / "paper.yaml"], tmp_path)
    lines = capsys.readouterr().out.splitlines()
    whole = float(lines[0].removeprefix("Disk space: ").split(" GB")[0].replace(",", ""))
    assert 1000 < whole < 10_000
    assert lines[1].startswith("Features take ")
    less = [float(line.split(" takes ")[1].split(" GB")[0].replace(",", "")) for line in lines[2:4]]
    assert lines[2].startswith("- features.views: 1 takes")
    assert lines[3].startswith("- features.mode: online takes")
    assert whole > less[0] > less[1] > 0


def test_pooling_is_named_where_nothing_is_stacked(tmp_path):
    config = read_config([CONFIGS / "paper.yaml"])
    config = replace(config, use_experiments=("table1",))
    table = table_of(config, tmp_path, gpu=True).reset_index()
    lines = list(disk_lines(config, table, tmp_path))
    assert any(line.startswith("- features.store: pooled takes") for line in lines)


@pytest.mark.parametrize(
    ("gpu", "sbatch", "config", "hours"),
    [
        (False, None, "pretrained.yaml", "CPU"),
        (True, None, "pretrained.yaml", "GPU"),
        (False, "/usr/bin/sbatch", "pretrained.yaml", "GPU"),
        (True, None, "smoke.yaml", "CPU"),
    ],
)
def test_hours_are_of_what_there_is(tmp_path, capsys, monkeypatch, gpu, sbatch, config, hours):
    monkeypatch.setattr(plan_module, "has_gpu", lambda: gpu)
    monkeypatch.setattr(plan_module.shutil, "which", lambda name: sbatch)
    plan([CONFIGS / config], tmp_path)
    said = capsys.readouterr().out
    rows = said.splitlines()
    head = next(row for row in rows if row.split()[:1] == ["stage"])
    (training,) = (row.split() for row in rows if row.split()[:1] == ["training"])
    spent = dict(zip(head.replace(" hours", "").split(), training, strict=False))
    assert float(spent[hours]) > 0 == float(spent["GPU" if hours == "CPU" else "CPU"])
    assert ("--device gpu for one" in said) == (not gpu and sbatch is None)


def test_the_embedded_run_took_what_its_plan_said(tmp_path):
    config = read_config([])
    table = table_of(changed(config, {"use_experiments": RAN_THEN}), tmp_path, gpu=False)
    recorded = pd.read_csv(RECORDED, index_col="stage")
    planned = table.loc[recorded.index]
    # The config may have gained a model since.
    took = recorded.mul(planned.jobs / recorded.jobs, axis=0)
    assert table["disk GB"]["all"] * 1e9 == pytest.approx(took.bytes.sum(), rel=0.1)
    assert (planned["disk GB"] * 1e9 / took.bytes).between(0.9, 1.1).all()
    assert 0.5 < 3600 * table["CPU hours"]["all"] / took.processor_s.sum() < 2
    assert (3600 * planned["CPU hours"] / took.processor_s).between(0.5, 2.5).all()


def test_so_did_the_smoke_run(smoke_run):
    results = smoke_run.folder / "results"
    config = read_config([CONFIGS / "smoke.yaml"])
    for planned in (table_of(config, place, False) for place in (results, results / "nowhere")):
        stages = planned.index.drop(["all", "left"])
        files = [path for s in stages for path in (results / s).rglob("*") if path.is_file()]
        written = sum(path.stat().st_size for path in files)
        assert planned["disk GB"]["all"] * 1e9 == pytest.approx(written, rel=0.1)
    assert table_of(config, results, False).loc["left", ["jobs", "disk GB"]].eq(0).all()
