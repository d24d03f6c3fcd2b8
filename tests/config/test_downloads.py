"""What a config says of files to fetch."""

import pytest
from changing import changed

from mavsr.config.read import parse_config
from mavsr.errors import InputError


def downloaded(**changes):
    part = {"url": "https://host/lrs3.zip", **changes}
    config = changed("corpora.portrait.download", {"archives": [{"parts": [part]}]})
    config["corpora"]["portrait"]["kind"] = "lrs3"
    del config["corpora"]["portrait"]["make"]
    return config


def test_archives_to_download_are_valid():
    parse_config(downloaded(sha256="a" * 64))
    parse_config(changed("noise.babble", {"url": "https://host/babble.mat", "sha256": None}))
    parse_config(changed("noise.babble", "babble.wav"))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            downloaded(url="https://ann:secret@host/x.zip"),
            r"download.archives.0.parts.0.url is .* holds a user name",
        ),
        (downloaded(url="https://ann:secret@host"), "holds a user name or password"),
        (downloaded(url=["https://ann:secret@host/x.zip"]), r"parts.0.url is \['https://…@host"),
        (downloaded(url="host/x.zip"), "must begin with https://"),
        (downloaded(sha256="12"), "parts.0.sha256 is '12': write 64 hexadecimal"),
        (downloaded(password="secret"), "unknown key 'password' at corpora.portrait.download"),
        (changed("corpora.portrait.download", {"archives": []}), "archives and files are empty"),
        (changed("corpora.portrait.download", "https://ann:secret@host/"), "is 'https://…@host/'"),
        (changed("noise.babble", {"url": "https://ann:secret@host/x"}), "noise.babble.url is"),
        (changed("noise.babble", {"url": 7, "user": "https://a:secret@h"}), "noise.babble is"),
        (changed("noise.babble", "https://ann:secret@host/x.wav"), "noise.babble: to download "),
        (changed("corpora.portrait.download", {}), "archives or files, or both"),
        (changed("noise.babble_mat_hz", 0), "noise.babble_mat_hz is 0"),
    ],
)
def test_downloads_are_checked_and_passwords_not_repeated(config, message):
    with pytest.raises(InputError, match=message) as caught:
        parse_config(config)
    assert "secret" not in str(caught.value)


def test_a_corpus_that_is_made_is_not_downloaded():
    config = downloaded()
    config["corpora"]["portrait"]["kind"] = "portrait"
    with pytest.raises(InputError, match="is made, not downloaded"):
        parse_config(config)
