"""What jobs are told beside the files they read, without starting Snakemake."""

import json

from asking import SHARDS, asked, mixed
from snakemake.iocontainers import InputFiles

from mavsr.workflow.params import Params, feature_options

REL = {
    **{"label": "A", "task": "avsr", "llm": "toy-llama", "rates": {"audio": [4], "video": [2]}},
    **{"audio_encoder": "toy-whisper", "video_encoder": "toy-avhubert"},
}


def test_the_clips_that_noise_is_made_of_are_needed_too():
    folder = {"kind": "folder", "root": "x", **SHARDS}
    entry = {"imported": ["rel"], "tests": ["wild"], "conditions": ["others_5"]}

    def needed(**change):
        found = asked(
            corpora={"wild": folder, "more": {**folder, "root": "y"}},
            noises={"others": {"corpus": "more"}},
            imported={"rel": REL},
            experiments={"one": [entry | change]},
            use_experiments=["one"],
        )
        told = Params(found).needed_splits
        return found.corpora, {name: told({"corpus": name}) for name in ("wild", "more")}

    assert needed() == (["wild"], {"wild": "test", "more": "test"})
    # Of a corpus that is tested alone the babble is mixed from its own training voices.
    babble = needed(conditions=["snr_0"])
    assert babble == (["wild"], {"wild": "train test", "more": "train val test"})
    assert needed(conditions=["clean"])[1]["wild"] == "test"


def test_shares_of_corpora_are_told_to_training():
    found = mixed(corpora={"portrait": 1, "lrs3": 3})
    options = Params(found).training_features({"model": next(iter(found.models))}, {})
    assert options.endswith("""--shares '{"lrs3": 0.75, "portrait": 0.25}'""")


def test_a_job_says_which_corpora_it_is_of():
    found = mixed(tests=["wild"])
    (e,) = {e.corpus: e for e in found.evaluations}.values()
    told = json.loads(Params(found).origin(e.wildcards))
    assert (told["corpus"], told["trained_on"]) == ("wild", "lrs3+portrait")
    assert json.loads(Params(found).setup(e.wildcards))["corpora"] == ["lrs3", "portrait"]


def test_options_name_the_features_that_a_job_has():
    files = InputFiles(fromdict={"audio": ["a", "b"], "video": [], "audio_val": ["c"]})
    assert feature_options(files) == "--audio a b --audio_val c"


def test_what_a_job_is_told_is_text():
    told = Params(asked())
    place = {"corpus": "portrait", "split": "train"}
    assert told.of("make_portrait", "corpora", "{corpus}", "root")(place).endswith("portrait/tree")
    assert told.of("index_mouths", "mouths", "max_dropped")(place) == "0.02"
    assert told.running("decode", "decoding", "batch_tokens")({}) == 6000
