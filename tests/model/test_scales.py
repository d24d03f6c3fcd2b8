import pytest

from mavsr.errors import InputError
from mavsr.model.scales import Scale, all_scales, tasks_of


@pytest.mark.parametrize(
    ("scale", "name"),
    [
        (Scale(4, 2), "a4_v2"),
        (Scale(16), "a16"),
        (Scale(video=5), "v5"),
        (Scale(10, 12), "a10_v12"),
    ],
)
def test_names_go_there_and_back(scale, name):
    assert scale.name == name
    assert Scale.parse(name) == scale


@pytest.mark.parametrize("name", ["", "_", "a4v", "4_2", "v2_a4", "a4 v2", "a0_v2", "a4_v-1", "A4"])
def test_what_is_no_scale_name_is_refused(name):
    with pytest.raises(InputError):
        Scale.parse(name)


@pytest.mark.parametrize("name", ["a4_", "_v2", "a4v2", "a04_v2", "a٤"])
def test_a_name_has_one_spelling(name):
    with pytest.raises(InputError, match="write it like a4_v2"):
        Scale.parse(name)


@pytest.mark.parametrize("rates", [(0, 2), (4, -1), (1.5, 2), (True, 2), (None, None)])
def test_scales_are_checked_when_made(rates):
    with pytest.raises(InputError):
        Scale(*rates)


def test_all_scales_pair_every_audio_rate_with_every_video_rate():
    names = [scale.name for scale in all_scales("avsr", (4, 16), (2, 5))]
    assert names == ["a4_v2", "a4_v5", "a16_v2", "a16_v5"]
    assert [s.name for s in all_scales("asr", (4, 16), (2, 5))] == ["a4", "a16"]
    assert [s.name for s in all_scales("vsr", (4, 16), (2, 5))] == ["v2", "v5"]


def test_rates_leave_out_what_the_task_lacks():
    assert Scale(4, 2).rates == {"audio": 4, "video": 2}
    assert list(Scale(4, 2).rates) == ["audio", "video"]
    assert Scale(video=3).rates == {"video": 3}


def test_a_model_of_three_tasks_has_the_scales_of_each():
    found = all_scales("omni", (4, 16), (2, 5))
    assert [s.name for s in found] == [
        *("a4", "a16", "v2", "v5"),
        *("a4_v2", "a4_v5", "a16_v2", "a16_v5"),
    ]
    assert sorted([*found[5:], *found[:5]]) == found
    assert [s.task for s in found] == ["asr"] * 2 + ["vsr"] * 2 + ["avsr"] * 4
    assert tasks_of("omni") == ("asr", "vsr", "avsr")
    assert tasks_of("vsr") == ("vsr",)
