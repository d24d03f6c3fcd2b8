import json

import pytest

from mavsr.errors import InputError
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
