"""What the authors' code computed, computed by their checkpoints once these are imported."""

import json

import pytest
import safetensors.torch
import torch
from official import NAMES, Case, load
from seeded_weights import fingerprint

from mavsr.evaluation.beams import beam_search, best
from mavsr.evaluation.token_tree import TokenTree
from mavsr.model.avsr import MatryoshkaModel, Utterance
from mavsr.model.scales import Scale
from mavsr.numerics import numerics_of

LOSS, LOGITS, TOKENS = 1e-5, 5e-5, 1e-5
"""Largest differences from the authors' code on another machine."""
TIE = 1e-4
"""Scores of hypotheses so near to each other are a tie to rounding."""


@pytest.fixture(scope="module", params=NAMES)
def case(request, tmp_path_factory) -> Case:
    return Case(request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def models(case) -> list[tuple[MatryoshkaModel, list[Utterance]]]:
    """Every imported model of the case with its clips."""
    return [(load(folder), case.utterances(folder)) for folder in case.imported()]


def test_this_machine_draws_the_weights_of_the_case(case):
    assert fingerprint() == case.content["fingerprint"]


def test_both_files_give_the_same_models(case, models):
    """A .ckpt says by itself what a user must say of a .pth."""
    folders = case.imported(lightning=True)
    assert len(folders) == len(models)
    for ours in folders:
        other = ours.with_name(ours.name.replace("ckpt", "pth"))
        settings = [json.loads((f / "run.json").read_text())["model"] for f in (ours, other)]
        assert settings[0] == settings[1]
        for path in sorted(other.rglob("*.safetensors")):
            found = safetensors.torch.load_file(ours / path.relative_to(other))
            expected = safetensors.torch.load_file(path)
            assert found.keys() == expected.keys()
            assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_losses_logits_and_lengths(case, models):
    for model, utterances in models:
        for utterance in utterances:
            wanted = case.expectations(model.settings.task, utterance)
            assert set(wanted) == {scale.name for scale in model.settings.scales}
            for name, expected in wanted.items():
                scale = Scale.parse(name)
                with torch.no_grad():
                    assert float(model.entropy([utterance], scale)) == pytest.approx(
                        expected["loss"], abs=LOSS
                    )
                    assert len(model.prefixes([utterance], scale)[0]) == expected["tokens"]
                    if "logits" in expected:
                        off = logits(model, utterance, scale) - expected["logits"]
                        assert off.abs().max() < LOGITS


def test_transcripts(case, models):
    for model, utterances in models:
        old = numerics_of(model.settings.numerics).old_beams
        end = model.tokenizer.eos_token_id
        wanted = [case.expectations(model.settings.task, u) for u in utterances]
        for name in wanted[0]:
            for beams, expected in ((1, "greedy"), (15, "beam15")):
                found = decode(model, utterances, Scale.parse(name), beams, old)
                for ids, by_scale in zip(found, wanted, strict=True):
                    decoded = by_scale[name]["decoded"]
                    same = ids == [i for i in decoded[expected] if i != end]
                    scores = decoded["scores"]
                    assert same or (beams > 1 and scores[0] - scores[1] < TIE)


def test_tokens_of_the_encoders_inside(case, models):
    compared = 0
    for _, utterances in models:
        for utterance in utterances:
            for modality, tokens in utterance.tokens.items():
                expected = case.arrays.get(f"{modality}_tokens/{utterance.key}")
                if expected is not None:
                    assert (tokens - torch.from_numpy(expected)).abs().max() < TOKENS
                    compared += 1
    held = any(".conv1." in name for name in case.expected["state_dict"])
    assert bool(compared) == held


@torch.inference_mode()
def logits(model: MatryoshkaModel, utterance: Utterance, scale: Scale) -> torch.Tensor:
    """Of all classes at the positions of the transcript, (tokens, vocabulary)."""
    model.adapter.activate(scale)
    target = model.targets(utterance)
    [prefix] = model.prefixes([utterance], scale)
    row = torch.cat([prefix, model.embed(target[:-1])])[None]
    return model.llm(inputs_embeds=row).logits[0, len(prefix) - 1 :]


def decode(
    model: MatryoshkaModel, utterances: list[Utterance], scale: Scale, beams: int, old: bool
) -> list[list[int]]:
    with torch.inference_mode():
        model.adapter.activate(scale)
        tree = TokenTree(model.llm, model.prefixes(utterances, scale))
        return beam_search(tree, model.tokenizer.eos_token_id, beams, 32, best, old)
