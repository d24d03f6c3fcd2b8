"""Text that stands for a number, a switch or a home folder."""

import pytest
from changing import changed

from mavsr.config.read import expand_homes, parse_config, read_config
from mavsr.config.texts import restore_types
from mavsr.errors import InputError


def test_numbers_as_text_are_numbers_for_every_command(tmp_path):
    mine = tmp_path / "mine.yaml"
    mine.write_text("rates: {audio: ['4', '8']}\ntraining: {learning_rate: 1e-3}\n")
    config = read_config([mine])
    assert config.rates.audio == (4, 8)
    assert config.training.learning_rate == 1e-3


def test_numbers_given_as_text_get_their_type_back():
    config = changed("rates", {"audio": ["4", "8"], "video": ["2"]})
    config["training"]["learning_rate"] = "1.0e-3"
    config["training"]["weight_decay"] = "1e-2"
    config["features"]["flip"] = "false"
    config["noise"]["snrs"] = ["-5", "clean"]
    config["setup"]["corpus"] = "2020"
    restore_types(config)
    assert config["rates"] == {"audio": [4, 8], "video": [2]}
    assert config["training"]["learning_rate"] == 1e-3
    assert config["training"]["weight_decay"] == 1e-2
    assert config["features"]["flip"] is False
    assert config["noise"]["snrs"] == [-5, "clean"]
    assert config["setup"]["corpus"] == "2020"


@pytest.mark.parametrize("text", ["0", "four", "1.5", "[4]", "{4", "-1e2"])
def test_text_that_is_no_rate_is_refused_all_the_same(text):
    config = changed("rates.audio", [text])
    restore_types(config)
    with pytest.raises(InputError, match=r"rates.audio.0 is"):
        parse_config(config)


@pytest.mark.parametrize(
    "path",
    [
        *("noise.babble", "scoring.baseline", "elastic.start", "use_experiments", "setup.seeds"),
        *("encoders.toy-whisper.revision", "corpora.portrait.download", "llms.toy-llama.revision"),
        *("mome.scale_weights", "experiments.table1.0.training"),
    ],
)
def test_null_as_text_is_null_where_there_may_be_null(path):
    """Inside braces --config hands it over as text, which a path or a name may be too."""
    assert parse_config(changed(path, "null")) == parse_config(changed(path, None))


def test_null_as_text_is_a_value_like_others_elsewhere():
    with pytest.raises(InputError, match=r"training.epochs is 'null': give a whole number"):
        parse_config(changed("training.epochs", "null"))


def test_weights_as_text_are_numbers():
    assert parse_config(
        changed("mome", {"scale_weights": {"a4_v2": "1.5"}})
    ).mome.scale_weights == (("a4_v2", 1.5),)
    config = changed("setup.corpora", {"portrait": "1", "other": "2"})
    config["corpora"]["other"] = config["corpora"]["portrait"] | {"root": "other"}
    assert parse_config(config).setup.corpora == (("other", 2.0), ("portrait", 1.0))


def test_home_folders_are_written_out(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    config = changed("corpora.portrait.root", "~/l r s")
    config["corpora"]["portrait"]["download"] = {"files": [{"url": "https://h/~ann"}, "~"]}
    expand_homes(config)
    assert config["corpora"]["portrait"]["root"] == f"{tmp_path}/l r s"
    assert config["corpora"]["portrait"]["download"]["files"] == [
        {"url": "https://h/~ann"},
        str(tmp_path),
    ]
    with pytest.raises(InputError, match=r"config: noise\.babble is '~nobody\.here/x'"):
        expand_homes(changed("noise.babble", "~nobody.here/x"))
