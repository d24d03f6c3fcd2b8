"""A frozen LLM in 4 bits: what is quantised, and that all the rest works as over any LLM."""

import json
import shutil
from dataclasses import replace

import pytest
import torch
from tiny import DIMS, save_llm

from mavsr.errors import InputError
from mavsr.evaluation.settings import DecodingSettings
from mavsr.evaluation.transcribe import transcribe
from mavsr.model import quantization
from mavsr.model.avsr import MatryoshkaModel
from mavsr.model.llm import load_llm
from mavsr.provenance import is_installed
from mavsr.training.plans import Packed, Padded
from mavsr.training.precision import set_precision

if is_installed("bitsandbytes"):
    import bitsandbytes

installed = pytest.mark.skipif(
    not is_installed("bitsandbytes"), reason="bitsandbytes is not installed (make quantization)"
)


@pytest.fixture(scope="module")
def wide_llm(tmp_path_factory):
    """One whose layers hold several of NF4's blocks of 64 weights."""
    return str(save_llm(tmp_path_factory.mktemp("wide") / "llama", hidden=64))


@pytest.fixture(scope="module")
def half_llm(tmp_path_factory):
    """The same in bfloat16."""
    place = tmp_path_factory.mktemp("half") / "llama"
    return str(save_llm(place, hidden=64, dtype=torch.bfloat16))


@pytest.fixture
def model_of(settings_of, wide_llm):
    def make(held: str | None, **changes) -> MatryoshkaModel:
        changes = {"llm": wide_llm, **changes}
        return MatryoshkaModel(settings_of(quantization=held, **changes), DIMS)

    return make


def gradients(model, utterances) -> torch.Tensor:
    model.loss(utterances, model.settings.scales[0]).backward()
    return torch.cat([p.grad.flatten() for p in model.trainable() if p.grad is not None])


@installed
def test_linear_layers_alone_are_quantised(wide_llm):
    llm, _ = load_llm(wide_llm, quantization="nf4")
    whole, _ = load_llm(wide_llm)
    packed = {n for n, p in llm.named_parameters() if not p.is_floating_point()}
    assert packed == {n for n, p in whole.named_parameters() if n.endswith("_proj.weight")}
    kept = {n: p for n, p in llm.named_parameters() if n not in packed}
    assert all(torch.equal(p, whole.get_parameter(n)) for n, p in kept.items())
    linear = sum(whole.get_parameter(n).numel() for n in packed)
    assert sum(llm.get_parameter(n).nbytes for n in packed) == linear / 2


@installed
@pytest.mark.parametrize("method", ["mtsk-ms", "mtsk-mss", "mome-mhsa"])
def test_loss_and_gradients_are_those_over_the_rounded_weights(model_of, utterances, method):
    held, whole = model_of("nf4", method=method), model_of(None, method=method)
    for name, parameter in held.llm.named_parameters():
        if not parameter.is_floating_point():
            rounded = bitsandbytes.functional.dequantize_4bit(parameter, parameter.quant_state)
            original = whole.llm.get_parameter(name)
            assert 0 < (rounded - original).norm() / original.norm() < 0.15
            original.data = rounded
    scale = whole.settings.scales[0]
    with torch.no_grad():
        torch.testing.assert_close(held.loss(utterances, scale), whole.loss(utterances, scale))
    found, expected = gradients(held, utterances), gradients(whole, utterances)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-5)
    assert expected.abs().max() > 0.01
    assert all(p.grad is None for p in held.llm.parameters() if not p.is_floating_point())


@installed
def test_packs_have_the_losses_of_plain_passes(model_of, utterances):
    model = model_of("nf4")
    total = model.count_targets(utterances)
    plain = Padded().losses(model, utterances, total)
    torch.testing.assert_close(Packed("segments", 60).losses(model, utterances, total), plain)


@installed
def test_layers_compute_in_the_type_of_their_input(model_of, half_llm, utterances, monkeypatch):
    types = []
    multiply = bitsandbytes.matmul_4bit

    def spy(inputs, *others, **options):
        types.append(inputs.dtype)
        return multiply(inputs, *others, **options)

    monkeypatch.setattr(bitsandbytes, "matmul_4bit", spy)
    for llm, type_ in ((half_llm, torch.bfloat16), (None, torch.float32)):
        types.clear()
        model = model_of("nf4", **({"llm": llm} if llm else {}))
        model.loss(utterances, model.settings.scales[0]).backward()
        assert set(types) == {type_}


@installed
def test_it_is_loaded_on_the_processor_whatever_there_is(wide_llm):
    assert quantization.loading_options("nf4")["device_map"] == {"": "cpu"}
    llm, _ = load_llm(wide_llm, quantization="nf4")
    assert {p.device.type for p in llm.parameters()} == {"cpu"}


@installed
@pytest.mark.parametrize("precision", ["bf16", "bf16-true"])
def test_a_precision_leaves_quantised_weights_alone(model_of, precision):
    model = model_of("nf4")
    before = {n: p.clone() for n, p in model.llm.named_parameters() if not p.is_floating_point()}
    set_precision(model, precision)
    assert before and all(torch.equal(model.llm.get_parameter(n), p) for n, p in before.items())
    assert model.llm.get_input_embeddings().weight.dtype is torch.bfloat16


@installed
def test_a_model_comes_back_and_serves_the_whole_llm_too(model_of, utterances, tmp_path):
    model = model_of("nf4")
    for parameter in model.trainable():
        torch.nn.init.normal_(parameter, std=0.05)
    model.save(tmp_path)
    scale = model.settings.scales[0]
    again, whole = model_of("nf4"), model_of(None)
    again.load(tmp_path)
    whole.load(tmp_path)
    with torch.no_grad():
        loss = float(model.loss(utterances, scale))
        assert float(again.loss(utterances, scale)) == loss
        assert float(whole.loss(utterances, scale)) == pytest.approx(loss, rel=0.05)
    assert all(map(torch.equal, whole.trainable(), model.trainable()))


@installed
def test_saved_twice_it_has_the_same_bytes(model_of, tmp_path):
    model = model_of("nf4")
    for name in map(str, range(5)):
        model.save(tmp_path / name)
    written = {(tmp_path / n / "projectors.safetensors").read_bytes() for n in map(str, range(5))}
    assert len(written) == 1


@installed
def test_no_transcript_depends_on_its_batch(model_of, utterances):
    model = model_of("nf4").eval()
    scale, decoding = model.settings.scales[0], DecodingSettings(beams=3, max_new_tokens=8)
    together = transcribe(model, utterances, scale, decoding)
    alone = [transcribe(model, [clip], scale, decoding)[0] for clip in utterances]
    assert together == alone


@installed
def test_another_llm_is_refused(model_of, settings_of, tmp_path):
    model_of("nf4").save(tmp_path / "model")
    other = save_llm(tmp_path / "other", layers=2, hidden=64, dtype=torch.bfloat16)
    stranger = MatryoshkaModel(settings_of(llm=str(other), quantization="nf4"), DIMS)
    with pytest.raises(InputError, match="trained over another LLM"):
        stranger.load(tmp_path / "model")


def test_a_checkpoint_that_is_quantised_already_is_refused(wide_llm, tmp_path):
    folder = shutil.copytree(wide_llm, tmp_path / "llm")
    content = json.loads((folder / "config.json").read_text())
    content["quantization_config"] = {"quant_method": "bitsandbytes", "load_in_4bit": True}
    (folder / "config.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"quantised already.*take the checkpoint"):
        load_llm(str(folder))


@pytest.mark.parametrize("name", ["nf5", "fp4", "none"])
def test_a_format_that_there_is_not_is_named(settings_of, name):
    with pytest.raises(InputError, match=f"quantization '{name}' is unknown; choose nf4"):
        settings_of(quantization=name)


def test_what_is_to_be_installed_is_named(settings_of, monkeypatch):
    monkeypatch.setattr(quantization, "is_installed", lambda package: False)
    with pytest.raises(InputError, match=r"needs bitsandbytes.*make quantization"):
        MatryoshkaModel(replace(settings_of(), quantization="nf4"), DIMS)
