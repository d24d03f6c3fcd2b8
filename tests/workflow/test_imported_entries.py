"""Imported models as entries of an experiment: decoded and shown, but never trained."""

import copy

import pytest
import yaml

from mavsr.config.config import Config
from mavsr.config.marks import leaves
from mavsr.config.read import read_config
from mavsr.errors import InputError
from mavsr.report.names import label
from mavsr.workflow.asked import Asked
from mavsr.workflow.needs import wanted_caches
from mavsr.workflow.params import Params
from mavsr.workflow.reads import settings_of

LABEL = "Llama-MTSK (authors' weights)"
CONFIG = {
    "imported": {
        "released": {
            "label": LABEL,
            "task": "avsr",
            "llm": "toy-llama",
            "audio_encoder": "released-whisper",
            "video_encoder": "released-avhubert",
            "rates": {"audio": [4, 16], "video": [2, 5]},
        }
    },
    "encoders": {
        "released-whisper": {"kind": "whisper", "path": "results/encoders/released/whisper"},
        "released-avhubert": {
            "kind": "avhubert",
            "path": "results/encoders/released/avhubert.pt",
            "numerics": "authors",
        },
    },
    "experiments": {"table1": [{"methods": ["mtsk-ms"]}, {"imported": ["released"]}]},
    "use_experiments": ["table1"],
}

MINE = {
    "kind": "lrs3",
    "root": "data",
    "longest_segment_s": 16,
    "validation_share": 0.1,
    "shards": {"train": 1, "val": 1, "test": 1},
}


@pytest.fixture
def read(tmp_path):
    """The config with something else in one of its sections."""

    def call(section="", **changes):
        config = copy.deepcopy(CONFIG)
        if section:
            config["imported"]["released"].update(changes)
        else:
            config.update(changes)
        path = tmp_path / "my.yaml"
        path.write_text(yaml.safe_dump(config))
        return read_config([path])

    return call


def test_it_is_decoded_at_its_scales_and_not_trained(read):
    asked = Asked(read())
    found = [e for e in asked.by_experiment["table1"] if e.model.imported]
    assert [e.path for e in found] == [
        f"released/clean/{scale}" for scale in ("a4_v2", "a4_v5", "a16_v2", "a16_v5")
    ]
    assert "released" in asked.models
    assert "released" not in asked.trained
    assert len(asked.trained) == 1


def test_only_the_test_split_is_encoded_for_it(read):
    own = [c for c in wanted_caches(read()) if c.encoder.startswith("released-")]
    assert {(c.split, c.condition) for c in own} == {("test", "clean")}


def test_its_label_is_its_name_in_print(read):
    [model] = {e.model for e in Asked(read()).evaluations if e.model.imported}
    assert label("mtsk-ms", model.variant) == LABEL
    assert label("mtsk-ms") == "Llama-MTSK MS"


def test_another_label_decodes_again_as_its_page_says(read):
    (key,) = [leaf.key for leaf in leaves(Config) if leaf.path == ("imported", "*", "label")]
    jobs = [Asked(read()), Asked(read("imported", label="B"))]
    (model,) = {e.model.name for e in jobs[0].evaluations if e.model.imported}
    scale = {"model": model, "scale": "a4_v2"}
    assert (key.decides, key.plans) == (("decode",), False)
    assert len({Params(asked).origin(scale) for asked in jobs}) == 2
    assert settings_of(jobs[1], "decode", scale)["imported"] == {"released": {"label": "B"}}


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"experiments": {"table1": [{}]}}, "name methods, or imported models, or both"),
        (
            {"experiments": {"table1": [{"imported": ["realesed"]}]}},
            r"table1\[0\]\.imported is 'realesed', which is not under `imported` \(released\)",
        ),
        (
            {
                "corpora": {"mine": MINE},
                "experiments": {
                    "table1": [
                        {"imported": ["released"]},
                        {"imported": ["released"], "corpus": "mine"},
                    ]
                },
            },
            "imported.released is decoded on mine and portrait, .* in one folder",
        ),
        (
            {"llms": {"toy-llama": {"path": "results/toy/llama", "quantization": "nf4"}}},
            "imported.released.llm is toy-llama, whose quantization is nf4; .* as it is",
        ),
        (
            {
                "features": {"store": "pooled"},
                "imported": {"released": CONFIG["imported"]["released"] | {"compression": "stack"}},
            },
            "imported.released has compression stack, which needs every audio token",
        ),
        (
            {
                "features": {"store": "pooled"},
                "imported": {
                    "released": CONFIG["imported"]["released"] | {"rates": {"audio": [64]}}
                },
            },
            "imported.released has the audio rate 64; features.store: pooled is exact",
        ),
    ],
)
def test_entries_that_cannot_be(read, changes, match):
    with pytest.raises(InputError, match=match):
        read(**changes)


def test_what_its_entry_says_of_other_models_is_no_matter_to_it(read):
    """Neither a compression that it has not, nor corpora that it is not trained on."""
    read(features={"store": "pooled"}, setup={"compression": "stack"}, experiments=ALONE)
    read(features={"store": "pooled"}, rates={"audio": [64]}, experiments=ALONE)
    wild = {
        "corpora": {"wild": MINE},
        "setup": {"tests": ["wild", "portrait"]},
        "use_corpora": ["wild"],
    }
    found = Asked(read(**wild, experiments=ALONE)).evaluations
    assert {(e.model.name, e.corpus) for e in found} == {("released", "wild")}
    # Beside a model that is trained on what is left out.
    both = {"table1": [{"methods": ["mtsk-ms"], "imported": ["released"]}]}
    assert Asked(read(**wild, experiments=both)).evaluations == found
    with pytest.raises(InputError, match="leave nothing to run"):
        read(**wild, experiments={"table1": [{"methods": ["mtsk-ms"]}]})


ALONE = {"table1": [{"imported": ["released"]}]}


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"audio_encoder": None}, "task avsr needs audio_encoder"),
        ({"audio_encoder": "released-avhubert"}, "an avhubert encoder.* does not encode audio|a"),
        ({"llm": "no-llama"}, "imported.released.llm is 'no-llama'"),
        ({"method": "llama-avsr"}, "a model of llama-avsr has one scale"),
        ({"method": "mtsk-xs"}, "method 'mtsk-xs' is unknown"),
    ],
)
def test_imported_models_that_cannot_be(read, changes, match):
    with pytest.raises(InputError, match=match):
        read("imported", **changes)


def test_the_plan_decodes_what_lies_there(project):
    """The graph takes the folder as it is: no rule makes it, and no training split is encoded."""
    config = copy.deepcopy(CONFIG)
    config["experiments"]["table1"] = [{"imported": ["released"]}]
    (project.folder / "my.yaml").write_text(yaml.safe_dump(config))
    folder = project.folder / "results" / "training" / "released"
    (folder / "adapters").mkdir(parents=True)
    for name in ("run.json", "projectors.safetensors"):
        (folder / name).write_text("{}")
    jobs = project.plan("--configfile", "my.yaml", "--", "results/table1.csv")
    assert jobs["decode"] == 4
    assert jobs["train_model"] == 0
    # A shard for each of the two encoders, and nothing for training.
    assert jobs["extract_features"] == 2
    assert not {"extract_views", "mix_views", "mix_noise"} & set(jobs)
