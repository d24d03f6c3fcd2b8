import pytest

from mavsr.errors import InputError
from mavsr.noise import Condition


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
    ],
)
def test_names_and_conditions_match_both_ways(name, kind, number):
    condition = Condition.parse(name)
    assert (condition.kind, condition.number) == (kind, number)
    assert condition.name == name


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
    ],
)
def test_unknown_names_are_refused(name):
    with pytest.raises(InputError, match="is unknown; write clean, snr_<dB>"):
        Condition.parse(name)
