"""Audio in which nothing is heard drops a clip, or becomes silence where a model only sees."""

import numpy as np
import pytest
import soundfile
from trees import manifest_row
from videos import write_mp4

from mavsr.errors import InputError
from mavsr.media import decode_audio
from mavsr.mouths.audio import read_heard
from mavsr.mouths.clip import CropSettings
from mavsr.mouths.crop import crop_clip
from mavsr.mouths.reel import held_memory

VOICE = np.random.default_rng(0).normal(0, 0.1, 32_000).astype(np.float32)
NEVER = float("nan")


def result(path, **settings):
    return crop_clip(
        manifest_row("a", path, duration_s=2.0), CropSettings(**settings), held_memory()
    )


KINDS = {
    "no audio track": None,
    "the audio is silent throughout": np.zeros(32_000, np.float32),
    "the channels cancel": np.stack([VOICE, -VOICE]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_silence_is_dropped_by_its_kind_or_kept_for_models_that_only_see(tmp_path, portrait, kind):
    path = write_mp4(tmp_path / "a.mp4", portrait, KINDS[kind])
    entry, fields = result(path)
    assert not fields and f"a.mp4: {kind}" in entry.reason
    entry, fields = result(path, audio="optional")
    assert entry.kept and entry.remarks.startswith(kind)
    audio = decode_audio(fields["flac"])
    assert audio.shape == (32_000,) and not audio.any()


@pytest.mark.parametrize("gain", [1.0, 0.02])
def test_a_voice_is_heard_on_one_channel_or_two_and_however_quiet(tmp_path, gain):
    for number, channels in enumerate((VOICE, [VOICE, VOICE], [VOICE, 0 * VOICE])):
        path = write_mp4(tmp_path / f"{number}.mp4", None, gain * np.array(channels))
        assert np.abs(read_heard(path, 0.0, NEVER)).max() > 0.05 * gain


@pytest.mark.parametrize("rate", [16_000, 44_100])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_samples_that_are_no_numbers_are_refused_by_name(tmp_path, rate, value):
    voice = VOICE.copy()
    voice[500] = value
    soundfile.write(tmp_path / "a.wav", voice, rate, subtype="FLOAT")
    with pytest.raises(InputError, match=r"a.wav: the audio holds samples that are no numbers"):
        read_heard(tmp_path / "a.wav", 0.0, NEVER)


def test_a_damaged_file_is_not_called_silent_even_where_audio_is_optional(tmp_path, portrait):
    path = write_mp4(tmp_path / "a.mp4", portrait, VOICE)
    path.write_bytes(path.read_bytes()[:2000])
    entry, fields = result(path, audio="optional")
    assert not fields and "cannot be read" in entry.reason
    with pytest.raises(InputError, match="audio is 'maybe'"):
        CropSettings(audio="maybe")
