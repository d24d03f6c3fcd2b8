"""A damaged model is refused by name, whatever reads it."""

import pytest
import tiny
import torch
from damages import Row
from fault_table import check_row
from tiny import DIMS, make_utterance, scramble

from mavsr.model.avsr import MatryoshkaModel
from mavsr.model.scales import Scale

# Models carry digests where these modules are there.
folder_module = pytest.importorskip("mavsr.model.folder")
loading = pytest.importorskip("mavsr.model.loading")

FILES = {
    "projectors.safetensors": ("projectors (safetensors)", "mtsk-mss"),
    "adapters/shared/adapter_model.safetensors": ("adapter (safetensors)", "mtsk-mss"),
    "adapters/shared/adapter_config.json": ("adapter's settings (JSON)", "mtsk-mss"),
    "adapters/mome.safetensors": ("experts (safetensors)", "mome-layer"),
    "adapters/mome.json": ("experts' settings (JSON)", "mome-layer"),
    "run.json": ("`run.json` of a model", "mtsk-mss"),
}
"""File of a model's folder -> what the document calls it, and a method that has it."""


@pytest.fixture
def trained(settings_of, tmp_path):
    """Leave the folder of a trained model of a method."""

    def make(method):
        model = scramble(MatryoshkaModel(settings_of(method=method), DIMS))
        return tiny.save_trained(model, tmp_path / method)

    return make


def loss(folder) -> float:
    """What decoding, routing and export load, on a clip."""
    model = loading.load_trained(folder_module.read_model_folder(folder), "cpu")
    with torch.no_grad():
        return float(model.loss([make_utterance("a", 9)], Scale(2, 1)))


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_model_is_named(trained, name):
    what, method = FILES[name]
    folder = trained(method)
    (file,) = [p for p in folder.rglob("*") if str(p.relative_to(folder)).endswith(name)] or [
        next(folder.rglob(name.rpartition("/")[2]))
    ]
    check_row(Row(what, "decoding, routing, export", file, lambda: loss(folder)))
