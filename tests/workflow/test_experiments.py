import copy

from asking import all_evaluations, all_models, evaluations

from mavsr.config.check import MEASURED
from mavsr.model.scales import Scale
from mavsr.workflow import paths


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
    config["corpora"]["other"] = config["corpora"]["portrait"] | {"root": "other"}
    config["experiments"]["table1"].append({"methods": ["mtsk-ms"], "corpus": "other"})
    assert {model.corpus for model in all_models(config).values()} == {"portrait", "other"}
    config["use_corpora"] = ["other"]
    assert {model.corpus for model in all_models(config).values()} == {"other"}
    assert evaluations(config, "noise_check") == []


def test_no_experiment_is_called_as_what_is_measured_of_another():
    measured = {
        path.split("{experiment}_")[1].removesuffix(".csv")
        for path in vars(paths).values()
        if isinstance(path, str) and "{experiment}_" in path
    }
    assert measured == set(MEASURED)


def test_the_order_is_that_of_the_config_and_stable(config):
    found = [e.path for e in all_evaluations(config)]
    assert found == [e.path for e in all_evaluations(copy.deepcopy(config))]
    assert [path.rsplit("/", 1)[1] for path in found[4:8]] == ["a4_v2", "a4_v5", "a16_v2", "a16_v5"]
    assert [".llama-avsr." in path for path in found[:16]] == [True] * 4 + [False] * 12
    assert found[-1].endswith(".asr.toy-whisper.toy-llama.mtsk-ms.avgpool.a4-16.s0/snr_-5/a16")


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
