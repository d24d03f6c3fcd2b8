"""What is kept of a beam search: n-best transcripts and the log-probabilities of their parts."""

import math

import pytest
import torch
from tiny import DIMS, make_utterance, scramble

from mavsr.evaluation.beams import Ending
from mavsr.evaluation.hypotheses import Recognised, line_of, read_hypotheses, write_hypotheses
from mavsr.evaluation.recognised import NEVER, recognised
from mavsr.evaluation.settings import DecodingSettings
from mavsr.evaluation.transcribe import _search, hypotheses, recognise, transcribe
from mavsr.model.avsr import MatryoshkaModel
from mavsr.model.scales import Scale

SCALE = Scale(2, 1)
CLIPS = [make_utterance(key, 3 + 4 * n) for n, key in enumerate("abcdef")]
PIECES = {1: " bin", 2: " blue", 3: "s", 4: " ", 5: "\ufffd"}


@pytest.fixture
def model(settings_of):
    made = scramble(MatryoshkaModel(settings_of(), DIMS)).eval()
    head = made.llm.get_output_embeddings()  # one that likes to end, so that searches end early
    bias = torch.zeros(head.weight.shape[0])
    bias[made.tokenizer.eos_token_id] = 3.0
    head.bias = torch.nn.Parameter(bias, requires_grad=False)
    return made


def text_of(tokens):
    return "".join(PIECES[token] for token in tokens).strip()


@torch.inference_mode()
def test_log_probabilities_are_those_of_a_plain_pass_over_the_transcript(model):
    chosen = DecodingSettings(beams=4, max_new_tokens=8)
    searched = _search(model, CLIPS, SCALE, chosen)
    end, lengths = model.tokenizer.eos_token_id, set()
    for clip, found in zip(CLIPS, searched, strict=True):
        [prefix] = model.prefixes([clip], SCALE)
        assert [h.score for h in found] == sorted((h.score for h in found), reverse=True)
        for hypothesis in found:
            ids = [*hypothesis.tokens, end][: len(hypothesis.log_probabilities)]
            inputs = torch.cat([prefix, model.embed(ids[:-1])])
            logits = model.llm(inputs_embeds=inputs[None]).logits[0, len(prefix) - 1 :]
            expected = logits.log_softmax(-1)[range(len(ids)), ids]
            assert hypothesis.log_probabilities == pytest.approx(expected.tolist(), abs=1e-4)
            mean = sum(hypothesis.log_probabilities) / len(ids)
            assert hypothesis.score == pytest.approx(mean, abs=1e-5)
            lengths.add(len(ids))
    assert len(lengths) > 2, "all hypotheses are equally long; the test sees too little"


def test_the_best_of_n_is_the_transcript_and_words_add_up_to_it_but_for_the_end(model):
    chosen = DecodingSettings(beams=4, max_new_tokens=8, nbest=3)
    found = recognise(model, CLIPS, SCALE, chosen)
    assert [one.text for one in found] == transcribe(model, CLIPS, SCALE, chosen)
    for one in found:
        assert one.nbest[0] == (one.text, one.log_probability)
        assert 1 <= len(one.nbest) <= 3
        assert len({text for text, _ in one.nbest}) == len(one.nbest)
        assert len(one.words) == len(one.text.split())
        assert sum(one.words) >= one.log_probability - 0.01
        assert all(value <= 0 for value in one.words)


def test_probabilities_of_words_are_those_of_the_search(model):
    chosen = DecodingSettings(beams=4, max_new_tokens=8)
    told = recognise(model, CLIPS, SCALE, chosen)
    for one, other in zip(hypotheses(model, CLIPS, SCALE, chosen), told, strict=True):
        assert one.text == other.text
        assert one.words == pytest.approx([math.exp(value) for value in other.words], abs=1e-3)
    assert any(len(one.words) > 1 for one in told)


def test_nbest_and_scores_do_not_depend_on_the_batch(model):
    chosen = DecodingSettings(beams=3, max_new_tokens=6)
    together = recognise(model, CLIPS, SCALE, chosen)
    alone = [recognise(model, [clip], SCALE, chosen)[0] for clip in CLIPS]
    for one, other in zip(together, alone, strict=True):
        assert [text for text, _ in one.nbest] == [text for text, _ in other.nbest]
        assert one.words == pytest.approx(other.words, abs=2e-3)


def test_pieces_and_blanks_belong_to_the_word_they_end():
    best = Ending(-0.5, [1, 2, 3, 4], [-0.1, -0.2, -0.3, -0.4, -0.5])
    again = Ending(-0.6, [1, 2, 3], [-0.1, -0.2, -0.3, -1.8])
    found = recognised(text_of, [best, again, Ending(-0.7, [1], [-0.1, -1.3])], 5)
    assert found == Recognised(
        "bin blues", -1.5, [-0.1, -0.9], [("bin blues", -1.5), ("bin", -1.4)]
    )


def test_a_letter_of_several_tokens_and_nothing_at_all():
    cut = Ending(-0.5, [5, 5], [-0.1, -0.2])  # cut at the longest: no end token
    assert recognised(text_of, [cut], 1).words == [-0.3]
    assert recognised(text_of, [Ending(-0.5, [], [-0.5])], 1) == Recognised(
        "", -0.5, [], [("", -0.5)]
    )
    assert recognised(text_of, [], 1) == Recognised("", NEVER, [], [("", NEVER)])


def test_they_come_back_from_a_file_and_older_lines_have_none(tmp_path):
    from evaluated import SIDECAR

    one = Recognised("a b", -1.5, [-0.5, -0.75], [("a b", -1.5), ("a", -2.0)])
    lines = [line_of("k", "a b c", one, 31), {"key": "old", "reference": "a", "hypothesis": "a"}]
    write_hypotheses(tmp_path / "a4_v2.jsonl", lines, SIDECAR)
    read = read_hypotheses(tmp_path / "a4_v2.jsonl")
    assert read.found == {"k": one}
    assert read.tokens == {"k": 31}
    assert read.texts == {"k": "a b", "old": "a"}
