"""Expert activation shares of a MoME model, against routing each token by hand."""

import pytest
import torch
from tiny import change_run, flip_byte, make_utterance

from mavsr.errors import InputError
from mavsr.evaluation.routing import COLUMNS, routing
from mavsr.model.scales import Scale
from mavsr.tables import read_csv

CLIPS = {"a": 9, "b": 5, "c": 14}


def test_shares_are_those_of_routing_token_by_token(trained, write_features, tmp_path):
    model, folder = trained(method="mome-layer")
    manifest, indexes = write_features("test", CLIPS)
    routing(folder, manifest, tmp_path / "routing.csv", **indexes)
    table = read_csv(tmp_path / "routing.csv", "routing")
    assert list(table.columns) == list(COLUMNS)
    assert len(table) == 2 * 4 * 3 * 5
    totals = table.groupby(["layer", "scale", "modality"]).choices.transform("sum")
    assert (table.choices / totals).tolist() == pytest.approx(table.share.tolist())
    keys = ["layer", "scale", "modality"]
    assert table.groupby(keys).share.sum().tolist() == pytest.approx([1.0] * 24)
    # Layer 0 reads the embeddings, so its audio tokens are the projected ones.
    scale, counts = Scale(4, 1), torch.zeros(5)
    for key, frames in CLIPS.items():
        clip = make_utterance(f"clean {key}", frames)
        clip.tokens["audio"] = clip.tokens["audio"].half().float()
        count = 2 * frames // 4
        prefix = model.prefixes([clip], scale)[0][2 : 2 + count]
        normed = model.llm.model.layers[0].input_layernorm(prefix)
        counts += model.adapter.routers[0]["shared"].route(normed)[1].sum(dim=0)
    mine = table[(table.layer == 0) & (table.scale == "a4_v1") & (table.modality == "audio")]
    assert mine.choices.tolist() == counts.tolist()
    assert mine.share.tolist() == pytest.approx((counts / counts.sum()).tolist())


def test_a_model_of_three_tasks_has_the_rows_of_all_its_scales(trained, write_features, tmp_path):
    """Of two scales one may lack what the other has."""
    model, folder = trained(method="omni-mome")
    manifest, indexes = write_features("test", CLIPS)
    routing(folder, manifest, tmp_path / "routing.csv", **indexes)
    table = read_csv(tmp_path / "routing.csv", "routing")
    first = table[table.layer == 0]
    assert first.scale.drop_duplicates().tolist() == [scale.name for scale in model.settings.scales]
    kinds = first.groupby("scale").modality.agg(set)
    assert kinds["a2"] == {"text", "audio"} and kinds["v3"] == {"text", "video"}


def test_models_without_experts_are_refused(trained, write_features, tmp_path):
    _, folder = trained(method="mtsk-ms")
    manifest, indexes = write_features("test", CLIPS)
    with pytest.raises(InputError, match="method mtsk-ms, which has no experts"):
        routing(folder, manifest, tmp_path / "routing.csv", **indexes)
    with pytest.raises(InputError, match=r"run.json does not exist"):
        routing(tmp_path, manifest, tmp_path / "routing.csv", **indexes)


def test_features_of_another_encoder_are_refused(trained, write_features, tmp_path):
    _, folder = trained(method="mome-layer")
    manifest, indexes = write_features("test", CLIPS)
    change_run(folder, encoders={"audio": {"weights": "others"}})
    with pytest.raises(InputError, match=r"audio features in .* are of another encoder"):
        routing(folder, manifest, tmp_path / "routing.csv", **indexes)
    assert not (tmp_path / "routing.csv").exists()


@pytest.mark.parametrize("name", ["projectors.safetensors", "adapters/mome.safetensors"])
def test_a_flipped_bit_of_the_model_is_refused(trained, write_features, tmp_path, name):
    _, folder = trained(method="mome-layer")
    manifest, indexes = write_features("test", CLIPS)
    flip_byte(folder / name)
    with pytest.raises(InputError, match=rf"{name} is not what training wrote.*rm -f .*run.json"):
        routing(folder, manifest, tmp_path / "routing.csv", **indexes)
    assert not (tmp_path / "routing.csv").exists()
