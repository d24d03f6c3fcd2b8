"""Beam search over batches: the same as alone, and the same as Hugging Face's."""

import json

import pytest
import torch
from tiny import DIMS, make_utterance, save_llm, save_other_llm, scramble
from transformers import GenerationConfig

from mavsr.errors import InputError
from mavsr.evaluation.beams import Sampler
from mavsr.evaluation.settings import DecodingSettings, SamplingSettings
from mavsr.evaluation.token_tree import TokenTree
from mavsr.evaluation.transcribe import plan_batches, transcribe
from mavsr.model.adapters.settings import MomeSettings
from mavsr.model.avsr import MatryoshkaModel
from mavsr.model.scales import Scale
from mavsr.model.sequence import pad_left

SCALE = Scale(2, 1)
CLIPS = [make_utterance(key, 3 + 4 * n) for n, key in enumerate("abcdefgh")]


@pytest.fixture
def model(settings_of):
    return scramble(MatryoshkaModel(settings_of(), DIMS)).eval()


def settings(beams, longest=8, **changes):
    return DecodingSettings(beams=beams, max_new_tokens=longest, **changes)


@torch.inference_mode()
def generate(model, clips, scale, beams, longest):
    """Hugging Face's beam search over the same inputs."""
    model.adapter.activate(scale)
    inputs, mask = pad_left(model.prefixes(clips, scale))
    end = model.tokenizer.eos_token_id
    output = model.llm.generate(
        inputs_embeds=inputs,
        attention_mask=mask,
        generation_config=GenerationConfig(
            num_beams=beams,
            do_sample=False,
            max_new_tokens=longest,
            eos_token_id=end,
            bos_token_id=model.tokenizer.bos_token_id,
            pad_token_id=end,
        ),
    )
    texts = model.tokenizer.batch_decode(
        output, skip_special_tokens=True, clean_up_tokenization_spaces=False
    )
    return [text.strip() for text in texts]


@pytest.mark.parametrize("beams", [1, 4, 15])
@pytest.mark.parametrize("longest", [3, 9])
def test_transcripts_are_those_of_generate(model, beams, longest):
    for scale in model.settings.scales:
        found = transcribe(model, CLIPS, scale, settings(beams, longest))
        assert found == generate(model, CLIPS, scale, beams, longest)


@pytest.mark.parametrize("end_bias", [0.0, 1.0, 2.0])
def test_they_are_where_hypotheses_end_early(model, end_bias):
    """An output head that likes the end token, so that rows leave the batch one by one."""
    head = model.llm.get_output_embeddings()
    bias = torch.zeros(head.weight.shape[0])
    bias[model.tokenizer.eos_token_id] = end_bias
    head.bias = torch.nn.Parameter(bias, requires_grad=False)
    found = transcribe(model, CLIPS, SCALE, settings(5, 12))
    assert found == generate(model, CLIPS, SCALE, 5, 12)
    if end_bias:
        assert len({len(text) for text in found}) > 1


@pytest.mark.parametrize("profile", ["deterministic", "paper"])
@pytest.mark.parametrize("beams", [1, 4, 15])
def test_transcripts_do_not_depend_on_the_batch(model, profile, beams):
    chosen = settings(beams, profile=profile)
    for scale in model.settings.scales:
        together = transcribe(model, CLIPS, scale, chosen)
        alone = [transcribe(model, [clip], scale, chosen)[0] for clip in CLIPS]
        turned = transcribe(model, CLIPS[::-1], scale, chosen)
        assert together == alone == turned[::-1]
        assert len(set(alone)) > 2, "the clips' transcripts are all alike; the test sees nothing"


def test_a_seed_and_a_key_decide_what_is_drawn(model):
    def drawn(seed):
        sampling = SamplingSettings(temperature=1.5, top_p=1.0, seed=seed)
        return transcribe(model, CLIPS, SCALE, settings(3, profile="paper", sampling=sampling))

    assert drawn(0) == drawn(0)
    assert drawn(0) != drawn(1)
    assert drawn(0) != transcribe(model, CLIPS, SCALE, settings(3))


def test_a_cold_sampler_takes_the_likeliest_token(model):
    cold = SamplingSettings(temperature=1e-4, top_p=1.0)
    found = transcribe(model, CLIPS, SCALE, settings(1, profile="paper", sampling=cold))
    assert found == transcribe(model, CLIPS, SCALE, settings(1))


def test_draws_follow_the_probabilities_and_never_leave_the_nucleus():
    logits = torch.log(torch.tensor([0.5, 0.25, 0.15, 0.07, 0.03])).expand(1, 1, 5)
    nucleus = torch.tensor([0.5, 0.25, 0.15, 0, 0])
    for top_k, top_p, power in ((50, 0.8, 1), (0, 0.8, 1), (3, 1.0, 1), (3, 1.0, 2)):
        sampling = SamplingSettings(temperature=1 / power, top_k=top_k, top_p=top_p)
        sampler = Sampler([3], sampling, torch.device("cpu"))
        first = [int(sampler(logits, torch.zeros(1, 1), 1, [0])[1]) for _ in range(3000)]
        shares = torch.bincount(torch.tensor(first), minlength=5) / len(first)
        expected = nucleus**power
        assert torch.allclose(shares, expected / expected.sum(), atol=0.03)


def test_the_papers_profile_has_what_llama_3_switches_on_in_the_public_code():
    """Llama 3's own generation settings, and for what they leave out, the library's."""
    ours = SamplingSettings()
    assert (ours.temperature, ours.top_p) == (0.6, 0.9)
    assert ours.top_k == GenerationConfig._get_default_generation_params()["top_k"]


def test_the_tree_predicts_what_a_plain_pass_predicts(model):
    """Leaves that share and swap parents see their own past and nothing else."""
    prefixes = model.prefixes(CLIPS[:3], SCALE)
    with torch.inference_mode():
        tree = TokenTree(model.llm, prefixes)
        tree.extend(torch.zeros(3, 2, dtype=torch.long), torch.tensor([[5, 6], [7, 8], [9, 10]]))
        tree.extend(torch.tensor([[1, 0], [0, 0], [1, 1]]), torch.tensor([[11, 12]] * 3))
        tree.keep(torch.tensor([0, 2]))
        tree.extend(torch.tensor([[1, 0], [0, 1]]), torch.tensor([[13, 14], [15, 16]]))
        pasts = {
            (0, 0): [5, 12, 13],
            (0, 1): [6, 11, 14],
            (1, 0): [10, 11, 15],
            (1, 1): [10, 12, 16],
        }
        embed = model.llm.get_input_embeddings()
        for (row, leaf), ids in pasts.items():
            inputs = torch.cat([prefixes[2 * row], embed(torch.tensor(ids))])
            expected = model.llm(inputs_embeds=inputs[None]).logits[0, -1]
            assert torch.allclose(tree.logits[row, leaf], expected, atol=1e-4)


def greedy(model, utterance, scale, count):
    """Arg-max decoding without a cache."""
    model.adapter.activate(scale)
    embed, ids = model.llm.get_input_embeddings(), []
    prefix = model.prefixes([utterance], scale)[0]
    while len(ids) < count:
        inputs = torch.cat([prefix, embed(torch.tensor(ids, dtype=torch.long))])
        ids.append(int(model.llm(inputs_embeds=inputs[None]).logits[0, -1].argmax()))
        if ids[-1] == model.tokenizer.eos_token_id:
            break
    return model.tokenizer.decode(ids, skip_special_tokens=True).strip()


@torch.inference_mode()
def test_one_beam_is_greedy_decoding(model, utterances):
    for scale in model.settings.scales:
        expected = [greedy(model, utterance, scale, 6) for utterance in utterances]
        assert transcribe(model, utterances, scale, settings(1, 6)) == expected


def test_more_beams_find_other_transcripts(model):
    one, six = (transcribe(model, CLIPS, SCALE, settings(beams)) for beams in (1, 6))
    assert one != six


@pytest.mark.parametrize("method", ["mome-mhsa", "mome-ffn", "mome-layer"])
def test_experts_transcribe_batches_as_single_clips(settings_of, method):
    lora = dict.fromkeys(("lora_rank", "lora_scale", "lora_targets"))
    mome = MomeSettings(routed=4, top_k=2, bottleneck=3)
    made = scramble(MatryoshkaModel(settings_of(method=method, mome=mome, **lora), DIMS)).eval()
    found = transcribe(made, CLIPS, SCALE, settings(4))
    assert found == [transcribe(made, [clip], SCALE, settings(4))[0] for clip in CLIPS]
    assert found == generate(made, CLIPS, SCALE, 4, 8)


def test_the_checkpoints_generation_settings_never_leak_in(
    settings_of, model, utterances, tmp_path
):
    model.save(tmp_path)
    folder = save_llm(tmp_path / "sampling")
    path = folder / "generation_config.json"
    content = json.loads(path.read_text())
    content |= {
        "do_sample": True,
        "temperature": 3.0,
        "top_k": 0,
        "top_p": 0.9,
        "repetition_penalty": 5.0,
        "length_penalty": -3.0,
        "no_repeat_ngram_size": 1,
        "min_new_tokens": 7,
        "suppress_tokens": list(range(200)),
    }
    path.write_text(json.dumps(content))
    other = MatryoshkaModel(settings_of(llm=str(folder)), DIMS).eval()
    other.load(tmp_path)
    for profile in ("deterministic", "paper"):
        chosen = settings(4, profile=profile)
        expected = transcribe(model, utterances, SCALE, chosen)
        assert transcribe(other, utterances, SCALE, chosen) == expected


def test_an_llm_in_bfloat16_transcribes(settings_of, utterances, tmp_path):
    folder = save_llm(tmp_path / "half", dtype=torch.bfloat16)
    half = MatryoshkaModel(settings_of(llm=str(folder)), DIMS).eval()
    for profile in ("deterministic", "paper"):
        found = transcribe(half, utterances, SCALE, settings(2, 4, profile=profile))
        assert len(found) == len(utterances)


WINDOWS = {
    "mistral": {"sliding_window": 48},
    "gemma3_text": {
        "sliding_window": 48,
        "head_dim": 8,
        "layer_types": ["sliding_attention", "full_attention"],
    },
}


@pytest.mark.parametrize("name", WINDOWS)
def test_beams_share_an_llm_with_a_sliding_window_until_a_sequence_outgrows_it(
    settings_of, tmp_path, name
):
    """All beams together have more tokens than the window, each by itself has fewer."""
    folder = str(save_other_llm(tmp_path / name, name, **WINDOWS[name]))
    made = scramble(MatryoshkaModel(settings_of(method="mtsk-ms", llm=folder), DIMS))
    fitting, longest = CLIPS[:2], Scale(4, 3)
    assert max(map(len, made.prefixes(fitting, longest))) + 8 <= 48
    found = transcribe(made, fitting, longest, settings(6))
    assert found == generate(made, fitting, longest, 6, 8)
    with pytest.raises(InputError, match=rf"tokens, and attention of the LLM \({name}\) sees 48"):
        transcribe(made, CLIPS, SCALE, settings(6))


def test_batches_keep_within_their_budget():
    lengths = {f"clip{n}": 5 + n % 7 for n in range(40)}
    chosen = settings(4, 10, batch_tokens=250)
    batches = plan_batches(lengths, chosen)
    assert sorted(key for batch in batches for key in batch) == sorted(lengths)
    for batch in batches:
        assert len(batch) * (max(lengths[key] for key in batch) + 40) <= 250
    assert len(batches) < 12
    assert [len(batch) for batch in plan_batches(lengths, settings(4, 10, batch_tokens=1))] == [
        1
    ] * 40
    assert plan_batches({}, chosen) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"profile": "greedy"}, "decoding.profile is 'greedy': choose 'deterministic' or"),
        ({"beams": 0}, "decoding.beams is 0"),
        ({"max_new_tokens": 0}, "decoding.max_new_tokens is 0"),
        ({"batch_tokens": 0}, "decoding.batch_tokens is 0"),
    ],
)
def test_settings_are_checked_when_made(changes, message):
    with pytest.raises(InputError, match=message):
        DecodingSettings(**changes)
    for wrong in ({"temperature": 0}, {"top_k": -1}, {"top_p": 0}, {"top_p": 1.1}):
        with pytest.raises(InputError, match=f"sampling.{next(iter(wrong))} is"):
            SamplingSettings(**wrong)
