"""One step of the authors' Omni-AVSR, by our training: losses, total, and every gradient.

The weights of a case go into one model of all three tasks, as training makes it.
"""

import re
from functools import partial
from pathlib import Path

import pytest
import torch
from official import Case

from mavsr.importing.llm import read_tables
from mavsr.importing.models import projector_weights
from mavsr.importing.parts import read_parts
from mavsr.importing.reading import Given, read_meaning
from mavsr.model.adapters.lora import SHARED
from mavsr.model.avsr import MatryoshkaModel
from mavsr.model.folder import read_model_folder
from mavsr.model.scales import Scale
from mavsr.model.sequence import MARKERS
from mavsr.model.settings import ModelSettings
from mavsr.training.objective import Objective
from mavsr.training.plans import Packed, Padded
from mavsr.training.settings import TrainingSettings

METHODS = {"omni_s": "omni-s", "omni_t": "omni-t", "omni_st": "omni-st", "llama_mt": "llama-mt"}
TASKS = {"audio": "asr", "video": "vsr", "audiovisual": "avsr"}
LOSS, GRADIENT = 1e-5, 1e-5
"""Largest difference of a loss; of a gradient's norm, as a share of it."""
PLANS = {"padded": Padded(), "packed": Packed("segments", 10**6), "small": Packed("segments", 60)}


@pytest.fixture(scope="module", params=METHODS)
def case(request, tmp_path_factory) -> Case:
    return Case(request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def avsr(case) -> Path:
    """Folder of the model of two modalities that the importer makes of the case."""
    [folder] = [f for f in case.imported() if read_model_folder(f).settings.task == "avsr"]
    return folder


@pytest.fixture(scope="module")
def model(case, avsr) -> MatryoshkaModel:
    """One model of the three tasks with the weights of the case."""
    parts = read_parts(case.write())
    reading = read_meaning(parts, Given(compression="avgpool", **case.given))
    settings = ModelSettings(
        task="omni",
        method=METHODS[case.name],
        compression="avgpool",
        audio_rates=tuple(reading.rates["audio"]),
        video_rates=tuple(reading.rates["video"]),
        llm=str(case.llm),
        llm_revision=None,
        lora_rank=parts.rank,
        lora_scale=reading.lora_scale,
        projector_hidden=reading.projector_hidden,
        projector_layer_norm=reading.layer_norm,
        seed=0,
        numerics=case.numerics,
    )
    network = MatryoshkaModel(settings, reading.dims)
    network.projectors.load_state_dict(projector_weights(parts, reading, "omni"))
    for name, lora in parts.loras.items():
        state = {
            f"base_model.model.model.layers.{layer}.self_attn.{target}.lora_{ab}.weight": pair[side]
            for (layer, target), pair in lora.items()
            for ab, side in (("A", "down"), ("B", "up"))
        }
        assert network.adapter.fill(name, state) == ""
    tables = read_tables(parts, str(case.llm), None)
    network.markers.data.copy_(tables["input"][-len(MARKERS) :])
    network.extend_vocabulary(tables)
    return network


def parameters(model: MatryoshkaModel) -> dict[str, torch.nn.Parameter]:
    """Our trained weights by the authors' names."""
    found = {}
    rates = {m: list(model.settings.rates(m)) for m in ("audio", "video")}
    for name, parameter in model.projectors.named_parameters():
        modality, rate, rest = re.fullmatch(r"(\w+)_(\d+)\.(.+)", name).groups()
        single = model.settings.method == "llama-mt"
        place = "" if single else f"{rates[modality].index(int(rate))}."
        found[f"{modality}_proj.{place}{rest}"] = parameter
    for name, parameter in model.adapter.peft.named_parameters():
        pattern = r".*layers\.(\d+)\.self_attn\.([qv])_proj\.lora_([AB])\.(\w+)\.weight"
        if match := re.fullmatch(pattern, name):
            layer, target, side, own = match.groups()
            task = {ours: theirs for theirs, ours in TASKS.items()}.get(own)
            shared = own == SHARED and model.settings.method == "omni-st"
            found[
                f"llm.model.layers.{layer}.self_attn.lora_{'down' if side == 'A' else 'up'}_"
                f"{target.upper()}{'_shared' if shared else ''}{f'.{task}' if task else ''}.weight"
            ] = parameter
    return found


@pytest.mark.parametrize("plan", PLANS)
def test_a_step_of_three_tasks(case, avsr, model, plan):
    for clip in case.utterances(avsr):
        for name, expected in case.expected["losses"][clip.key].items():
            rates = Scale.parse(name)
            scales = [Scale(audio=rates.audio), Scale(video=rates.video), rates]
            objective = Objective.of(model.settings, scales, TrainingSettings())
            for parameter in model.parameters():
                parameter.grad = None
            total = []
            losses = PLANS[plan].losses(
                model, [clip], model.count_targets([clip]), partial(_add, total), objective
            )
            assert sum(total) == pytest.approx(expected["total"], abs=LOSS)
            for scale, loss, weight in zip(scales, losses, objective.weights, strict=True):
                assert float(loss) == pytest.approx(expected[scale.task]["plain"], abs=LOSS)
                weighted = expected[scale.task]["weighted"]
                assert float(loss) * weight == pytest.approx(weighted, abs=LOSS)
            if name in case.expected["gradients"].get(clip.key, {}):
                compare(parameters(model), case.expected["gradients"][clip.key][name])


def _add(total: list[float], part: torch.Tensor) -> None:
    total.append(part.item())
    part.backward()


def compare(ours: dict[str, torch.nn.Parameter], expected: dict[str, dict]) -> None:
    assert ours.keys() == expected.keys()
    for name, gradient in expected.items():
        found = ours[name].grad
        if gradient["norm"] is None:  # of a rate that the step did not draw
            assert found is None, name
            continue
        assert float(found.norm()) == pytest.approx(gradient["norm"], rel=GRADIENT), name
        first = found.flatten()[: len(gradient["first"])].tolist()
        assert first == pytest.approx(gradient["first"], abs=GRADIENT * gradient["norm"]), name
