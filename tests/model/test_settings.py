import json
from dataclasses import replace

import pytest

from mavsr.errors import InputError
from mavsr.model.adapters.settings import MomeSettings
from mavsr.model.settings import ModelSettings


def test_settings_survive_json(settings_of):
    settings = settings_of()
    assert ModelSettings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"task": "lipreading"}, "'lipreading'.*asr, vsr, avsr"),
        ({"compression": "max"}, "'max'.*avgpool, stack"),
        ({"audio_rates": (0, 4)}, "audio_rates is 0"),
        ({"audio_rates": (1.5,)}, "audio_rates is 1.5"),
        ({"video_rates": (5, 2)}, r"video_rates \[5, 2\].*ascending"),
        ({"video_rates": (2, 2)}, r"video_rates \[2, 2\].*once"),
        ({"video_rates": ()}, "video_rates"),
        ({"lora_rank": 0}, "lora_rank is 0"),
        ({"lora_scale": 0.0}, "lora_scale is 0"),
        ({"projector_hidden": 0}, "projector_hidden is 0"),
    ],
)
def test_settings_are_checked_when_made(settings_of, change, message):
    with pytest.raises(InputError, match=message):
        settings_of(**change)


def test_rates_of_an_absent_modality_do_not_matter(settings_of):
    assert [s.name for s in settings_of(task="asr", video_rates=()).scales] == ["a2", "a4"]
    assert [s.name for s in settings_of(task="vsr", audio_rates=()).scales] == ["v1", "v3"]


@pytest.mark.parametrize("method", ["mtsk-ms", "mome-ffn"])
def test_settings_of_every_kind_survive_json(settings_of, method):
    settings = settings_of(method=method)
    if settings.mome:
        experts = replace(settings.mome, scale_weights=(("a2_v1", 0.5), ("a4_v3", 1.5)))
        settings = replace(settings, mome=experts)
    assert ModelSettings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"task": "avsr", "method": "omni-st"},
            "omni-st is not one for the task avsr; set task: omni",
        ),
        ({"task": "omni"}, "mtsk-mss is not one for the task omni; .*: llama-mt, omni-s, omni-t"),
        (
            {"task": "omni", "method": "llama-mt"},
            "llama-mt trains one model per scale, not one for 8 scales",
        ),
        ({"method": "mtsk"}, "'mtsk' is unknown; did you mean"),
        ({"method": "llama-avsr"}, "one model per scale, not one for 4 scales"),
        ({"method": "mome-ffn", "mome": None}, "mome-ffn needs mome"),
        ({"mome": MomeSettings()}, "mtsk-mss has no mome"),
        ({"lora_targets": ()}, "lora_targets is empty"),
        ({"method": "avgpool-at-inference"}, r"trained at rate 1 alone, not at \[1, 2, 3, 4\]"),
        ({"method": "avgpool-at-inference", "compression": "stack"}, "set compression: avgpool"),
    ],
)
def test_methods_and_their_settings_must_agree(settings_of, change, message):
    with pytest.raises(InputError, match=message):
        settings_of(**change)
