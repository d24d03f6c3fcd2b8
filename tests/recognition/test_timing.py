"""``mavsr time``: what is timed, how often, and what the table says of it. No time is asserted."""

import itertools

import pandas as pd
import pytest

from mavsr import cli
from mavsr.recognition import timing
from mavsr.recognition.recogniser import Recogniser
from mavsr.recognition.timing import COLUMNS


@pytest.fixture
def clock(monkeypatch):
    """A clock whose every look is a second later than the one before."""
    looks = itertools.count()
    monkeypatch.setattr(timing.time, "perf_counter", lambda: float(next(looks)))


@pytest.fixture
def calls(monkeypatch):
    """What the model was asked for: encoders, and scales of decoding."""
    found = []
    tokens, decode = Recogniser.tokens, Recogniser.decode

    def watched_tokens(self, file, clip):
        found.append("encoders")
        return tokens(self, file, clip)

    def watched_decode(self, file, given, scale):
        found.append(scale.name)
        return decode(self, file, given, scale)

    monkeypatch.setattr(Recogniser, "tokens", watched_tokens)
    monkeypatch.setattr(Recogniser, "decode", watched_decode)
    return found


def test_every_file_is_timed_at_every_scale_after_its_warm_up(
    train, place, tmp_path, capsys, clock, calls
):
    files = [str(place / f"{key}.mp4") for key in ("one", "three")]
    output = tmp_path / "times.csv"
    options = ["--output", str(output), "--warmup", "2", "--repeats", "3", "--beams", "3"]
    cli.main(["time", str(train()), *files, *options])
    scales = ["a2_v1", "a2_v3", "a4_v1", "a4_v3"]
    own = ["encoders"] * 5 + [scale for scale in scales for _ in range(5)]
    assert calls == own * 2
    table = pd.read_csv(output)
    assert list(table.columns) == list(COLUMNS)
    assert table.scale.tolist() == scales * 2
    assert table.speech_s.tolist() == [1.0] * 4 + [2.0] * 4
    # Each run takes a second of this clock.
    assert (table[["crops_s", "encoders_s", "decoding_s", "fastest_s"]] == 1).all(axis=None)
    assert (table.seconds == 2).all()
    assert table.real_time_factor.tolist() == [2.0] * 4 + [1.0] * 4
    assert (table.tokens_per_s == table.written_tokens / 2).all()
    assert (table[["beams", "warmup", "repeats", "threads"]] == [3, 2, 3, 1]).all(axis=None)
    assert (table.peak_gb > 0).all()
    assert table.groupby("file").prefix_tokens.apply(list).map(lambda n: n[0] > n[-1]).all()
    assert "means over 2 files" in capsys.readouterr().out


def test_scales_can_be_named(train, place, tmp_path, calls):
    options = ["--output", str(tmp_path / "t.csv"), "--scale", "4,3", "--repeats", "1"]
    cli.main(["time", str(train()), str(place / "one.mp4"), *options, "--warmup", "0"])
    assert calls == ["encoders", "a4_v3"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--repeats", "0"], "--repeats 0; give at least 0 and at least 1"),
        (["--warmup", "-1"], "--warmup is -1"),
        (["--scale", "9,9"], "scale a9_v9 is not one of this model's scales"),
    ],
)
def test_what_cannot_be_measured_is_refused(train, place, tmp_path, capsys, options, message):
    output = tmp_path / "t.csv"
    with pytest.raises(SystemExit) as stopped:
        cli.main(["time", str(train()), str(place / "one.mp4"), "--output", str(output), *options])
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err
    assert not output.exists()
