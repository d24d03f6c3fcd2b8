import json
import shutil

import numpy as np
import pandas as pd
import pytest
import torch
from tiny import DIMS, flip_byte, make_utterance
from torch.nn import functional as F
from trees import manifest_row

from mavsr.corpus.manifest import write_manifest
from mavsr.errors import InputError
from mavsr.evaluation.settings import DecodingSettings
from mavsr.evaluation.transcribe import transcribe
from mavsr.model.avsr import MatryoshkaModel
from mavsr.model.llm import load_llm
from mavsr.model.scales import Scale
from mavsr.model.sequence import PROMPTS
from mavsr.seeds import generator
from mavsr.toy.llama import (
    PrefixReading,
    ToyLlama,
    make_llama,
    train_tokenizer,
    vary,
)
from mavsr.toy.prefix import render, render_prefix, stretch

TEXTS = ["bin blue at f two now", "lay red by a nine again", "set white in z zero please"] * 4
SMALL = ToyLlama(hidden=16, layers=2, heads=2, vocabulary=300, steps=4, batch=3)


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(TEXTS, 300)


def test_the_tokenizer_gives_texts_and_prompts_back(tokenizer):
    for text in (*TEXTS, *PROMPTS.values(), "words never seen, é"):
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        assert tokenizer.decode(ids).strip() == text
        assert not {tokenizer.bos_token_id, tokenizer.eos_token_id} & set(ids)
        assert tokenizer(text)["input_ids"] == ids, "it must add no BOS of its own"
    assert len(tokenizer) <= 300


def test_varying_replaces_about_the_share_of_words():
    words = [f"w{n}" for n in range(50)]
    text = " ".join(["same"] * 400)
    varied = vary(text, words, 0.25, generator(0)).split()
    assert len(varied) == 400
    assert 60 < sum(word != "same" for word in varied) < 140
    assert vary(text, words, 0.0, generator(0)) == text


@pytest.mark.parametrize("tokens", [1, 2, 17])
def test_stretching_is_a_monotone_path_through_all_tokens(tokens):
    for seed in range(20):
        left, weight = stretch(tokens, generator(seed))
        assert len(left) == len(weight) >= 1
        assert (np.diff(left) >= 0).all()
        assert 0 <= left.min() <= left.max() <= tokens - 1
        assert ((weight >= 0) & (weight <= 1)).all()


def test_a_rendition_without_noise_lies_between_its_tokens():
    embeddings = torch.arange(5.0)[:, None].expand(5, 3) + 1
    clean = render(embeddings, generator(0), torch.Generator(), 0.0)
    assert clean.shape[1] == 3
    assert clean.min() >= 0
    assert clean.max() <= 5
    noisy = render(embeddings, generator(0), torch.Generator().manual_seed(0), 0.5)
    assert noisy.shape == clean.shape
    assert not torch.equal(noisy, clean)


def test_prefixes_have_one_or_two_renditions_between_markers():
    embeddings = 10 + torch.randn(4, 8)
    counts = set()
    for seed in range(20):
        prefix = render_prefix(embeddings, generator(seed), torch.Generator().manual_seed(seed))
        markers = prefix.abs().mean(-1) < 0.2
        counts.add(int(markers.sum()))
        assert markers[0]
        assert markers[-1]
    assert counts <= {2, 3, 4}
    assert {2, 4} <= counts


def make_reading(llm_folder):
    llm, tokenizer = load_llm(str(llm_folder))
    return PrefixReading(llm, tokenizer, 0), tokenizer


def test_the_last_places_predict_the_transcript(llm_folder):
    reading, tokenizer = make_reading(llm_folder)
    texts = ["red one", "green two three four"]
    for text, given, target in zip(texts, *reading.batch(texts), strict=True):
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        assert target.tolist() == [*ids, tokenizer.eos_token_id]
        # Behind the first place that predicts stands what it is to predict.
        embed = reading.llm.get_input_embeddings()
        torch.testing.assert_close(given[1 - len(target)], embed(torch.tensor(ids[0])))


def test_a_packed_batch_has_the_loss_of_its_texts_alone(llm_folder):
    reading, _ = make_reading(llm_folder)
    texts = ["red one", "green two three four", "blue"]
    loss, right = make_reading(llm_folder)[0].loss(texts)
    entropies = []
    for given, target in zip(*reading.batch(texts), strict=True):
        logits = reading.llm(inputs_embeds=given[None], use_cache=False).logits[0]
        entropies.append(F.cross_entropy(logits[-len(target) :], target, reduction="none"))
    torch.testing.assert_close(loss, torch.cat(entropies).mean())
    assert 0 <= right <= 1


def test_reading_is_a_function_of_the_seed(llm_folder):
    losses = [make_reading(llm_folder)[0].loss(["red one", "blue"])[0].item() for _ in range(2)]
    assert losses[0] == losses[1]


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    path = tmp_path_factory.mktemp("corpus") / "train.parquet"
    rows = [manifest_row(f"k{n}", text=text) for n, text in enumerate(TEXTS)]
    write_manifest(path, pd.DataFrame(rows))
    return path


@pytest.fixture(scope="module")
def made(manifest):
    make_llama(manifest, manifest.parent / "llm", SMALL)
    return manifest.parent / "llm"


def test_the_folder_is_hugging_faces_and_reproducible(manifest, made, tmp_path):
    make_llama(manifest, tmp_path / "again", SMALL)
    for name in ("model.safetensors", "tokenizer.json"):
        assert (made / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
    llm, tokenizer = load_llm(str(made))
    assert llm.config.vocab_size == len(tokenizer)
    assert llm.config.eos_token_id == tokenizer.eos_token_id
    report = json.loads((made / "toy.json").read_text())
    assert report["settings"]["hidden"] == 16
    assert 0 <= report["tokens_right"] <= 1


def test_weights_that_are_not_those_of_its_record_are_refused(made, tmp_path):
    """Training has nothing else to compare them with: it would take them."""
    folder = shutil.copytree(made, tmp_path / "llm")
    load_llm(str(folder))
    flip_byte(folder / "model.safetensors")
    with pytest.raises(InputError, match=rf"{folder}/model.safetensors is missing or damaged"):
        load_llm(str(folder))


def test_the_model_that_is_trained_takes_it(made, settings_of):
    model = MatryoshkaModel(settings_of(llm=str(made)), DIMS).eval()
    clips = [make_utterance("a", 6), make_utterance("b", 9)]
    model.loss(clips, Scale(2, 1)).backward()
    texts = transcribe(model, clips, Scale(2, 1), DecodingSettings(beams=2, max_new_tokens=4))
    assert len(texts) == 2
    assert not any("<|" in text for text in texts)


def test_heads_must_divide_the_width():
    with pytest.raises(InputError, match="heads 3 must divide hidden 16"):
        ToyLlama(hidden=16, heads=3)
