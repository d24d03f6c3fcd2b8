"""Averages of several checkpoints: the LLM is told from another, and computes as it was tested."""

import pytest
import safetensors.torch
import torch
from families import change, refused
from huggingface_hub import ModelCard
from official import TABLES, Case, load

from mavsr.model.folder import read_model_folder
from mavsr.recognition.card import export_for_hub

TABLE, HEAD = (f"llm.{name}" for name in TABLES)
FEW, MANY = 2, 20


def average(case: Case, count: int, kind=torch.float32) -> None:
    """The file as the authors' script leaves it: sums and quotients in place, in the file's type.

    A tied table is one tensor of two names, which both sum and quotient meet twice.
    """

    def edit(state):
        state.update({n: t.to(kind) for n, t in state.items() if t.is_floating_point()})
        if case.case["llm"]["tied"]:
            state[HEAD] = state[TABLE]
        others = {name: tensor.clone() for name, tensor in state.items()}
        for _ in range(count - 1):
            for name, tensor in others.items():
                state[name] += tensor
        for tensor in state.values():
            tensor /= count

    change(case, edit)


def llm_in(case: Case, kind: torch.dtype) -> None:
    """Let the LLM be of another type, as the hub's are."""
    path = case.llm / "model.safetensors"
    tensors = {n: t.to(kind) for n, t in safetensors.torch.load_file(path).items()}
    safetensors.torch.save_file(tensors, path, {"format": "pt"})


@pytest.mark.parametrize("count", [FEW, 4])
def test_a_table_that_averaging_has_scaled_is_kept(make, caplog, count):
    """It is part of the model that was tested: added rows and head come from it too."""
    case = make("mtsk")
    average(case, count)
    [folder] = case.imported()
    assert f"is {(2 * count - 1) / count**2:.4f} times that of" in caplog.text
    assert f"N = {count} checkpoints" in caplog.text
    tensors = safetensors.torch.load_file(folder / "projectors.safetensors")
    filed = torch.load(case.write(), weights_only=True)[TABLE]
    assert torch.equal(tensors["vocabulary.input"], filed)
    assert torch.equal(load(folder).llm.get_output_embeddings().weight, filed)


@pytest.mark.parametrize("family", ["mtsk", "untied"])
@pytest.mark.parametrize("count", [FEW, 7, MANY, 50])
def test_rounding_of_an_average_is_no_other_llm(make, caplog, family, count):
    case = make(family)
    llm_in(case, torch.bfloat16)
    average(case, count, torch.bfloat16)
    case.imported()
    assert ("times that of" in caplog.text) == (family == "mtsk")
    assert (f"as averaging N = {count}" in caplog.text) == (count > FEW)


@pytest.mark.parametrize("family", ["mtsk", "untied"])
def test_another_llm_is_none_by_rounding(make, family):
    """A difference of a fiftieth, as rounding of twenty leaves it, is told from rounding."""
    case = make(family)
    llm_in(case, torch.bfloat16)
    average(case, MANY, torch.bfloat16)
    change(case, lambda state: state["llm.model.layers.1.mlp.up_proj.weight"].mul_(1.02))
    refused(case, "its LLM is not .*: model.layers.1.mlp.up_proj.weight differs by")


@pytest.mark.parametrize("family", ["omni", "mt"])
@pytest.mark.parametrize("count", [FEW, MANY])
def test_prompts_of_an_averaged_model_are_not_scaled_with_its_table(make, family, count):
    """Omni-AVSR's are tensors of their own, which its authors' code restores with all others."""
    case = make(family)
    average(case, count)
    state = torch.load(case.write(), weights_only=True)
    names = {"asr": "prompt_audio", "vsr": "prompt_video", "avsr": "prompt_audiovisual"}
    for folder in case.imported():
        model, theirs = load(folder), load(folder)
        [scale, *_] = model.settings.scales
        own, scaled = state[names[scale.task]][0], model.embed(model.prompt_ids(scale))
        theirs.prompt = lambda scale, own=own: own
        other = load(folder)
        other.prompt = lambda scale, scaled=scaled: scaled
        [clip, *_] = case.utterances(folder)
        with torch.no_grad():
            loss, expected, wrong = (
                float(m.entropy([clip], scale)) for m in (model, theirs, other)
            )
        assert loss == expected
        assert abs(wrong - expected) > 1e-4
        assert read_model_folder(folder).settings.task == scale.task


def test_an_averaged_prompt_of_other_words(make):
    case = make("omni")
    average(case, FEW)
    change(case, lambda state: state["prompt_video"].add_(0.1))
    refused(case, "its prompt for vsr is not that of the public code")


@pytest.mark.parametrize("family", ["mtsk", "untied"])
@pytest.mark.parametrize("value", ["nan", "inf"])
def test_added_rows_are_numbers(make, family, value):
    case = make(family)

    def spoil(state):
        state[HEAD][-1] = float(value)
        if case.case["llm"]["tied"]:
            state[TABLE] = state[HEAD]

    change(case, spoil)
    refused(case, "beyond those of .* hold numbers that are not finite")


@pytest.mark.parametrize(
    ("count", "numerics", "said"),
    [
        (FEW, "authors-float32", "`vocabulary.input`, `vocabulary.prompt` take the place of its"),
        (1, "authors-float32", "`vocabulary.input` are further rows of its tables"),
        (1, "authors", "numerics `authors`, rotary frequencies in bfloat16"),
    ],
)
def test_a_card_says_that_the_plain_llm_is_not_enough(make, tmp_path, count, numerics, said):
    case = make("omni")
    average(case, count)
    folder = case.imported(numerics=numerics)[-1]
    export_for_hub(folder, "4,2", tmp_path / "hub", tmp_path / "none.csv")
    card = ModelCard.load(tmp_path / "hub" / "README.md")
    assert card.data.model_name == "Omni-AVSR ST (authors' weights) at a4_v2"
    assert "# Omni-AVSR ST (authors' weights), task avsr" in card.text
    assert "The plain LLM is not enough" in card.text and said in card.text
