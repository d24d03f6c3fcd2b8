"""What is heard of a clip, what is doubtful about it, and clips in which nothing is heard."""

import numpy as np
import pytest
import soundfile
from crops import make_crops, mp4_bytes
from odd_videos import late_after, write
from trees import manifest_row
from videos import write_mp4

from mavsr.errors import InputError
from mavsr.media import decode_audio
from mavsr.mouths.audio import read_heard
from mavsr.mouths.clip import CropSettings
from mavsr.mouths.crop import crop_clip
from mavsr.mouths.reel import held_memory
from mavsr.recognition.clip import read_clip
from mavsr.recognition.part import read_part
from mavsr.recognition.spans import Span

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
        assert np.abs(read_heard(path, 0.0, NEVER)[0]).max() > 0.05 * gain


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


@pytest.mark.parametrize("ready", [False, True])
@pytest.mark.parametrize("scale", [3.0, 32_768.0])
def test_audio_of_another_scale_is_scaled_down_with_a_remark(tmp_path, portrait, scale, ready):
    voice = VOICE / np.abs(VOICE).max()
    video = tmp_path / "a.mp4"
    if ready:
        video.write_bytes(mp4_bytes(make_crops(0, 50)))
    else:
        write_mp4(video, portrait)
    stored = {}
    for name, audio in {"plain": voice, "odd": scale * voice}.items():
        soundfile.write(tmp_path / f"{name}.wav", audio, 16_000, subtype="FLOAT")
        row = manifest_row(
            "a", video, audio=str(tmp_path / f"{name}.wav"), duration_s=2.0, version=""
        )
        entry, fields = crop_clip(row, CropSettings(ready=ready), held_memory())
        told = f"audio reaches {scale:,.1f} times full scale"
        assert entry.kept and (told in entry.remarks) == (name == "odd")
        stored[name] = decode_audio(fields["flac"])
    assert np.abs(stored["odd"] - stored["plain"]).max() <= 2**-15
    assert np.abs(stored["odd"]).max() > 0.99


def test_so_it_is_for_who_listens_to_a_file_alone(tmp_path, caplog):
    path = tmp_path / "a.wav"
    soundfile.write(path, 30 * VOICE / np.abs(VOICE).max(), 16_000, subtype="FLOAT")
    told = "audio reaches 30.0 times full scale"
    fields = read_clip(path, 0.0, None, {"audio"}, CropSettings())
    assert told in caplog.text
    part = read_part(path, Span(0.0, 2.0, 0.0, 2.0), {"audio"}, CropSettings())
    assert part.remarks == (told,) and part.fields == fields
    assert decode_audio(fields["flac"]).std() == pytest.approx((VOICE / np.abs(VOICE).max()).std())


def test_a_slight_overshoot_is_clipped_as_it_is(tmp_path):
    voice = 1.4 * VOICE / np.abs(VOICE).max()
    soundfile.write(tmp_path / "a.wav", voice, 16_000, subtype="FLOAT")
    heard, remarks = read_heard(tmp_path / "a.wav", 0.0, NEVER)
    assert np.array_equal(heard, voice) and not remarks


@pytest.mark.parametrize(("gap", "told"), [(0.5, ["no audio for 20 % of the time"]), (0.05, [])])
def test_holes_in_the_audio_are_remarked_on(tmp_path, gap, told):
    path = write(tmp_path / "a.mp4", None, VOICE[None], rate=16_000, change=late_after(1.0, gap))
    assert read_heard(path, 0.0, NEVER)[1] == told
    late = write(tmp_path / "b.mp4", None, VOICE[None], rate=16_000, change=late_after(0.0, 1.0))
    assert read_heard(late, 0.0, NEVER)[1] == []
