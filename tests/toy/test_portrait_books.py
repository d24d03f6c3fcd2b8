"""The embedded corpus' second text: ordinary English; no test sentence is trained on."""

from dataclasses import replace

import numpy as np
import pytest

from mavsr.errors import InputError
from mavsr.seeds import generator
from mavsr.toy.portrait import books
from mavsr.toy.portrait.books import draw_book_sentence, sentences
from mavsr.toy.portrait.clip import make_clip, write_script
from mavsr.toy.portrait.settings import PortraitSettings
from mavsr.toy.portrait.speakers import ACCENTS
from mavsr.toy.portrait.speech import speak
from mavsr.toy.portrait.visemes import mouth_shapes

SETTINGS = PortraitSettings(
    text="books", trainval_speakers=2, test_speakers=1, trainval_clips=2, pretrain_clips=1
)


def triples(sentence):
    return {sentence[start : start + 3] for start in range(len(sentence) - 2)}


def test_no_three_words_in_a_row_of_a_test_sentence_are_trained_on_but_each_word_is():
    heard = {triple for sentence in sentences("train") for triple in triples(sentence)}
    words = {word for sentence in sentences("train") for word in sentence}
    for sentence in sentences("test"):
        assert not triples(sentence) & heard and set(sentence) <= words
    assert len(sentences("train")) > 1500 and len(sentences("test")) > 200
    for part in ("train", "test"):
        found = sentences(part)
        assert list(found) == sorted(set(found), key=" ".join)
        assert {len(sentence) for sentence in found} == {5, 6, 7, 8, 9}
        assert "".join(sorted(set("".join(map("".join, found))) - {"'"})).isalpha()


def test_clips_say_sentences_of_their_split():
    for name, part in (("trainval/a000/00000", "train"), ("test/t000/00000", "test")):
        film, text = make_clip(SETTINGS, name)
        said = tuple(text.splitlines()[0].removeprefix("Text:  ").lower().split())
        assert said in sentences(part)
        assert len(film) > 10_000
    script = write_script(SETTINGS, "pretrain/a000/00000")
    assert len(script.words) >= 5 * SETTINGS.pretrain_sentences


def test_the_text_changes_nothing_else_of_a_speaker():
    grid, english = replace(SETTINGS, text="grid"), SETTINGS
    assert grid.clips() == english.clips()
    scripts = [write_script(s, "trainval/a001/00000") for s in (grid, english)]
    assert scripts[0].words[0].name != scripts[1].words[0].name


def test_draws_go_over_the_whole_text():
    random = generator("test")
    drawn = {draw_book_sentence(random, test=True) for _ in range(2000)}
    assert drawn == set(sentences("test"))


@pytest.mark.parametrize("accent", ACCENTS)
def test_every_word_can_be_spoken_and_shown(accent):
    words = sorted({word for part in ("train", "test") for s in sentences(part) for word in s})
    for start in range(0, len(words), 12):
        some = tuple(words[start : start + 12])
        speech = speak(some, f"{accent}+m1", 150, 50, 0, letters=False)
        assert [word.name for word in speech.words] == list(some)
        assert all(word.end > word.start for word in speech.words)
        assert np.isfinite(mouth_shapes(speech.phonemes, np.linspace(0, 1, 5))).all()


def test_words_that_are_spoken_as_one_share_its_time():
    speech = speak(("she", "came", "from", "the", "garden"), "gmw/en", 130, 50, 0, letters=False)
    edges = [time for word in speech.words for time in (word.start, word.end)]
    assert edges == sorted(edges)
    starts = {word.name: word.start for word in speech.words}
    share = (starts["the"] - starts["from"]) / (starts["garden"] - starts["from"])
    assert share == pytest.approx(5 / 9)


def test_the_article_is_no_letter():
    article, letter = (speak(("a", "door"), "gmw/en", 130, 50, 0, letters=x) for x in (False, True))
    assert letter.phonemes[0].name == "eI" != article.phonemes[0].name


def test_another_text_is_refused(tmp_path, monkeypatch):
    (tmp_path / "train.txt").write_text("not the text\n")
    monkeypatch.setattr(books, "FOLDER", tmp_path)
    sentences.cache_clear()
    try:
        for part in ("train", "test"):
            with pytest.raises(InputError, match=rf"{part}.txt is not the file of this version"):
                sentences(part)
    finally:
        sentences.cache_clear()
