"""What a ``download:`` section may say."""

from pathlib import Path

import pytest
import yaml
from downloads import SECRET, hidden

from mavsr.corpus.download.settings import Archive, DownloadSettings, RemoteFile, redacted, shown
from mavsr.errors import InputError


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (f"https://ann:{SECRET}@host/x.zip", "holds a user name or password"),
        ("https://ann@host/x.zip", "holds a user name or password"),
        (f"https://ann:a/b?c#{SECRET}@host/x.zip", "holds a user name or password"),
        ("https://host:port/x.zip", "cannot be read"),
        ("ftp://host/x.zip", "must begin with https"),
        ("/data/x.zip", "must begin with https"),
        ("https:///x.zip", "must begin with https"),
        ("https://host/", "names no file"),
        ("https://host/x/%2E%2e", "names no file"),
        ("https://[host/x", "cannot be read"),
    ],
)
def test_urls_are_checked(url, message):
    with pytest.raises(InputError, match=message) as caught:
        RemoteFile(url)
    assert hidden(str(caught.value))


@pytest.mark.parametrize("sha256", ["", "0" * 63, "g" * 64])
def test_sums_are_checked(sha256):
    with pytest.raises(InputError, match="64 hexadecimal"):
        RemoteFile("https://host/x.zip", sha256)


def test_settings_are_checked():
    file = RemoteFile("https://host/x.zip?key=hidden")
    for settings, message in (
        (lambda: Archive(()), "at least one part"),
        (lambda: Archive((file,), "../x"), "below the corpus' root"),
        (lambda: Archive((file,), "/x"), "below the corpus' root"),
        (lambda: DownloadSettings(), "archives and files are empty"),
        (lambda: DownloadSettings((Archive((file,)),), parallel=0), "parallel is 0"),
        (lambda: DownloadSettings((Archive((file, file)),)), r"x.zip is listed 2 times"),
        (lambda: DownloadSettings((Archive((file,)),), (file,)), r"x.zip is listed 2 times"),
    ):
        with pytest.raises(InputError, match=message) as caught:
            settings()
        assert "hidden" not in str(caught.value)


def test_urls_are_shown_without_what_is_private():
    assert shown("https://a:b@host/x?y=z#w") == "https://…@host/x"
    assert shown("https://a:'b c@d@host/x") == "https://…@host/x"
    assert (
        redacted("{'url': 'https://a:b@c/x', 'y': 'z@w'}") == "{'url': 'https://…@c/x', 'y': 'z@w'}"
    )
    assert redacted("https://a:b@c@d/x or http://e@f") == "https://…@d/x or http://…@f"


def test_the_documented_download_is_valid():
    page = (Path(__file__).parents[2] / "docs" / "data.md").read_text()
    written = next(b for b in page.split("```yaml")[1:] if "download:" in b).split("```")[0]
    config = yaml.safe_load(written)
    settings = DownloadSettings(**config["corpora"]["lrs2"]["download"])
    assert settings == DownloadSettings(settings.archives, settings.files)
    assert len(settings.archives[0].parts) == 2
    assert [file.name for file in settings.files] == [
        f"{name}.txt" for name in ("pretrain", "train", "val", "test")
    ]
    assert RemoteFile(**config["noise"]["babble"]).name == "babble.mat"
