"""Names that FFmpeg would take for something else than files."""

from pathlib import Path

import av
import numpy as np
import pytest
from crops import make_crops
from videos import write_mp4

from mavsr.corpus.crop_files import probe_crops
from mavsr.corpus.export import write_mp4 as write_crops
from mavsr.media import measure, read_audio, read_video
from mavsr.mouths.audio import has_audio
from mavsr.recognition.cues import Cue
from mavsr.recognition.subtitled import burn, mux
from mavsr.toy.portrait.talk import make_talk

NAMES = ["12:30 talk.mp4", "12:30/talk.mp4", "file:x.mp4"]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("12:30").mkdir()
    return tmp_path


@pytest.mark.parametrize("name", NAMES)
def test_a_colon_does_not_end_a_protocol(here, portrait, name):
    noise = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
    video = write_mp4(here / "plain.mp4", portrait[:25], noise)
    video.rename(here / name)
    assert len(read_video(Path(name))) == 25
    assert len(read_audio(Path(name))) == pytest.approx(16_000, abs=3000)
    assert set(measure(Path(name)).ends) == {"audio", "video"}
    for write in (burn, mux):
        output = Path("12:30", f"{write.__name__}.mp4")
        write(Path(name), [Cue(0.2, 0.8, "set red")], output)
        assert len(read_video(output)) == 25


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_track_is_seen_in_such_a_file(here, portrait, name):
    write_mp4(here / "plain.mp4", portrait[:5]).rename(here / name)
    assert not has_audio(Path(name))


@pytest.mark.parametrize("name", NAMES)
def test_crops_and_talks_are_written_to_such_files(name):
    write_crops(Path(name), make_crops(0), 23)
    assert probe_crops(Path(name), name).frames == len(make_crops(0))
    make_talk(Path("12:30", "talk.mp4"), 3.0)
    with av.open(str(Path("12:30", "talk.mp4").absolute())) as container:
        assert container.streams.video and container.streams.audio
