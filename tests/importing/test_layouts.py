"""Real-size layouts of the authors' checkpoints are recognised by names and shapes alone."""

import gzip
import json
from pathlib import Path

import pytest
import torch
from official import CASES, DATA

from mavsr.errors import InputError
from mavsr.importing.complete import check_complete
from mavsr.importing.models import lora_weights, projector_weights, task_settings
from mavsr.importing.parts import Parts, read_parts, sort_parts
from mavsr.importing.reading import Given, read_meaning
from mavsr.model.scales import MODALITIES

OMNI = {"audio_rates": [4, 16], "video_rates": [2, 5], "alpha": 4}
FILES = sorted((CASES if any(CASES.glob("layout_*")) else DATA).glob("layout_*.json*"))
EXPECTED = {
    # kind, tasks, what a user says, compression, LayerNorm, LoRA's width and factor in a task
    "omni_s_1b": ("Omni-AVSR S", 3, OMNI, "avgpool", False, 64, 1 / 8),
    "omni_t_1b": ("Omni-AVSR T", 3, OMNI, "avgpool", False, 64, 1 / 8),
    "omni_st_1b": ("Omni-AVSR ST", 3, OMNI, "avgpool", False, 128, 1 / 8),
    "mtsk_avsr_1b": ("Llama-MTSK", 1, OMNI, "avgpool", True, 64, 1 / 8),
    # Stacked: the widths of the projectors tell the rates too.
    "zoo_avsr_8b": ("Llama-AVSR", 1, {"alpha": 8}, "stack", False, 64, 1 / 8),
    "zoo_vsr_3b_avhubert_lora": (
        *("Llama-AVSR", 1, {"video_rates": [2], "alpha": 8}),
        *("avgpool", True, 96, 1 / 4),
    ),
}


def read(path: Path) -> dict:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return json.loads(content)["state_dict"]


def parts_of(path: Path) -> Parts:
    with torch.device("meta"):
        state = {name: torch.empty(shape) for name, shape in read(path).items()}
    parts = sort_parts(Path("model_avg_1.pth"), state, {})
    check_complete(parts)
    return parts


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.split(".")[0])
def test_layout_is_recognised(path):
    name = path.name.split(".")[0].removeprefix("layout_")
    kind, tasks, given, compression, layer_norm, rank, scale = EXPECTED[name]
    parts = parts_of(path)
    reading = read_meaning(parts, Given(**given))
    found = [task_settings(parts, reading, t, "llm", None, "authors") for t in parts.tasks]
    assert (reading.kind, len(parts.tasks)) == (kind, tasks)
    assert (reading.compression, reading.layer_norm) == (compression, layer_norm)
    assert reading.projector_hidden == 2048
    assert set(reading.dims.values()) == {1024}
    assert {(s.lora_rank, s.lora_scale) for s in found} == {(rank, scale)}
    if name == "zoo_avsr_8b":
        assert reading.rates == {"audio": (4,), "video": (2,)}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.split(".")[0])
def test_every_tensor_has_its_place(path):
    """What models take, and what the LLM and the encoders are, is all that a file holds."""
    name = path.name.split(".")[0].removeprefix("layout_")
    parts = parts_of(path)
    reading = read_meaning(parts, Given(**EXPECTED[name][2]))
    projectors = sum(len(found) for p in parts.projectors.values() for found in p.values())
    loras = sum(2 * len(layers) for layers in parts.loras.values())
    encoders = sum(map(len, parts.encoders.values()))
    total = projectors + loras + encoders + len(parts.llm) + len(parts.prompts)
    assert total == len(read(path))
    for task in parts.tasks:
        rates = {m: len(reading.rates[m]) for m in MODALITIES[task]}
        each = 6 if reading.layer_norm else 4
        assert len(projector_weights(parts, reading, task)) == each * sum(rates.values())
        assert len(lora_weights(parts, task)) == 4 * parts.layers


@pytest.mark.parametrize(
    ("family", "kind"), [("mt", "Llama-MT"), ("single", "Omni-AVSR S"), ("omni", "Omni-AVSR ST")]
)
def test_the_baseline_of_omni_avsr_has_one_rate_and_one_projector(make, family, kind):
    case = make(family)
    given = Given(compression="avgpool", **case.given)
    assert read_meaning(read_parts(case.write()), given).kind == kind


def test_a_stacked_projector_of_another_rate_is_refused():
    parts = parts_of(next(path for path in FILES if "zoo_avsr_8b" in path.name))
    with pytest.raises(InputError, match=r"--audio_rates 3 and stack.*3072.*4096"):
        read_meaning(parts, Given(audio_rates=[3], compression="stack", alpha=8))
