import pytest
from asking import all_models, evaluations

from mavsr.errors import InputError


def test_several_seeds_are_a_model_each(config):
    config["experiments"] = {"one": [{"methods": ["llama-avsr", "mtsk-ms"], "seeds": [0, 1, 2]}]}
    assert len(evaluations(config, "one")) == 3 * (4 + 4)
    names = [name for name in all_models(config) if ".mtsk-ms." in name]
    assert [name.rsplit(".", 1)[1] for name in names] == ["s0", "s1", "s2"]
    config["setup"]["seeds"] = [3, 4]
    config["experiments"]["two"] = [{"methods": ["mtsk-ms"]}, {"methods": ["mtsk-ss"], "seed": 9}]
    seeds = [e.model.settings.seed for e in evaluations(config, "two")]
    assert seeds == [3] * 4 + [4] * 4 + [9] * 4


@pytest.fixture
def corpora(config):
    shards = {"train": 1, "val": 1, "test": 1}
    for name in ("lrs2", "lrs3", "wild"):
        config["corpora"][name] = {"kind": "folder", "root": name, "shards": shards}
    return config


def test_a_model_is_tested_on_other_corpora_beside_its_own(corpora):
    corpora["experiments"] = {"one": [{"methods": ["mtsk-ms"], "tests": ["portrait", "wild"]}]}
    found = evaluations(corpora, "one")
    (model,) = {e.model.name for e in found}
    assert model.startswith("portrait.avsr.")
    assert [(e.corpus, e.path.removeprefix(model)) for e in found[::4]] == [
        ("portrait", "/clean/a4_v2"),
        ("wild", "/clean@wild/a4_v2"),
    ]
    corpora["use_corpora"] = ["portrait"]
    assert {e.corpus for e in evaluations(corpora, "one")} == {"portrait"}
    corpora["use_corpora"] = ["wild"]
    with pytest.raises(InputError, match="leave nothing to run"):
        evaluations(corpora, "one")


def test_several_training_corpora_are_in_a_models_name(corpora):
    entries = [{"corpora": ["lrs3", "lrs2"]}, {"corpora": {"lrs2": 1, "lrs3": 0.5}}]
    corpora["experiments"] = {"one": [{"methods": ["mtsk-ms"], **entry} for entry in entries]}
    plain, shared = all_models(corpora).values()
    assert plain.name.startswith("lrs2+lrs3.avsr.")
    assert shared.name.startswith("lrs2@1+lrs3@0.5.avsr.")
    assert (plain.corpora, plain.shares) == (("lrs2", "lrs3"), {})
    assert shared.shares == {"lrs2": pytest.approx(2 / 3), "lrs3": pytest.approx(1 / 3)}
    found = evaluations(corpora, "one")
    assert [e.at for e in found[::4]] == ["@lrs2", "@lrs3"] * 2


def test_corpora_have_all_a_weight_or_none(corpora):
    entry = {"methods": ["mtsk-ms"], "corpora": ["lrs2", ["lrs3", 2]]}
    corpora["experiments"] = {"one": [entry]}
    with pytest.raises(InputError, match=r"one.0.corpora is .*: give each a weight, as in {"):
        all_models(corpora)


def test_one_corpus_in_a_list_is_that_corpus(corpora):
    corpora["experiments"] = {
        "one": [{"methods": ["mtsk-ms"], "corpora": given} for given in (["lrs2"], {"lrs2": 3})]
        + [{"methods": ["mtsk-ms"], "corpus": "lrs2"}]
    }
    (model,) = all_models(corpora).values()
    assert model.corpora == ("lrs2",)
    assert {e.at for e in evaluations(corpora, "one")} == {""}


def test_an_entrys_corpus_goes_before_several_common_ones(corpora):
    corpora["setup"]["corpora"] = ["lrs2", "lrs3"]
    corpora["experiments"] = {
        "one": [{"methods": ["mtsk-ms"]}, {"methods": ["mtsk-ms"], "corpus": "wild"}]
    }
    assert [m.corpora for m in all_models(corpora).values()] == [("lrs2", "lrs3"), ("wild",)]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"seeds": [1, 1]}, r"seeds is \[1, 1\]: list each once"),
        ({"seeds": []}, r"seeds is \[\]"),
        ({"seed": 1, "seeds": [1, 2]}, "give seed or seeds, not both"),
        ({"corpus": "lrs2", "corpora": ["lrs2"]}, "give corpus or corpora, not both"),
        ({"corpora": ["lrs2", "lrs2"]}, "list each once"),
        ({"corpora": {"lrs2": 0, "lrs3": 1}}, r"corpora"),
        ({"corpora": ["lrs2", "lrs9"]}, r"one\[0\].corpora is 'lrs9', which is not under"),
        ({"tests": ["lrs9"]}, r"one\[0\].tests is 'lrs9', which is not under `corpora`"),
        ({"tests": ["lrs3", "lrs3"]}, "list each once"),
    ],
)
def test_wrong_corpora_and_seeds_are_named(corpora, entry, message):
    corpora["experiments"] = {"one": [{"methods": ["mtsk-ms"], **entry}]}
    with pytest.raises(InputError, match=message):
        all_models(corpora)


def test_crops_need_lists_of_the_splits_that_are_used(corpora):
    shards = {"train": 1, "val": 1, "test": 1}
    crops = {"kind": "crops", "root": "c", "shards": shards, "splits": {"test": ["test.csv"]}}
    corpora["corpora"]["wild"] = crops
    corpora["experiments"] = {"one": [{"methods": ["mtsk-ms"], "tests": ["wild"]}]}
    assert {e.corpus for e in evaluations(corpora, "one")} == {"wild"}
    corpora["experiments"] = {"one": [{"methods": ["mtsk-ms"], "corpus": "wild"}]}
    with pytest.raises(InputError, match=r"one\[0\].corpus needs the split 'train' of wild, and"):
        evaluations(corpora, "one")


def test_online_training_takes_one_corpus(corpora):
    corpora["features"]["mode"] = "online"
    corpora["experiments"] = {"one": [{"methods": ["mtsk-ms"], "corpora": ["lrs2", "lrs3"]}]}
    with pytest.raises(InputError, match=r"several corpora, which features\.mode: online cannot"):
        all_models(corpora)
