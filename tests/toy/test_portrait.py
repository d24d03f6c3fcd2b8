import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mavsr.errors import InputError
from mavsr.files import sha256
from mavsr.media import FRAME_RATE, SAMPLES_PER_FRAME, read_audio, read_video
from mavsr.toy.portrait import make as make_module
from mavsr.toy.portrait.clip import (
    articulate,
    clip_speaker,
    encode,
    make_clip,
    render,
    write_script,
)
from mavsr.toy.portrait.make import make
from mavsr.toy.portrait.sentences import GRAMMAR, is_test_sentence
from mavsr.toy.portrait.settings import PortraitSettings
from mavsr.toy.portrait.speakers import PHOTOGRAPHS, draw_speaker

SMALL = PortraitSettings(
    seed=3,
    trainval_speakers=2,
    test_speakers=1,
    trainval_clips=2,
    pretrain_clips=1,
    pretrain_sentences=2,
    test_clips=1,
)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("portrait")
    make(root / "tree", root / "listing.json", SMALL)
    return root


def read_words(path: Path) -> list[tuple[str, float, float]]:
    rows = [line.split() for line in path.read_text().splitlines()[4:]]
    return [(word, float(start), float(end)) for word, start, end, _ in rows]


def test_layout(corpus: Path) -> None:
    found = {str(p.relative_to(corpus / "tree")) for p in (corpus / "tree").rglob("*.*")}
    clips = {"pretrain/a000/00000", "trainval/a000/00000", "trainval/a001/00000", "test/t000/00000"}
    assert found == {f"{c}.{s}" for c in clips for s in ("mp4", "txt")} | {make_module.RECORD}


def test_clip_counts_are_totals_spread_over_speakers() -> None:
    names = PortraitSettings(trainval_clips=90, pretrain_clips=5, test_clips=15).clips()
    assert len(names) == len(set(names)) == 110
    per_speaker = [sum(n.startswith(f"trainval/a{s:03d}/") for n in names) for s in range(40)]
    assert set(per_speaker) == {2, 3}


def test_transcript_headings(corpus: Path) -> None:
    for path in (corpus / "tree").rglob("*.txt"):
        lines = path.read_text().splitlines()
        assert lines[0].startswith("Text:  ")
        assert lines[1:4] == ["Conf:  5", "", "WORD START END ASDSCORE"]
        words = lines[0].removeprefix("Text:  ").split()
        assert words == [word for word, _, _ in read_words(path)]
        assert len(words) == (12 if "pretrain" in path.parts else 6)
        for index, word in enumerate(words):
            assert word.lower() in GRAMMAR[index % 6]


def test_word_times_are_ordered_and_within_the_clip(corpus: Path) -> None:
    for path in (corpus / "tree").rglob("*.txt"):
        times = [time for _, start, end in read_words(path) for time in (start, end)]
        assert times == sorted(times)
        frames = len(read_video(path.with_suffix(".mp4")))
        assert times[0] >= 0.1
        assert times[-1] <= frames / FRAME_RATE - 0.09


def test_media_formats(corpus: Path) -> None:
    path = corpus / "tree/test/t000/00000.mp4"
    frames, sound = read_video(path), read_audio(path)
    assert frames.shape[1:] == (224, 224, 3)
    assert 1.5 * FRAME_RATE < len(frames) < 3.2 * FRAME_RATE
    assert 0 <= len(sound) - len(frames) * SAMPLES_PER_FRAME < 1024


def test_sound_and_picture_in_the_file_are_in_sync(corpus: Path) -> None:
    name = "test/t000/00000"
    script = write_script(SMALL, name)
    sound = read_audio(corpus / f"tree/{name}.mp4")[: len(script.audio)]
    spectrum = np.fft.rfft(sound) * np.conj(np.fft.rfft(script.audio))
    lag = int(np.argmax(np.fft.irfft(spectrum)))
    assert min(lag, len(sound) - lag) < 16

    frames = read_video(corpus / f"tree/{name}.mp4").astype(float)
    drawn = render(SMALL, name, script).astype(float)
    assert len(frames) == len(drawn)
    for index in (10, 25, 40):
        errors = [abs(frames[index] - drawn[other]).mean() for other in range(index - 2, index + 3)]
        assert np.argmin(errors) == 2


def test_words_begin_where_the_sound_does() -> None:
    # Sentences begin with b, l, p or s: silence before the first word, voice after it.
    for speaker in range(4):
        script = write_script(PortraitSettings(), f"trainval/a{speaker:03d}/00000")
        level = [
            float(np.sqrt(np.mean(piece**2)))
            for start, end in ((0.0, script.words[0].start), (script.words[0].start, 99.0))
            for piece in [script.audio[int(start * 16000) : int(min(end, start + 0.4) * 16000)]]
        ]
        assert level[0] < 0.002
        assert level[1] > 0.01
        tail = script.audio[int((script.words[-1].end + 0.03) * 16000) :]
        assert np.sqrt(np.mean(tail**2)) < 0.002


def test_lips_close_for_bilabials_and_open_for_vowels() -> None:
    closed, wide = [], []
    for number in range(6):
        name = f"trainval/a{number:03d}/00000"
        script = write_script(PortraitSettings(), name)
        opening = articulate(script, clip_speaker(PortraitSettings(), name))[:, 0]
        for phoneme in script.phonemes:
            during = opening[int(phoneme.start * 25) : int(phoneme.end * 25) + 1]
            if phoneme.name in ("b", "p", "m"):
                closed.append(during.min())
            if phoneme.name in ("aI", "aU"):
                wide.append(during.max())
    assert max(closed) < 0.15
    assert min(wide) > 0.5


def test_the_picture_moves_at_the_mouth_most() -> None:
    name = "trainval/a001/00000"
    frames = render(SMALL, name, write_script(SMALL, name)).astype(float).mean(-1)
    change = abs(np.diff(frames, axis=0)).mean(0)
    row, column = np.unravel_index(np.argmax(change.reshape(14, 16, 14, 16).mean((1, 3))), (14, 14))
    assert 6 <= row <= 10
    assert 4 <= column <= 9


def test_the_same_clip_has_the_same_bytes(corpus: Path) -> None:
    film, text = make_clip(SMALL, "trainval/a001/00000")
    assert film == (corpus / "tree/trainval/a001/00000.mp4").read_bytes()
    assert text == (corpus / "tree/trainval/a001/00000.txt").read_text()
    assert make_clip(replace(SMALL, seed=4), "trainval/a001/00000")[0] != film


def test_encoding_is_repeatable() -> None:
    random = np.random.default_rng(0)
    frames = random.integers(0, 255, (5, 224, 224, 3), dtype=np.uint8)
    sound = random.normal(0, 0.1, 5 * SAMPLES_PER_FRAME).astype(np.float32)
    assert encode(frames, sound) == encode(frames, sound)


def test_listing_holds_the_digests(corpus: Path) -> None:
    listing = json.loads((corpus / "listing.json").read_text())
    assert list(listing["clips"]) == sorted(SMALL.clips())
    for name, digests in listing["clips"].items():
        for suffix, digest in digests.items():
            assert digest == sha256(corpus / f"tree/{name}.{suffix}")


def test_a_killed_run_is_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = replace(SMALL, trainval_clips=1, pretrain_clips=0)
    make(tmp_path / "tree", tmp_path / "first.json", settings)
    kept = tmp_path / "tree/test/t000/00000.mp4"
    kept.write_bytes(b"finished earlier")
    (tmp_path / "tree/trainval/a000/00000.txt").unlink()
    make(tmp_path / "tree", tmp_path / "second.json", settings)
    assert kept.read_bytes() == b"finished earlier"
    assert (tmp_path / "tree/trainval/a000/00000.txt").is_file()


def test_other_settings_start_afresh(tmp_path: Path) -> None:
    settings = replace(SMALL, trainval_clips=0, pretrain_clips=0)
    make(tmp_path / "tree", tmp_path / "first.json", settings)
    first = (tmp_path / "tree/test/t000/00000.mp4").read_bytes()
    make(tmp_path / "tree", tmp_path / "second.json", replace(settings, seed=9))
    assert (tmp_path / "tree/test/t000/00000.mp4").read_bytes() != first


def test_a_foreign_tree_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "pretrain").mkdir()
    with pytest.raises(InputError, match="not made by this command"):
        make(tmp_path, tmp_path / "listing.json", SMALL)
    assert (tmp_path / "pretrain").is_dir()


def test_training_and_test_share_no_voice_and_no_sentence() -> None:
    training = [draw_speaker(0, number, test=False) for number in range(40)]
    test = [draw_speaker(0, number, test=True) for number in range(10)]
    assert not {s.voice for s in training} & {s.voice for s in test}
    assert not {s.name for s in training} & {s.name for s in test}
    for speakers in (training, test):
        assert {s.photograph for s in speakers} == set(PHOTOGRAPHS)
    for name in ("pretrain/a000/00001", "trainval/a001/00002", "test/t000/00003"):
        words = [word.name for word in write_script(SMALL, name).words]
        for start in range(0, len(words), 6):
            assert is_test_sentence(tuple(words[start : start + 6])) == name.startswith("test")


@pytest.mark.parametrize(
    ("key", "value"), [("test_speakers", 0), ("test_clips", -1), ("pretrain_sentences", 21)]
)
def test_settings_are_checked(key: str, value: int) -> None:
    with pytest.raises(InputError, match=f"{key} is {value}"):
        PortraitSettings(**{key: value})


def test_there_are_not_more_speakers_than_voices() -> None:
    with pytest.raises(InputError, match="is 105; give at most 104"):
        PortraitSettings(trainval_speakers=95, test_speakers=10)


def test_a_process_of_its_own_makes_the_same_bytes(corpus: Path, tmp_path: Path) -> None:
    make(tmp_path / "tree", tmp_path / "listing.json", SMALL, workers=2)
    assert (tmp_path / "listing.json").read_bytes() == (corpus / "listing.json").read_bytes()
