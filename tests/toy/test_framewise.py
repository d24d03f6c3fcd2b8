import pandas as pd
import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from trees import manifest_row

from mavsr.corpus.manifest import write_manifest
from mavsr.corpus.transcripts import Word
from mavsr.toy.framewise import (
    SILENCE,
    Example,
    FramewiseSettings,
    Labeller,
    tokens_right,
    train_framewise,
    word_times,
)

WORDS = [Word("two", 0.2, 0.4), Word("one", 0.4, 0.6)]


def test_tokens_are_labelled_by_the_word_that_is_spoken():
    labeller = Labeller([WORDS, [Word("three", 0, 1)]])
    assert len(labeller) == 4
    one, three, two = (labeller.numbers[word] for word in ("one", "three", "two"))
    assert sorted([one, three, two]) == [1, 2, 3]
    labels = labeller.label(WORDS, 20, 25)
    assert labels.tolist() == [SILENCE] * 5 + [two] * 5 + [one] * 5 + [SILENCE] * 5
    assert labeller.label(WORDS, 12, 25).tolist() == [SILENCE] * 5 + [two] * 5 + [one] * 2
    unknown = [Word("four", 0.0, 0.4)]
    assert labeller.label(unknown, 4, 10).tolist() == [SILENCE] * 4


def test_parts_of_a_word_have_labels_of_their_own():
    labeller = Labeller([WORDS], parts=3)
    assert len(labeller) == 7
    one, two = (1 + 3 * (labeller.numbers[word] - 1) for word in ("one", "two"))
    labels = labeller.label(WORDS, 18, 30).tolist()
    assert labels[6:12] == [two, two, two + 1, two + 1, two + 2, two + 2]
    assert labels[12:] == [one, one, one + 1, one + 1, one + 2, one + 2]
    cut = [Word("two", -0.1, 0.2), Word("one", 0.2, 9.0)]  # the clip starts and ends within words
    labels = labeller.label(cut, 9, 30).tolist()
    assert labels == [two + 1, two + 1, two + 1, two + 2, two + 2, two + 2, one, one, one]


@pytest.mark.parametrize(("start", "seconds", "expected"), [(0.0, 1.0, 2), (0.4, 0.3, 1)])
def test_word_times_count_from_the_clips_start(tmp_path, start, seconds, expected):
    lines = ["Text:  TWO ONE", "", "WORD START END ASDSCORE", "TWO 0.2 0.4 1", "ONE 0.4 0.6 1"]
    (tmp_path / "x.txt").write_text("\n".join(lines))
    times = {"start": start, "end": start + seconds, "duration_s": seconds}
    row = manifest_row("k", tmp_path / "x.mp4", text="two one", **times)
    write_manifest(tmp_path / "train.parquet", pd.DataFrame([row]))
    words = word_times(tmp_path / "train.parquet")["k"]
    assert len(words) == expected
    assert words[-1].text == "one"
    assert words[-1].start == pytest.approx(0.4 - start)


def made_up(clips):
    """Tokens whose value gives the label away."""
    draw = torch.Generator().manual_seed(0)
    examples = []
    for n in range(clips):
        labels = torch.randint(0, 3, (5 + n % 4,), generator=draw)
        noise = 0.1 * torch.randn(len(labels), 3, generator=draw)
        examples.append(Example(nn.functional.one_hot(labels, 3) + noise, labels))
    return examples


def test_training_learns_what_can_be_learnt():
    torch.manual_seed(0)
    encoder, head, examples = nn.Linear(3, 8), nn.Linear(8, 3), made_up(24)

    def encode(batch):
        return encoder(pad_sequence([e.inputs for e in batch], batch_first=True))

    before = tokens_right(encode, head, examples)
    settings = FramewiseSettings(epochs=30, learning_rate=0.05, batch=8)
    labels = [example.labels for example in examples]
    train_framewise(encoder, encode, head, labels, lambda _, n: examples[n].inputs, settings, 0)
    assert not encoder.training
    assert before < 0.9
    assert tokens_right(encode, head, examples) > 0.98
