import copy
from pathlib import Path
from typing import get_args

import pytest
import yaml

from mavsr.config.experiments import Compression
from mavsr.config.read import parse_config
from mavsr.errors import InputError
from mavsr.model.compressions import COMPRESSIONS
from mavsr.model.scales import Scale
from mavsr.workflow import experiments

CONFIG = yaml.safe_load((Path(__file__).parents[2] / "config.yaml").read_text())


def all_models(config):
    return experiments.all_models(parse_config(config))


def all_evaluations(config):
    return experiments.all_evaluations(parse_config(config))


def evaluations(config, name):
    return experiments.evaluations(parse_config(config), name)


@pytest.fixture
def config():
    config = copy.deepcopy(CONFIG)
    config["rates"] = {"audio": [4, 16], "video": [2, 5]}
    config["experiments"] = {
        "table1": [{"methods": ["llama-avsr", "mtsk-ms", "mtsk-ss", "mtsk-mss"]}],
        "noise_check": [
            {"methods": ["mtsk-ms"], "conditions": ["snr_-5"]},
            {"methods": ["mtsk-ms"], "conditions": ["snr_-5"], "task": "asr"},
        ],
    }
    return config


def test_names_are_unique_and_tell_models_apart(config):
    config["experiments"]["more"] = [
        {"methods": ["mtsk-ms"], **change}
        for change in (
            {"seed": 1},
            {"compression": "stack"},
            {"task": "vsr"},
            {"rates": {"audio": [4], "video": [2, 5]}},
            {"rates": {"audio": [4, 16], "video": [2]}},
        )
    ]
    found = {e.model for e in all_evaluations(config)}
    assert len({model.name for model in found}) == len(found) == len(all_models(config)) == 13


def test_a_name_says_what_the_model_is(config):
    names = list(all_models(config))
    encoders = "toy-whisper+toy-avhubert"
    assert f"portrait.avsr.{encoders}.toy-llama.llama-avsr.avgpool.a4.v2.s0" in names
    assert f"portrait.avsr.{encoders}.toy-llama.mtsk-mss.avgpool.a4-16.v2-5.s0" in names
    assert "portrait.asr.toy-whisper.toy-llama.mtsk-ms.avgpool.a4-16.s0" in names


def test_how_a_model_is_trained_is_not_in_its_name(config):
    before = list(all_models(config))
    config["training"]["epochs"] = 99
    config["projector"]["hidden"] = 7
    assert list(all_models(config)) == before


def test_llama_avsr_has_a_model_per_scale_and_the_others_one(config):
    table1 = evaluations(config, "table1")
    models = {e.model.name: e.model.settings.method for e in table1}
    methods = list(models.values())
    assert {m: methods.count(m) for m in methods} == {
        "llama-avsr": 4,
        "mtsk-ms": 1,
        "mtsk-ss": 1,
        "mtsk-mss": 1,
    }
    assert len(table1) == 4 * 4
    for e in table1:
        assert e.scale in e.model.settings.scales


def test_experiments_share_models(config):
    assert len(evaluations(config, "noise_check")) == 4 + 2
    assert len(all_models(config)) == 8
    config["experiments"]["again"] = config["experiments"]["table1"]
    assert len(all_models(config)) == 8
    assert len(all_evaluations(config)) == 16 + 6


def test_a_new_rate_adds_exactly_the_models_that_have_it(config):
    before = all_models(config)
    config["rates"]["audio"] = [4, 8, 16]
    after = all_models(config)
    kept = {name for name, model in before.items() if model.settings.method == "llama-avsr"}
    assert set(before) & set(after) == kept
    new = set(after) - set(before)
    assert len(new) == 2 + 3 + 1
    assert all(".a8." in name or ".a4-8-16." in name for name in new)


def test_an_entry_may_state_the_rates_of_one_modality(config):
    config["experiments"] = {"one": [{"methods": ["mtsk-ms"], "rates": {"audio": [8]}}]}
    (model,) = all_models(config).values()
    assert (model.settings.audio_rates, model.settings.video_rates) == ((8,), (2, 5))


def test_experiments_on_other_corpora_can_be_left_out(config):
    config["corpora"]["other"] = config["corpora"]["portrait"]
    config["experiments"]["table1"].append({"methods": ["mtsk-ms"], "corpus": "other"})
    assert {model.corpus for model in all_models(config).values()} == {"portrait", "other"}
    config["use_corpora"] = ["other"]
    assert {model.corpus for model in all_models(config).values()} == {"other"}
    assert evaluations(config, "noise_check") == []


def test_several_seeds_are_a_model_each(config):
    config["experiments"] = {"one": [{"methods": ["llama-avsr", "mtsk-ms"], "seeds": [0, 1, 2]}]}
    assert len(evaluations(config, "one")) == 3 * (4 + 4)
    names = [name for name in all_models(config) if ".mtsk-ms." in name]
    assert [name.rsplit(".", 1)[1] for name in names] == ["s0", "s1", "s2"]
    config["setup"]["seeds"] = [3, 4]
    config["experiments"]["two"] = [{"methods": ["mtsk-ms"]}, {"methods": ["mtsk-ss"], "seed": 9}]
    seeds = [e.model.settings.seed for e in evaluations(config, "two")]
    assert seeds == [3] * 4 + [4] * 4 + [9] * 4


@pytest.fixture
def corpora(config):
    shards = {"train": 1, "val": 1, "test": 1}
    for name in ("lrs2", "lrs3", "wild"):
        config["corpora"][name] = {"kind": "folder", "root": name, "shards": shards}
    return config


def test_a_model_is_tested_on_other_corpora_beside_its_own(corpora):
    corpora["experiments"] = {"one": [{"methods": ["mtsk-ms"], "tests": ["portrait", "wild"]}]}
    found = evaluations(corpora, "one")
    (model,) = {e.model.name for e in found}
    assert model.startswith("portrait.avsr.")
    assert [(e.corpus, e.path.removeprefix(model)) for e in found[::4]] == [
        ("portrait", "/clean/a4_v2"),
        ("wild", "/clean@wild/a4_v2"),
    ]
    corpora["use_corpora"] = ["portrait"]
    assert {e.corpus for e in evaluations(corpora, "one")} == {"portrait"}
    corpora["use_corpora"] = ["wild"]
    with pytest.raises(InputError, match="leave nothing to run"):
        evaluations(corpora, "one")


def test_several_training_corpora_are_in_a_models_name(corpora):
    entries = [{"corpora": ["lrs3", "lrs2"]}, {"corpora": {"lrs2": 1, "lrs3": 0.5}}]
    corpora["experiments"] = {"one": [{"methods": ["mtsk-ms"], **entry} for entry in entries]}
    plain, shared = all_models(corpora).values()
    assert plain.name.startswith("lrs2+lrs3.avsr.")
    assert shared.name.startswith("lrs2@1+lrs3@0.5.avsr.")
    assert (plain.corpora, plain.shares) == (("lrs2", "lrs3"), {})
    assert shared.shares == {"lrs2": pytest.approx(2 / 3), "lrs3": pytest.approx(1 / 3)}
    found = evaluations(corpora, "one")
    assert [e.at for e in found[::4]] == ["@lrs2", "@lrs3"] * 2


def test_one_corpus_in_a_list_is_that_corpus(corpora):
    corpora["experiments"] = {
        "one": [{"methods": ["mtsk-ms"], "corpora": given} for given in (["lrs2"], {"lrs2": 3})]
        + [{"methods": ["mtsk-ms"], "corpus": "lrs2"}]
    }
    (model,) = all_models(corpora).values()
    assert model.corpora == ("lrs2",)
    assert {e.at for e in evaluations(corpora, "one")} == {""}


def test_an_entrys_corpus_goes_before_several_common_ones(corpora):
    corpora["setup"]["corpora"] = ["lrs2", "lrs3"]
    corpora["experiments"] = {
        "one": [{"methods": ["mtsk-ms"]}, {"methods": ["mtsk-ms"], "corpus": "wild"}]
    }
    assert [m.corpora for m in all_models(corpora).values()] == [("lrs2", "lrs3"), ("wild",)]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"seeds": [1, 1]}, r"seeds is \[1, 1\]: list each once"),
        ({"seeds": []}, r"seeds is \[\]"),
        ({"seed": 1, "seeds": [1, 2]}, "give seed or seeds, not both"),
        ({"corpus": "lrs2", "corpora": ["lrs2"]}, "give corpus or corpora, not both"),
        ({"corpora": ["lrs2", "lrs2"]}, "list each once"),
        ({"corpora": {"lrs2": 0, "lrs3": 1}}, r"corpora"),
        ({"corpora": ["lrs2", "lrs9"]}, r"one\[0\].corpora is 'lrs9', which is not under"),
        ({"tests": ["lrs9"]}, r"one\[0\].tests is 'lrs9', which is not under `corpora`"),
        ({"tests": ["lrs3", "lrs3"]}, "list each once"),
    ],
)
def test_wrong_corpora_and_seeds_are_named(corpora, entry, message):
    corpora["experiments"] = {"one": [{"methods": ["mtsk-ms"], **entry}]}
    with pytest.raises(InputError, match=message):
        all_models(corpora)


def test_crops_need_lists_of_the_splits_that_are_used(corpora):
    shards = {"train": 1, "val": 1, "test": 1}
    crops = {"kind": "crops", "root": "c", "shards": shards, "splits": {"test": ["test.csv"]}}
    corpora["corpora"]["wild"] = crops
    corpora["experiments"] = {"one": [{"methods": ["mtsk-ms"], "tests": ["wild"]}]}
    assert {e.corpus for e in evaluations(corpora, "one")} == {"wild"}
    corpora["experiments"] = {"one": [{"methods": ["mtsk-ms"], "corpus": "wild"}]}
    with pytest.raises(InputError, match=r"one\[0\].corpus needs the split 'train' of wild, and"):
        evaluations(corpora, "one")


def test_online_training_takes_one_corpus(corpora):
    corpora["features"]["mode"] = "online"
    corpora["experiments"] = {"one": [{"methods": ["mtsk-ms"], "corpora": ["lrs2", "lrs3"]}]}
    with pytest.raises(InputError, match=r"several corpora, which features\.mode: online cannot"):
        all_models(corpora)


def test_the_order_is_that_of_the_config_and_stable(config):
    paths = [e.path for e in all_evaluations(config)]
    assert paths == [e.path for e in all_evaluations(copy.deepcopy(config))]
    assert [path.rsplit("/", 1)[1] for path in paths[4:8]] == ["a4_v2", "a4_v5", "a16_v2", "a16_v5"]
    assert [".llama-avsr." in path for path in paths[:16]] == [True] * 4 + [False] * 12
    assert paths[-1].endswith(".asr.toy-whisper.toy-llama.mtsk-ms.avgpool.a4-16.s0/snr_-5/a16")


def test_paths_are_model_condition_scale(config):
    e = evaluations(config, "noise_check")[0]
    assert e.path == f"{e.model.name}/snr_-5/a4_v2"
    assert len({e.path for e in all_evaluations(config)}) == len(all_evaluations(config))


def test_settings_come_from_the_config(config):
    config["llms"]["toy-llama"].update(lora_rank=7, lora_scale=0.3, revision="abc")
    config["projector"] = {"hidden": 9, "layer_norm": True}
    config["setup"]["seed"] = 5
    settings = next(iter(all_models(config).values())).settings
    assert (settings.lora_rank, settings.lora_scale, settings.llm_revision) == (7, 0.3, "abc")
    assert (settings.projector_hidden, settings.projector_layer_norm) == (9, True)
    assert settings.seed == 5
    assert settings.llm == config["llms"]["toy-llama"]["path"]


def test_an_entry_may_ask_for_some_scales_alone(config):
    def scales(which):
        config["experiments"] = {
            "one": [{"methods": ["llama-avsr", "mtsk-ms"], "scales": which}],
        }
        return [(e.model.settings.method, e.scale.name) for e in evaluations(config, "one")]

    methods = ("llama-avsr", "mtsk-ms")
    assert scales("first") == [(method, "a4_v2") for method in methods]
    assert scales("ends") == [(m, scale) for m in methods for scale in ("a4_v2", "a16_v5")]
    assert len(scales("all")) == 8
    config["rates"] = {"audio": [8], "video": [3]}
    assert scales("ends") == [(method, "a8_v3") for method in methods]


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


def test_pooling_at_test_time_trains_once_without_compression(config):
    config["experiments"] = {
        "one": [{"methods": ["avgpool-at-inference"]}],
        "two": [{"methods": ["avgpool-at-inference"], "rates": {"audio": [1, 8]}}],
        "asr": [{"methods": ["avgpool-at-inference"], "task": "asr"}],
    }
    both, sound = all_models(config).values()
    assert both.name.endswith(".avgpool-at-inference.avgpool.a1.v1.s0")
    assert sound.name.endswith(".avgpool-at-inference.avgpool.a1.s0")
    assert both.settings.scales == [Scale(1, 1)]
    scales = [e.scale.name for e in evaluations(config, "two")]
    assert scales == ["a1_v2", "a1_v5", "a8_v2", "a8_v5"]
    assert [e.scale.name for e in evaluations(config, "asr")] == ["a4", "a16"]


def test_a_model_of_three_tasks_is_decoded_at_the_scales_of_each(config):
    config["experiments"] = {
        "one": [{"methods": ["omni-st", "omni-mome"], "task": "omni"}],
        "first": [{"methods": ["omni-st"], "task": "omni", "scales": "first"}],
        "ends": [{"methods": ["omni-st"], "task": "omni", "scales": "ends"}],
    }
    lora, experts = all_models(config)
    assert lora == "portrait.omni.toy-whisper+toy-avhubert.toy-llama.omni-st.avgpool.a4-16.v2-5.s0"
    assert ".omni-mome.r23k4s1b12." in experts

    def scales(name):
        return [e.scale.name for e in evaluations(config, name) if e.model.name == lora]

    every = ["a4", "a16", "v2", "v5", "a4_v2", "a4_v5", "a16_v2", "a16_v5"]
    assert scales("one") == every
    config["experiments"]["one"][0]["conditions"] = ["snr_0"]
    assert scales("one") == ["a4", "a16", "a4_v2", "a4_v5", "a16_v2", "a16_v5"]
    config["experiments"]["one"][0]["conditions"] = ["no_audio"]
    assert scales("one") == ["a4_v2", "a4_v5", "a16_v2", "a16_v5"]
    assert scales("first") == ["a4", "v2", "a4_v2"]
    assert scales("ends") == ["a4", "a16", "v2", "v5", "a4_v2", "a16_v5"]


def test_llama_mt_has_a_model_per_rate_pair_and_every_scale_once(config):
    config["experiments"] = {"one": [{"methods": ["llama-mt"], "task": "omni"}]}
    found = {}
    for e in evaluations(config, "one"):
        found.setdefault(e.model.name.split(".llama-mt.avgpool.")[1], []).append(e.scale.name)
    assert found == {
        "a4.v2.s0": ["a4", "v2", "a4_v2"],
        "a4.v5.s0": ["v5", "a4_v5"],
        "a16.v2.s0": ["a16", "a16_v2"],
        "a16.v5.s0": ["a16_v5"],
    }


@pytest.mark.parametrize(
    "entry",
    [
        {"methods": ["mtsk-ms"], "task": "omni"},
        {"methods": ["omni-s"]},
        {"methods": ["omni-t"], "task": "vsr"},
    ],
)
def test_methods_of_other_tasks_are_refused(config, entry):
    config["experiments"] = {"one": [entry]}
    with pytest.raises(
        InputError, match=r"experiments.one\[0\]: method .* is not one for the task"
    ):
        all_models(config)


def test_how_rates_and_modalities_are_drawn_tells_models_of_an_entry_apart(config):
    config["experiments"] = {
        "one": [
            {"methods": ["mtsk-ms"]},
            {"methods": ["mtsk-ms"], "training": {"rates_per_step": "drawn"}},
            {"methods": ["mtsk-ms"], "training": {"audio_dropout": 0.25, "video_dropout": 0.25}},
        ]
    }
    variants = [model.variant for model in all_models(config).values()]
    assert variants == ["", "ratesdrawn", "noaudio0.25-novideo0.25"]
