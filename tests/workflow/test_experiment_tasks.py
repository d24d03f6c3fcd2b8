import pytest
from asking import all_models, evaluations

from mavsr.errors import InputError


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
