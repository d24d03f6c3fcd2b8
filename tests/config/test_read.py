import copy

import pytest
import yaml
from changing import CONFIG, ROOT, changed
from snakemake.utils import update_config

from mavsr.config.read import parse_config, read_config
from mavsr.errors import InputError

CONFIGS = sorted((ROOT / "workflow" / "configs").glob("*.yaml"))


def test_the_default_config_is_valid():
    parse_config(CONFIG)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_shipped_configs_are_valid_and_hold_only_differences(path):
    own = yaml.safe_load(path.read_text())
    config = copy.deepcopy(CONFIG)
    update_config(config, own)
    parse_config(config)
    default = dict(leaves(CONFIG))
    repeated = [key for key, value in leaves(own) if key in default and default[key] == value]
    assert not repeated, f"{path.name} repeats config.yaml: {repeated}"


def leaves(part, prefix=""):
    for key, value in part.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("ratse", 1, "unknown key 'ratse' at the top level; did you mean 'rates'?"),
        ("training.epoch", 1, "unknown key 'epoch' at training; did you mean 'epochs'?"),
        ("training.zzz", 1, "unknown key 'zzz' at training; known keys: epochs, "),
        ("setup.rates", {}, "unknown key 'rates' at setup"),
        ("rates.audio", [0, 4], "rates.audio.0 is 0"),
        ("rates.audio", [], "rates.audio is []"),
        ("rates.audio", [4.5], "rates.audio.0 is 4.5"),
        ("rates.audio", [True], "rates.audio.0 is True"),
        ("rates.video", [5, 2], "rates.video is [5, 2]: list each rate once, ascending"),
        ("rates.video", [2, 2], "rates.video is [2, 2]: list each rate once, ascending"),
        ("setup.task", "avr", "setup.task is 'avr'"),
        ("setup.corpus", "lrs9", "setup.corpus is 'lrs9', which is not under `corpora` (portrait"),
        ("setup.llm", "gpt", "setup.llm is 'gpt', which is not under `llms`"),
        ("setup.conditions", ["noisy"], "setup.conditions.0 is 'noisy'"),
        ("setup.conditions", ["snr_05"], "setup.conditions.0 is 'snr_05'"),
        ("setup.conditions", ["view_0"], "condition 'view_0' cannot be tested"),
        ("setup.conditions", ["drop_50+snr_0"], "setup.conditions.0 is 'drop_50+snr_0'"),
        (
            "experiments.noise.0.conditions",
            ["musik_5"],
            "experiments.noise[0].conditions: musik_5 is about a noise 'musik', which is not "
            "under `noises` (speech); babble is snr_5",
        ),
        (
            "experiments.figure4.0.conditions",
            ["clean", "snr_0"],
            "experiments.figure4[0].conditions: snr_0 means nothing for experiments.figure4[0], "
            "whose task vsr has no audio",
        ),
        ("experiments.figure4.0.conditions", ["late_40"], "whose task vsr has no audio"),
        ("experiments.figure3.0.conditions", ["drop_50"], "whose task asr has no video"),
        ("experiments.figure3.0.conditions", ["no_audio"], "whose task asr has no video"),
        ("setup.conditions", ["snr_0"], "setup.conditions: snr_0 means nothing for experiments."),
        ("noises.snr", {"file": "a.wav"}, "noises.snr is 'snr': write letters, digits and"),
        ("noises.a_b", {"file": "a.wav"}, "'a_b'"),
        ("noises.hum", {}, "noises.hum: give one of file, folder and corpus, not none"),
        (
            "noises.hum",
            {"file": "a.wav", "folder": "b"},
            "noises.hum: give one of file, folder and corpus, not file and folder",
        ),
        ("noises.hum", {"corpus": "lrs9"}, "noises.hum.corpus is 'lrs9', which is not under"),
        (
            "experiments.table1_adaptive",
            [{"methods": ["mtsk-ms"]}],
            "experiments.table1_adaptive is called as what the workflow measures of "
            "experiments.table1; choose another name",
        ),
        ("noise.test_share", 1, "noise.test_share is 1"),
        ("setup.seed", -1, "setup.seed is -1"),
        (
            "setup.audio_encoder",
            "toy-avhubert",
            "setup.audio_encoder is 'toy-avhubert', a avhubert encoder, which does not encode "
            "audio",
        ),
        (
            "experiments.table1.0.video_encoder",
            "toy-whisper",
            "experiments.table1[0].video_encoder is 'toy-whisper', a whisper encoder, which "
            "does not encode video",
        ),
        ("setup.video_encoder", "x", "setup.video_encoder is 'x', which is not under `encoders`"),
        ("experiments.table1.0.corpus", "x", "experiments.table1[0].corpus is 'x'"),
        (
            "experiments.table1.0.methods",
            ["mtsk-sm"],
            "experiments.table1[0].methods: method 'mtsk-sm' is unknown; did you mean 'mtsk-s",
        ),
        ("mome.router", "both", "mome.router is 'both'"),
        *(
            ("mome.scale_weights", weights, f"mome.scale_weights{told}")
            for weights, told in (
                (1.5, " is 1.5: give a weight to each scale, as in {a4_v2: 1.5}, or null"),
                (["a4_v2"], " is ['a4_v2']: give a weight to each scale"),
                ("a4_v2", " is 'a4_v2': give a weight to each scale"),
                ({4: 1}, ": give a weight to each scale"),
                ({"a4_v2": "much"}, ": the weight of a4_v2 is 'much'; give 0 or more"),
            )
        ),
        (
            "experiments.table1.0.mome",
            {"topk": 2},
            "unknown key 'topk' at experiments.table1.0.mome",
        ),
        (
            "experiments.table1.0.rates",
            {"audio": [4, 2], "video": [1]},
            "table1.0.rates.audio is [4,",
        ),
        ("experiments.table1.0.rates", {"audio": [4, 0], "video": [1]}, "rates.audio.1 is 0"),
        (
            "experiments.mome_ablation.3.mome",
            {"top_k": 24},
            "experiments.mome_ablation[3]: mome.top_k is 24, but there are only 23",
        ),
        ("experiments.table 1", [], "'table 1'"),
        ("experiments", {}, "experiments is {}"),
        ("corpora.portrait.shards.train", 0, "corpora.portrait.shards.train is 0"),
        ("corpora.portrait.validation_share", 0, "corpora.portrait.validation_share is 0"),
        (
            "corpora.portrait.validation",
            "test",
            "corpora.portrait: give either validation_share",
        ),
        (
            "corpora.portrait.transcripts",
            "x.csv",
            "unknown key 'transcripts' at corpora.portrait; known keys: longest_segment_s, ",
        ),
        ("corpora.portrait.kind", "lrs4", "corpora.portrait.kind is 'lrs4'"),
        ("use_corpora", ["lrs2"], "use_corpora[0] is 'lrs2', which is not under `corpora`"),
        ("use_corpora", [], "use_corpora is []"),
        ("training.per_task", {"vsr": {"learning_rate": 0}}, "per_task.vsr.learning_rate is 0"),
        (
            "training.per_task",
            {"avr": {"learning_rate": 1}},
            "unknown key 'avr' at training.per_task; did you mean 'avsr'?",
        ),
        ("noise.snrs", ["loud"], "noise.snrs.0 is 'loud'"),
        ("training.betas", [0.9], "training.betas is [0.9]: give one value more"),
        ("decoding.beams", "many", "decoding.beams is 'many': give a whole number"),
        ("mouths.detector", "dlib", "mouths.detector is 'dlib'"),
        ("mouths.detector", "landmarks", "but mouths.landmarks names no folder"),
        ("mouths.detector", "retinaface", "but mouths.retinaface.weights names no file or URL"),
        (
            "mouths.retinaface.weights",
            "https://example.org/w.zip",
            "mouths.retinaface.weights is a URL; give the file's mouths.retinaface.sha256",
        ),
        ("mouths.retinaface.sha256", "abc", "mouths.retinaface.sha256 is 'abc'"),
        ("mouths.retinaface.batch", 0, "mouths.retinaface.batch is 0"),
        ("mouths.codec", "h264", "mouths.codec is 'h264'"),
        ("mouths.codec", {"x264": 52}, "mouths.codec is {'x264': 52}"),
        ("mouths.sheet_clips", 0, "mouths.sheet_clips is 0"),
    ],
)
def test_wrong_configs_name_the_key(path, value, message):
    with pytest.raises(InputError) as caught:
        parse_config(changed(path, value))
    assert message in str(caught.value)
    assert str(caught.value).startswith("config: ")


@pytest.mark.parametrize(
    "mouths",
    [
        {"codec": {"x264": 0}},
        {"detector": "landmarks", "landmarks": "data/landmarks"},
        {"detector": "retinaface", "retinaface": {"weights": "w", "sha256": None, "batch": 1}},
        {"retinaface": {"weights": "https://example.org/w", "sha256": "0a" * 32, "batch": 1}},
    ],
)
def test_other_ways_to_find_and_store_mouths_are_valid(mouths):
    parse_config(changed("mouths", CONFIG["mouths"] | mouths))


def test_missing_keys_have_their_default():
    config = copy.deepcopy(CONFIG)
    del config["training"]["epochs"], config["decoding"], config["corpora"]["portrait"]["make"]
    assert parse_config(config) == parse_config(CONFIG)


def test_missing_names_are_told():
    config = copy.deepcopy(CONFIG)
    del config["corpora"]
    del config["encoders"]["toy-whisper"]["path"]
    with pytest.raises(InputError) as caught:
        parse_config(config)
    assert "'corpora' is missing at the top level" in str(caught.value)
    assert "'path' is missing at encoders.toy-whisper" in str(caught.value)


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"kind": "lrs2"}, "'longest_segment_s' is missing at corpora.mine"),
        ({"kind": "lrs3", "longest_segment_s": 16}, "corpora.mine: give either validation_share"),
        (
            {"kind": "lrs2", "longest_segment_s": 16, "validation_share": 0.1},
            "unknown key 'validation_share' at corpora.mine",
        ),
        (
            {"kind": "folder", "val_share": 0.5, "test_share": 0.5},
            "corpora.mine: val_share and test_share leave nothing",
        ),
    ],
)
def test_what_a_kind_of_corpus_needs_is_checked(section, message):
    config = copy.deepcopy(CONFIG)
    shards = {"train": 1, "val": 1, "test": 1}
    config["corpora"]["mine"] = {"root": "x", "shards": shards, **section}
    with pytest.raises(InputError) as caught:
        parse_config(config)
    assert message in str(caught.value)


def test_configs_are_read_as_snakemake_reads_them():
    paper = ROOT / "workflow" / "configs" / "paper.yaml"
    expected = copy.deepcopy(CONFIG)
    update_config(expected, yaml.safe_load(paper.read_text()))
    assert read_config([paper]) == parse_config(expected)
    assert read_config([]) == parse_config(CONFIG)


@pytest.mark.parametrize("changes", [{"use_corpora": ["other"]}, {"use_experiments": ["table5"]}])
def test_a_choice_that_leaves_nothing_is_refused(changes):
    config = copy.deepcopy(CONFIG)
    for name in ("other", "third"):
        config["corpora"][name] = config["corpora"]["portrait"] | {"root": name}
    config |= {"use_corpora": ["portrait"], **changes}
    config["experiments"]["table5"] = [{"methods": ["mtsk-ms"], "corpus": "third"}]
    with pytest.raises(InputError, match="leave nothing to run") as caught:
        parse_config(config)
    assert all(name in str(caught.value) for names in changes.values() for name in names)


def test_all_errors_are_told_at_once():
    config = changed("training.epochs", 0)
    config["decoding"]["beams"] = 0
    with pytest.raises(InputError, match=r"decoding.beams is 0[\s\S]*training.epochs is 0"):
        parse_config(config)


def test_an_entry_that_is_wrong_inside_is_not_called_missing():
    entries = [{"methods": ["mtsk-ms"], "seeds": [0, 0]}]
    with pytest.raises(InputError) as caught:
        parse_config(changed("experiments", {"one": entries}))
    assert str(caught.value) == "config: experiments.one.0.seeds is [0, 0]: list each once"


def test_an_encoder_that_no_task_uses_may_be_anything():
    config = changed("setup.task", "asr")
    config["experiments"] = {"one": [{"methods": ["mtsk-ms"]}]}
    config["setup"]["video_encoder"] = "none"
    parse_config(config)


def test_more_shards_than_names_for_them_are_refused():
    with pytest.raises(InputError, match="train is 100000: give at most 99999"):
        parse_config(changed("corpora.portrait.shards.train", 100_000))
