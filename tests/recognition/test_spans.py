"""Equal parts of a long recording in which nobody is heard."""

from itertools import pairwise

import pytest

from mavsr.errors import InputError
from mavsr.media import FRAME_RATE, Extent
from mavsr.recognition import spans
from mavsr.recognition.spans import plan_spans
from mavsr.recognition.speech import Heard


@pytest.mark.parametrize("start", [0.0, 1.3])
@pytest.mark.parametrize("seconds", [0.5, 15.99, 16.0, 16.01, 31.99, 32.0, 600.1, 36_000.7])
def test_no_part_is_longer_than_the_longest_however_many_there_are(
    tmp_path, monkeypatch, start, seconds
):
    """What rounding to frames leaves over is not heaped on the last one."""
    monkeypatch.setattr(spans, "measure", lambda file: Extent({"video": start + seconds}))
    plan = plan_spans(tmp_path / "talk.mp4", ("video",), 16.0, start)
    parts = [(part.cut_start, part.cut_end) for part in plan.spans]
    assert (parts[0][0], parts[-1][1]) == (start, start + seconds)
    assert all(first[1] == second[0] for first, second in pairwise(parts))
    lengths = [end - begin for begin, end in parts]
    assert max(lengths) <= 16 + 1e-6
    assert max(lengths) - min(lengths) < 2 / FRAME_RATE
    assert len(parts) in (-(-seconds // 16), -(-seconds // 16) + 1)


@pytest.mark.parametrize(
    ("modalities", "silent", "read"),
    [
        (("video",), False, True),
        (("video",), True, True),
        ((), True, True),
        ((), False, False),
        (("audio", "video"), True, False),
    ],
)
def test_lips_are_read_where_noise_alone_is_heard(
    tmp_path, monkeypatch, caplog, modalities, silent, read
):
    monkeypatch.setattr(spans, "measure", lambda file: Extent({"video": 40.0, "audio": 40.0}))
    monkeypatch.setattr(spans, "find_speech", lambda *_: Heard([], silent))
    if read:
        assert len(plan_spans(tmp_path / "talk.mp4", modalities, 16.0).spans) == 3
        assert ("no speech is heard" in caplog.text) is not silent
    else:
        with pytest.raises(InputError, match=r"nobody speaks|silent throughout"):
            plan_spans(tmp_path / "talk.mp4", modalities, 16.0)
