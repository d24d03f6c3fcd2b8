"""Paths at which nothing can lie, or two things would."""

import pytest
from changing import CONFIG, changed

from mavsr.config.read import merged, parse_config
from mavsr.errors import InputError


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("llms.toy-llama", "results/toy/portrit/llama"),
        ("llms.toy-llama", "results/toy/portrait/lama"),
        ("llms.toy-llama", "results/toy/portrait/llama/"),
        ("llms.toy-llama", "results/toy/llama"),
        ("encoders.toy-whisper", "results/toy/portrit/whisper"),
        ("encoders.toy-whisper", "results/toy/portrait/avhubert.pt"),
        ("encoders.toy-avhubert", "results/toy/portrait/avhubert"),
    ],
)
def test_no_toy_is_looked_for_where_no_rule_makes_one(key, path):
    """Whatever was made with the right path was called done, as no job could be planned."""
    with pytest.raises(InputError, match=f"config: {key}.path is '{path}'; below results/toy/"):
        parse_config(changed(f"{key}.path", path))


def test_toys_of_another_corpus_are_fine():
    change = {
        "corpora": {"other": CONFIG["corpora"]["portrait"] | {"root": "other"}},
        "llms": {"other": {"path": "results/toy/other/llama"}},
        "encoders": {"lips": {"kind": "avhubert", "path": "results/toy/other/avhubert.pt"}},
    }
    parse_config(merged(CONFIG, change))


SHARDS = {"shards": {"train": 1, "val": 1, "test": 1}}
FOLDER = {"kind": "folder", "root": "data/mine", **SHARDS}
FETCHED = FOLDER | {"download": {"files": [{"url": "https://h/a.mp4"}]}}


@pytest.mark.parametrize(
    ("one", "other", "way"),
    [
        (CONFIG["corpora"]["portrait"], FOLDER, "makes"),
        (FETCHED, FOLDER, "downloads"),
        (FETCHED, CONFIG["corpora"]["portrait"], "makes"),
    ],
)
@pytest.mark.parametrize("spelling", ["{}", "./{}", "x/../{}/"])
def test_a_corpus_that_is_made_or_fetched_has_its_folder_alone(one, other, way, spelling):
    """The second portrait corpus removed the tree of the first."""
    config = merged(CONFIG, {"corpora": {"one": one | {"root": "data/one"}}})
    config["corpora"]["two"] = other | {"root": spelling.format("data/one")}
    with pytest.raises(
        InputError, match=rf"corpora\.(one|two)\.root is .* workflow {way} (one|two);"
    ):
        parse_config(config)


def test_two_corpora_may_be_read_from_one_folder():
    for corpus in (FOLDER, FETCHED):
        parse_config(merged(CONFIG, {"corpora": {"one": corpus, "two": corpus}}))
