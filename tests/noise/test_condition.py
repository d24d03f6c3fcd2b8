import pytest

from mavsr.errors import InputError
from mavsr.noise import Condition
from mavsr.noise.condition import RESERVED, absent, cached_as, parts


@pytest.mark.parametrize(
    "name, kind, number",
    [
        ("clean", "clean", 0),
        ("snr_-5", "snr", -5),
        ("snr_0", "snr", 0),
        ("snr_12.5", "snr", 12.5),
        ("view_0", "view", 0),
        ("view_3", "view", 3),
        ("view_12345678", "view", 12345678),
        ("drop_50", "drop", 50),
        ("drop_12.5", "drop", 12.5),
        ("patch_100", "patch", 100),
        ("blur_0.5", "blur", 0.5),
        ("late_80", "late", 80),
        ("late_-120", "late", -120),
        ("no_audio", "no_audio", 0),
        ("no_video", "no_video", 0),
    ],
)
def test_names_and_conditions_match_both_ways(name, kind, number):
    condition = Condition.parse(name)
    assert (condition.kind, condition.number) == (kind, number)
    assert condition.noise == "babble"
    assert condition.name == name


def test_a_noise_of_the_config_has_conditions_of_its_name():
    condition = Condition.parse("music-hall_-2.5")
    assert (condition.kind, condition.noise, condition.number) == ("snr", "music-hall", -2.5)
    assert condition.name == "music-hall_-2.5"


@pytest.mark.parametrize(
    "name",
    [
        "noisy",
        "snr",
        "snr_",
        "snr_x",
        "snr_nan",
        "snr_inf",
        "snr_5.0",
        "snr_05",
        "snr_+5",
        "snr_-0",
        "view_-1",
        "view_1.5",
        "view_03",
        "view_",
        "clean_",
        "clean_1",
        "Clean",
        "",
        "snr_ 5",
        "babble_5",
        "no_sound",
        "no_5",
        "drop",
        "snr_0+drop_50",
    ],
)
def test_unknown_names_are_refused(name):
    with pytest.raises(InputError, match="is unknown; write clean, snr_<dB>"):
        Condition.parse(name)


@pytest.mark.parametrize(
    ("name", "range_"),
    [
        ("drop_0", "percent of the frames, above 0 and at most 100"),
        ("drop_-5", "percent of the frames"),
        ("drop_101", "at most 100"),
        ("drop_nan", "percent of the frames"),
        ("patch_0", "percent of the area"),
        ("blur_0", "pixels, its standard deviation"),
        ("blur_100", "at most 48"),
        ("late_0", "ms, a multiple of 40"),
        ("late_30", "ms, a multiple of 40"),
        ("late_1e9", "at most 10000; negative where the video is ahead"),
    ],
)
def test_a_fault_of_the_video_says_what_its_number_may_be(name, range_):
    with pytest.raises(InputError, match=f"condition '{name}': .* cannot have the number") as told:
        Condition.parse(name)
    assert range_ in str(told.value)


@pytest.mark.parametrize(
    ("name", "heard", "seen", "away"),
    [
        ("clean", "clean", "clean", None),
        ("snr_-5", "snr_-5", "clean", None),
        ("drop_50", "clean", "drop_50", None),
        ("late_80", "clean", "late_80", None),
        ("snr_-5+drop_50", "snr_-5", "drop_50", None),
        ("music_0+no_video", "music_0", "clean", "video"),
        ("no_video", "clean", "clean", "video"),
        ("no_audio+blur_2", "clean", "blur_2", "audio"),
    ],
)
def test_audio_and_video_are_cached_apart(name, heard, seen, away):
    assert cached_as(name, "audio") == heard
    assert cached_as(name, "video") == seen
    assert absent(name) == away


@pytest.mark.parametrize(
    ("name", "needs"),
    [
        ("clean", set()),
        ("snr_0", {"audio"}),
        ("drop_50", {"video"}),
        ("patch_50", {"video"}),
        ("blur_2", {"video"}),
        ("late_40", {"audio", "video"}),
        ("no_video", {"audio", "video"}),
        ("no_audio", {"audio", "video"}),
    ],
)
def test_a_condition_says_which_modalities_it_is_about(name, needs):
    assert set(Condition.parse(name).needs) == needs


@pytest.mark.parametrize(
    "name",
    ["drop_50+snr_0", "snr_0+music_5", "drop_50+blur_2", "clean+drop_50", "snr_0+clean", "view_0"],
)
def test_what_cannot_be_tested_is_refused(name):
    with pytest.raises(InputError, match="cannot be tested; write clean"):
        parts(name)


def test_something_must_be_left_to_recognise():
    with pytest.raises(InputError, match="leaves nothing to recognise"):
        parts("no_audio+no_video")


def test_words_of_conditions_are_no_names_of_noises():
    for word in RESERVED:
        name = f"{word}_5"
        try:
            assert Condition.parse(name).noise == "babble"
        except InputError:
            continue


def test_a_kind_that_is_none_is_refused():
    with pytest.raises(InputError, match="cannot be of the kind 'drpo'"):
        Condition("drpo", 5)
