import shutil

import pytest
import safetensors.torch
import torch
from tiny import DIMS, save_llm, save_other_llm, scramble
from torch.nn import functional as F
from transformers import PreTrainedTokenizerFast

from mavsr.errors import InputError
from mavsr.model.avsr import MatryoshkaModel, Utterance
from mavsr.model.compression import compress
from mavsr.model.llm import load_llm
from mavsr.model.scales import Scale
from mavsr.model.sequence import PROMPTS, pad_left, pad_right

SCALE = Scale(4, 3)
RECURRENT = {
    "lfm2": {"layer_types": ["conv", "full_attention"]},
    "qwen3_next": {"layer_types": ["linear_attention", "full_attention"], "head_dim": 8},
    "mamba": {},
}


@pytest.fixture
def model(settings_of):
    return scramble(MatryoshkaModel(settings_of(), DIMS)).eval()


def by_hand(model, utterance, scale):
    """BOS <audio> A </audio> <video> V </video> prompt, as embeddings (L, hidden)."""
    embed = model.llm.get_input_embeddings()
    markers = iter(model.markers)
    parts = [embed(torch.tensor([model.tokenizer.bos_token_id]))]
    for modality in ("audio", "video"):
        rate = getattr(scale, modality)
        opening, closing = next(markers), next(markers)
        if rate is not None:
            tokens = compress(utterance.tokens[modality], rate, model.settings.compression)
            projected = model.projectors[f"{modality}_{rate}"](tokens)
            parts += [opening[None], projected, closing[None]]
    prompt = model.tokenizer(PROMPTS[model.settings.task], add_special_tokens=False)["input_ids"]
    return torch.cat([*parts, embed(torch.tensor(prompt))])


@pytest.mark.parametrize(
    ("task", "scale"), [("avsr", Scale(4, 3)), ("asr", Scale(4)), ("vsr", Scale(video=3))]
)
@pytest.mark.parametrize("compression", ["avgpool", "stack"])
def test_prefixes_are_bos_marked_tokens_and_prompt(
    settings_of, utterances, task, scale, compression
):
    settings = settings_of(task=task, compression=compression)
    model = MatryoshkaModel(settings, DIMS).eval()
    for utterance, prefix in zip(utterances, model.prefixes(utterances, scale), strict=True):
        torch.testing.assert_close(prefix, by_hand(model, utterance, scale))
        tokens = sum(max(len(utterance.tokens[m]) // rate, 1) for m, rate in scale.rates.items())
        prompt = len(model.tokenizer(PROMPTS[task], add_special_tokens=False)["input_ids"])
        assert len(prefix) == 1 + tokens + 2 * len(scale.rates) + prompt


def test_prompts_and_markers_are_those_of_the_public_code():
    assert PROMPTS["avsr"] == "Transcribe speech and video to text."
    assert (PROMPTS["asr"], PROMPTS["vsr"]) == (
        "Transcribe speech to text.",
        "Transcribe video to text.",
    )


IGNORED = -100
"""Hugging Face's label of positions that carry no loss."""


def full_loss(model, batch, scale):
    """Hugging Face's own loss over all positions of a right-padded batch."""
    model.adapter.activate(scale)
    embed = model.llm.get_input_embeddings()
    rows, labels = [], []
    for utterance in batch:
        prefix = by_hand(model, utterance, scale)
        ids = model.tokenizer(utterance.text, add_special_tokens=False)["input_ids"]
        ids = torch.tensor([*ids, model.tokenizer.eos_token_id])
        rows.append(torch.cat([prefix, embed(ids)]))
        labels.append(torch.cat([torch.full((len(prefix),), IGNORED), ids]))
    longest = max(map(len, rows))
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    inputs = torch.stack([F.pad(row, (0, 0, 0, longest - len(row))) for row in rows])
    padded = torch.stack([F.pad(x, (0, longest - len(x)), value=IGNORED) for x in labels])
    return model.llm(inputs_embeds=inputs, attention_mask=mask, labels=padded).loss


@pytest.mark.parametrize("scale", [Scale(2, 1), Scale(4, 3)], ids=lambda s: s.name)
@pytest.mark.parametrize("method", ["mtsk-ms", "mtsk-ss", "mtsk-mss"])
def test_the_loss_is_that_of_full_logits(settings_of, utterances, method, scale):
    model = scramble(MatryoshkaModel(settings_of(method=method), DIMS)).eval()
    loss, expected = model.loss(utterances, scale), full_loss(model, utterances, scale)
    assert abs(loss.item() - expected.item()) < 1e-5
    gradients = [
        torch.autograd.grad(value, model.projectors.parameters(), allow_unused=True)
        for value in (loss, expected)
    ]
    assert any(gradient is not None for gradient in gradients[0])
    for ours, theirs in zip(*gradients, strict=True):
        assert (ours is None) == (theirs is None)
        if ours is not None:
            torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)


def test_padding_does_not_change_the_loss(model, utterances):
    single = [model.loss([utterance], SCALE).item() for utterance in utterances]
    counts = [len(model.tokenizer(u.text)["input_ids"]) + 1 for u in utterances]
    mean = sum(n * loss for n, loss in zip(counts, single, strict=True)) / sum(counts)
    assert model.loss(utterances, SCALE).item() == pytest.approx(mean, abs=1e-5)
    assert max(single) - min(single) > 0.01


def test_the_loss_depends_on_what_is_heard_and_seen(model, utterances):
    for modality in ("audio", "video"):
        clip = utterances[0]
        other = {**clip.tokens, modality: clip.tokens[modality] + 1}
        changed = Utterance(clip.key, clip.text, other)
        assert abs(model.loss([clip], SCALE) - model.loss([changed], SCALE)) > 1e-4


def test_only_projectors_and_loras_are_trained(model, utterances):
    for scale in model.settings.scales:
        model.loss(utterances, scale).backward()
    trained = {id(parameter) for parameter in model.trainable()}
    for name, parameter in model.named_parameters():
        assert (parameter.grad is not None) == (id(parameter) in trained), name
        assert (id(parameter) in trained) == (".lora_" in name or name.startswith("projectors."))
    assert model.markers.grad is None
    assert not model.markers.requires_grad


def test_a_model_that_is_pooled_at_test_time_has_one_projector_for_all_rates(
    settings_of, utterances
):
    settings = settings_of(method="avgpool-at-inference", audio_rates=(1,), video_rates=(1,))
    model = scramble(MatryoshkaModel(settings, DIMS)).eval()
    assert set(model.projectors) == {"audio_1", "video_1"}
    clip, scale = utterances[0], Scale(8, 3)
    prefix = model.prefixes([clip], scale)[0]
    pooled = {m: compress(clip.tokens[m], rate) for m, rate in scale.rates.items()}
    expected = model.prefixes([Utterance(clip.key, clip.text, pooled)], Scale(1, 1))[0]
    torch.testing.assert_close(prefix, expected)
    model.adapter.activate(scale)
    with pytest.raises(InputError, match="scale a4 does not fit the task avsr"):
        model.adapter.activate(Scale(4))


def test_one_scale_trains_its_own_projectors_alone(model, utterances):
    model.loss(utterances, Scale(4, 1)).backward()
    reached = {
        name for name, p in model.projectors.named_children() if p[0].weight.grad is not None
    }
    assert reached == {"audio_4", "video_1"}


def test_stacked_tokens_and_a_layer_norm_change_the_projectors_shape(settings_of):
    model = MatryoshkaModel(settings_of(compression="stack", projector_layer_norm=True), DIMS)
    assert model.projectors["audio_4"][0].weight.shape == (12, 4 * DIMS["audio"])
    assert isinstance(model.projectors["audio_4"][-1], torch.nn.LayerNorm)


def test_the_seed_decides_every_weight_that_is_drawn(settings_of):
    first, again, other = (MatryoshkaModel(settings_of(seed=seed), DIMS) for seed in (0, 0, 1))
    assert torch.equal(first.markers, again.markers)
    assert first.markers.std().item() == pytest.approx(0.02, rel=0.3)  # as a Llama's embeddings
    assert not torch.equal(first.markers, other.markers)
    pairs = list(zip(first.trainable(), again.trainable(), other.trainable(), strict=True))
    assert all(torch.equal(a, b) for a, b, _ in pairs)
    assert sum(not torch.equal(a, c) for a, _, c in pairs) > len(pairs) / 3  # LoRA's B is zero


def test_a_saved_model_says_the_same(settings_of, model, utterances, tmp_path):
    model.save(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"adapters", "projectors.safetensors"}
    other = MatryoshkaModel(settings_of(seed=7), DIMS).eval()
    assert abs(other.loss(utterances, SCALE) - model.loss(utterances, SCALE)) > 1e-3
    other.load(tmp_path)
    for scale in model.settings.scales:
        assert other.loss(utterances, scale) == model.loss(utterances, scale)


def test_loading_names_what_does_not_fit(settings_of, model, tmp_path):
    with pytest.raises(InputError, match=r"projectors.safetensors is missing"):
        model.load(tmp_path)
    model.save(tmp_path)
    other = MatryoshkaModel(settings_of(projector_hidden=5), DIMS)
    with pytest.raises(InputError, match=r"projectors.safetensors does not fit"):
        other.load(tmp_path)
    tensors = safetensors.torch.load_file(tmp_path / "projectors.safetensors")
    del tensors["markers"]
    safetensors.torch.save_file(tensors, tmp_path / "projectors.safetensors")
    with pytest.raises(InputError, match="markers"):
        model.load(tmp_path)


def test_an_llm_of_the_same_shape_but_other_weights_is_refused(settings_of, model, tmp_path):
    model.save(tmp_path / "model")
    llm = load_llm(model.settings.llm)[0]
    llm.get_decoder().layers[1].mlp.up_proj.weight.data[0, 0] += 1
    folder = save_llm(tmp_path / "llm")
    llm.save_pretrained(folder)
    other = MatryoshkaModel(settings_of(llm=str(folder)), DIMS)
    with pytest.raises(InputError, match=r"over another LLM than .*llm is now.*make the model"):
        other.load(tmp_path / "model")


def test_a_missing_llm_is_named(settings_of, tmp_path):
    with pytest.raises(InputError, match=f"'{tmp_path}/nothing' cannot be loaded"):
        MatryoshkaModel(settings_of(llm=f"{tmp_path}/nothing"), DIMS)


@pytest.mark.parametrize("lost", ["config.json", "tokenizer.json", "model.safetensors"])
def test_so_is_a_folder_that_has_lost_a_file(llm_folder, tmp_path, lost):
    folder = shutil.copytree(llm_folder, tmp_path / "llm")
    (folder / lost).unlink()
    with pytest.raises(InputError, match=f"'{folder}' cannot be loaded"):
        load_llm(str(folder))


def test_an_llm_whose_texts_have_no_end_is_refused(llm_folder, tmp_path):
    folder = shutil.copytree(llm_folder, tmp_path / "llm")
    PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json")).save_pretrained(folder)
    with pytest.raises(InputError, match=f"'{folder}' has no EOS token.*tokenizer_config.json"):
        load_llm(str(folder))


@pytest.mark.parametrize("name", RECURRENT)
def test_an_llm_with_recurrent_layers_is_refused(tmp_path, name):
    folder = save_other_llm(tmp_path / name, name, **RECURRENT[name])
    with pytest.raises(InputError, match=rf"'{folder}' \({name}\) has recurrent.*such as Llama"):
        load_llm(str(folder))


def test_an_llm_in_bfloat16_trains(settings_of, utterances, tmp_path):
    folder = save_llm(tmp_path / "half", dtype=torch.bfloat16)
    model = MatryoshkaModel(settings_of(llm=str(folder)), DIMS)
    assert next(model.llm.parameters()).dtype is torch.bfloat16
    assert all(p.dtype is torch.float32 for p in model.trainable())
    model.loss(utterances, SCALE).backward()
    assert all(torch.isfinite(p.grad).all() for p in model.trainable() if p.grad is not None)


def test_padding_goes_where_it_should():
    rows = [torch.full((n, 2), float(n)) for n in (1, 3)]
    right = pad_right(rows)
    assert right[0, :, 0].tolist() == [1, 0, 0]
    left, mask = pad_left(rows)
    assert left[:, :, 0].tolist() == [[0, 0, 1], [3, 3, 3]]
    assert mask.tolist() == [[0, 0, 1], [1, 1, 1]]
    ordered = torch.arange(4.0).reshape(2, 2)
    assert torch.equal(pad_left([ordered, torch.zeros(3, 2)])[0][0, 1:], ordered)
