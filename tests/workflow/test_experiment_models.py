from dataclasses import fields
from typing import get_args

import pytest
from asking import all_evaluations, all_models, evaluations

from mavsr.config.experiments import Compression, EntryTraining
from mavsr.config.read import parse_config
from mavsr.errors import InputError
from mavsr.model.compressions import COMPRESSIONS
from mavsr.model.named import TUNED
from mavsr.model.scales import Scale
from mavsr.workflow import experiments
from mavsr.workflow.asked import Asked


def test_how_a_model_is_trained_is_not_in_its_name(config):
    before = list(all_models(config))
    config["training"]["epochs"] = 99
    config["projector"]["hidden"] = 7
    assert list(all_models(config)) == before


def mome(config, **changes):
    config["experiments"] = {"one": [{"methods": ["mome-ffn"], **changes}]}
    (model,) = all_models(config).values()
    return model


def test_the_sizes_of_its_experts_are_in_a_models_name(config):
    config["mome"].update(routed=23, top_k=4, shared=1, bottleneck=12)
    prefix = "portrait.avsr.toy-whisper+toy-avhubert.toy-llama.mome-ffn"
    assert mome(config).name == f"{prefix}.r23k4s1b12.avgpool.a4-16.v2-5.s0"
    changed = mome(config, mome={"bottleneck": 1, "scale_weights": {"a4_v2": 1.5}})
    assert changed.name == f"{prefix}.r23k4s1b1-c_a4_v2x1.5.avgpool.a4-16.v2-5.s0"
    assert changed.settings.scale_weight(Scale(4, 2)) == 1.5
    assert changed.settings.scale_weight(Scale(16, 5)) == 1.0
    assert changed.settings.variant == "r23k4s1b1-c_a4_v2x1.5"


NEAR = [{"methods": ["mome-ffn"], "mome": {"balance": 0.123456 + n * 1e-7}} for n in (1, 2)]


def test_models_that_differ_have_names_of_their_own(config):
    """The workflow trained one of them, and decoded it as both."""
    config["experiments"] = {"one": NEAR}
    with pytest.raises(InputError, match="two models that differ are both called portrait"):
        _ = Asked(parse_config(config)).models
    with pytest.raises(InputError, match="two models that differ"):
        all_models(config)


def test_a_name_that_no_file_could_have_is_refused(config):
    rates = {"audio": [4, 8, 16, 32], "video": [2, 3, 4, 5]}
    scales = [f"a{a}_v{v}" for a in rates["audio"] for v in rates["video"]]
    with pytest.raises(InputError, match=r"a model would be called portrait.*shorten names of"):
        mome(config, rates=rates, mome={"scale_weights": dict.fromkeys(scales, 1.5)})
    assert mome(config, rates=rates, mome={"scale_weights": dict.fromkeys(scales[:8], 1.5)})


def test_experts_of_an_entry_concern_its_mome_models_alone(config):
    methods = ["mtsk-ms", "mome-mhsa"]
    config["experiments"] = {"one": [{"methods": methods}]}
    before = all_models(config)
    config["experiments"]["one"].append({"methods": methods, "mome": {"top_k": 2}})
    (new,) = set(all_models(config)) - set(before)
    assert ".mome-mhsa.r" in new


def test_experts_may_be_as_wide_as_their_llm_says(config):
    config["llms"]["toy-llama"]["mome_bottleneck"] = 8
    assert mome(config).settings.variant == "r23k4s1b8"
    assert mome(config, mome={"bottleneck": 1}).settings.variant == "r23k4s1b1"
    config["llms"]["toy-llama"]["mome_bottleneck"] = None
    assert mome(config).settings.variant == "r23k4s1b12"


def test_independent_experts_have_a_model_per_rate_pair(config):
    config["experiments"] = {"one": [{"methods": ["mome-mhsa-i", "mome-mhsa"]}]}
    *single, all_rates = evaluations(config, "one")[:5]
    found = {e.model.name.split(".mome-mhsa")[1]: e.scale.name for e in single}
    assert found == {
        "-i.r23k4s1b12.avgpool.a4.v2.s0": "a4_v2",
        "-i.r23k4s1b12.avgpool.a4.v5.s0": "a4_v5",
        "-i.r23k4s1b12.avgpool.a16.v2.s0": "a16_v2",
        "-i.r23k4s1b12.avgpool.a16.v5.s0": "a16_v5",
    }
    for e in single:
        assert [scale.name for scale in e.model.settings.scales] == [e.scale.name]
    assert len(all_rates.model.settings.scales) == 4


def test_an_entrys_training_gives_its_models_names_of_their_own(config):
    rate = {"learning_rate": 5e-5, "epochs": 3}
    config["training"]["per_task"] = {"avsr": {"learning_rate": 2e-3, "clip": 5.0}}
    config["experiments"] = {
        "one": [
            {"methods": ["mtsk-ms", "mome-ffn"]},
            {"methods": ["mtsk-ms", "mome-ffn"], "training": {**rate, "lora_rank": 7}},
        ]
    }
    checked = parse_config(config)
    before, experts, tuned, tuned_experts = experiments.all_models(checked).values()
    assert ".mtsk-ms.lr0.00005-epochs3-rank7.avgpool." in tuned.name
    assert tuned.variant == "lr0.00005-epochs3-rank7"
    assert (before.settings.lora_rank, tuned.settings.lora_rank) == (32, 7)
    # Experts have no rank.
    assert tuned_experts.variant == "r23k4s1b12-lr0.00005-epochs3"
    assert tuned_experts.settings == experts.settings
    trained = [experiments.training_settings(checked, m) for m in (before, tuned)]
    assert [(t.learning_rate, t.epochs, t.clip) for t in trained] == [
        (2e-3, 7, 5.0),
        (5e-5, 3, 5.0),
    ]


def test_models_of_other_training_do_not_serve_each_other(config):
    config["reuse_superset"] = True
    config["experiments"] = {
        "one": [
            {"methods": ["mtsk-ms"]},
            {"methods": ["mtsk-ms"], "rates": {"audio": [4]}, "training": {"epochs": 3}},
        ]
    }
    assert len(all_models(config)) == 2


def test_two_models_of_one_name_are_refused(config):
    config["experiments"] = {
        "one": [
            {"methods": ["mome-ffn"], "mome": {"balance": balance}}
            for balance in (0.12345678, 0.12345679)
        ]
    }
    with pytest.raises(InputError, match=r"two models that differ are both called .*lb0.123457"):
        all_models(config)


def test_what_an_entry_may_say_of_training_is_in_its_models_names():
    assert set(TUNED) == {field.name for field in fields(EntryTraining)}


@pytest.mark.parametrize(
    ("training", "message"),
    [
        ({}, "it says nothing; give a key"),
        ({"lora_rank": 0}, "training.lora_rank is 0: give at least 1"),
        ({"precision": "bf16"}, "unknown key 'precision'"),
    ],
)
def test_an_entrys_training_is_checked(config, training, message):
    config["experiments"] = {"one": [{"methods": ["mtsk-ms"], "training": training}]}
    with pytest.raises(InputError, match=message):
        all_models(config)


def test_lora_settings_do_not_concern_mome_models_nor_experts_lora_models(config):
    config["experiments"] = {"one": [{"methods": ["mtsk-ms", "mome-ffn"]}]}
    lora, experts = (model.settings for model in all_models(config).values())
    assert lora.mome is None
    assert experts.lora_rank is experts.lora_scale is experts.lora_targets is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mome": {"top_k": 99}}, "mome.top_k is 99"),
        (
            {"mome": {"scale_weights": {"a8_v2": 1}}},
            "scale_weights names a8_v2, which is not.*a16_v5",
        ),
        (
            {"methods": ["avgpool-at-inference"], "compression": "stack"},
            "pools tokens.*set compression: avgpool",
        ),
        (
            {"compression": "resampler", "resampler": {"queries": 40}},
            "queries is 40, but a window has 32 tokens, so that more tokens would come out than go",
        ),
        (
            {"compression": "resampler", "resampler": {"window": 12, "queries": 12}},
            r"one\[0\]: audio_rates has 16, more than the resampler.window of 12",
        ),
        (
            {"compression": "resampler", "resampler": {"queries": 4}},
            r"one\[0\]: audio_rates has 4, at which a window of 32 tokens gives 8, more than the 4",
        ),
        ({"compression": "resampler", "rates": {"audio": [0]}}, "rates.audio.*at least 1"),
        ({"compression": "resample"}, "compression"),
    ],
)
def test_impossible_models_are_refused(config, change, message):
    config["experiments"] = {"one": [{"methods": ["mome-ffn"], **change}]}
    with pytest.raises(InputError, match=message):
        all_models(config)


def test_resamplers_that_differ_have_names_of_their_own(config):
    entry = {"methods": ["mtsk-ms", "mome-ffn"], "compression": "resampler"}
    config["experiments"] = {"one": [entry, {**entry, "resampler": {"window": 64, "heads": 2}}]}
    usual, mome, other, both = all_models(config)
    assert (
        usual == "portrait.avsr.toy-whisper+toy-avhubert.toy-llama.mtsk-ms.resampler.a4-16.v2-5.s0"
    )
    assert ".mtsk-ms.window64-heads2.resampler." in other
    assert ".mome-ffn.r23k4s1b12.resampler." in mome
    assert ".mome-ffn.r23k4s1b12-window64-heads2.resampler." in both
    models = all_models(config)
    assert models[other].settings.resampler.queries == 32
    assert models[other].settings.resampler.window == 64
    pooled = {**entry, "compression": "avgpool", "resampler": {"window": 64}}
    config["experiments"] = {"one": [pooled]}
    assert all(model.settings.resampler is None for model in all_models(config).values())


def test_the_configs_compressions_are_those_that_there_are():
    assert get_args(Compression) == tuple(COMPRESSIONS)


@pytest.mark.parametrize("start", ["a3_v2", "a16"])
def test_adaptive_rates_start_at_a_scale_that_is_decoded(config, start):
    config["experiments"] = {"tradeoff": [{"methods": ["mtsk-ms"]}]}
    config["elastic"] = {"start": start}
    told = rf"^config: elastic.start is '{start}', .*experiments.tradeoff .* one of a4_v2, a4_v5"
    with pytest.raises(InputError, match=told):
        all_evaluations(config)
    config["elastic"] = {"start": "a16_v5"}
    assert len(all_evaluations(config)) == 4


def test_settings_of_an_entry_and_common_ones_that_exclude_each_other_name_the_entry(config):
    config["training"]["video_dropout"] = 0.5
    entries = [
        {"methods": ["mtsk-ss"]},
        {"methods": ["mtsk-ms"], "training": {"audio_dropout": 0.6}},
    ]
    config["experiments"] = {"one": entries}
    with pytest.raises(InputError, match=r"^config: experiments.one\[1\]: training.audio_dropout"):
        all_evaluations(config)


def test_losses_that_all_weigh_nothing_are_refused(config):
    scales = ["a4_v2", "a4_v5", "a16_v2", "a16_v5"]
    entry = {"methods": ["mome-ffn"], "mome": {"scale_weights": dict.fromkeys(scales, 0)}}
    config["experiments"] = {"one": [entry]}
    with pytest.raises(InputError, match=r"one\[0\]: mome.scale_weights are 0 for all scales"):
        all_evaluations(config)
    entry["mome"]["scale_weights"]["a4_v5"] = 1
    assert len(all_evaluations(config)) == 4
    config["training"]["task_weights"] = {"asr": 0, "vsr": 0, "avsr": 0}
    with pytest.raises(InputError, match=r"training.task_weights are 0 for all tasks"):
        all_evaluations(config)
