"""A single file is judged as the clip of a corpus is, in the same words."""

import numpy as np
import pytest
from trees import manifest_row
from videos import write_mp4

from mavsr.errors import InputError
from mavsr.media import decode_audio
from mavsr.mouths.clip import CropSettings
from mavsr.mouths.crop import crop_clip
from mavsr.mouths.reel import held_memory
from mavsr.recognition.clip import read_clip

VOICE = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
BOTH = {"audio", "video"}
SETTINGS = CropSettings(detect_every=8)


def of_a_corpus(path, settings=SETTINGS):
    return crop_clip(manifest_row("a", path), settings, held_memory())


def upside_down(portrait):
    return portrait[:, ::-1, ::-1].copy(), VOICE


def half_a_face(portrait):
    """Black from the nose down."""
    frames = portrait.copy()
    frames[:, 105:] = 0
    return frames, VOICE


def with_a_gap(portrait):
    return portrait, VOICE[:1_000]


def silent(portrait):
    return portrait, 0 * VOICE


def cancelling(portrait):
    return portrait, np.stack([VOICE, -VOICE])


def without_audio(portrait):
    return portrait, None


@pytest.mark.parametrize(
    "kind", [upside_down, half_a_face, with_a_gap, silent, cancelling, without_audio]
)
def test_what_a_corpus_drops_is_not_transcribed(tmp_path, portrait, kind):
    path = write_mp4(tmp_path / "a.mp4", *kind(portrait[:25]))
    entry, fields = of_a_corpus(path)
    assert not fields and entry.reason
    with pytest.raises(InputError) as refused:
        read_clip(path, 0.0, None, BOTH, SETTINGS)
    assert str(refused.value) == entry.reason


def test_what_a_corpus_remarks_on_is_told(tmp_path, portrait, caplog):
    """The lower quarter of the crops lies below the frame."""
    path = write_mp4(tmp_path / "a.mp4", portrait[:25, :136].copy(), 0 * VOICE)
    settings = CropSettings(detect_every=8, audio="optional")
    entry, fields = of_a_corpus(path, settings)
    silence, border = entry.remarks.split("; ")
    assert silence == "the audio is silent throughout" and border.endswith("of the crop is black")
    caplog.clear()
    clip = read_clip(path, 0.0, None, BOTH, settings)
    assert clip["mkv"] == fields["mkv"]
    told = [record.getMessage() for record in caplog.records]
    assert [line.partition("look at it: ")[2] for line in told] == [silence, border]


def test_audio_that_nobody_hears_is_not_judged(tmp_path, portrait):
    path = write_mp4(tmp_path / "a.mp4", *silent(portrait[:25]))
    clip = read_clip(path, 0.0, None, {"video"}, SETTINGS)
    assert not decode_audio(clip["flac"]).any()


@pytest.mark.parametrize(("kind", "words"), [(silent, "silent"), (cancelling, "channels cancel")])
def test_a_model_that_only_hears_is_given_no_silence(tmp_path, portrait, kind, words):
    path = write_mp4(tmp_path / "a.mp4", None, kind(portrait)[1])
    with pytest.raises(InputError, match=words):
        read_clip(path, 0.0, None, {"audio"}, SETTINGS)
