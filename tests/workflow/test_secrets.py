"""What follows the ``?`` of a URL is sent to its server and to nobody else."""

import json
import os

import pytest
import yaml
from web_server import serve

from mavsr.config.queries import QUERIES, hide, reveal
from mavsr.corpus.download.settings import RemoteFile, redacted
from mavsr.errors import InputError

SECRET = "sv=2&sig=abc%2Bsecret"
TARGET = "results/noise/download/babble.wav"


@pytest.fixture(autouse=True)
def no_queries(monkeypatch):
    monkeypatch.setenv(QUERIES, "{}")


def test_a_query_is_hidden_and_known_to_jobs():
    url = f"https://example.org/a.zip?{SECRET}"
    section = {"archives": [{"parts": [{"url": url, "sha256": None}]}], "note": "is it? yes"}
    shown = hide(section)
    assert "secret" not in json.dumps(shown) and shown["note"] == section["note"]
    (part,) = shown["archives"][0]["parts"]
    assert part["url"].startswith("https://example.org/a.zip?")
    assert reveal(part["url"]) == RemoteFile(part["url"]).url == url
    assert hide(shown) == shown
    assert hide(url) != hide(f"{url}2")  # a job runs again for another one


def test_a_url_without_a_query_is_left_as_it_is():
    for text in ("https://example.org/a.zip", "data/what?.wav", ""):
        assert hide(text) == reveal(text) == text
    assert os.environ[QUERIES] == "{}"


def test_a_query_that_nobody_tells_is_named(monkeypatch):
    shown = hide(f"https://example.org/a.zip?{SECRET}")
    monkeypatch.setenv(QUERIES, "{}")
    with pytest.raises(InputError, match=r"example\.org/a\.zip is kept out of commands"):
        RemoteFile(shown)


def test_messages_about_a_config_do_not_quote_it():
    assert redacted(f"'https://ann:pw@x.org/a?{SECRET}' is odd") == "'https://…@x.org/a?…' is odd"


def test_no_file_and_no_line_of_a_run_has_it(project):
    with serve() as site:
        site.files["/babble.wav"] = b"sound"
        babble = {"url": f"{site.url('/babble.wav')}?{SECRET}", "sha256": None}
        (project.folder / "my.yaml").write_text(yaml.safe_dump({"noise": {"babble": babble}}))
        result = project.run("--printshellcmds", "--configfile", "my.yaml", "--", TARGET)
    assert result.returncode == 0, result.stdout
    assert {asked.query for asked in site.asked} == {SECRET}
    assert (project.folder / TARGET).read_bytes() == b"sound"
    assert "babble.wav?hidden-" in result.stdout and "secret" not in result.stdout
    for folder in (".snakemake", "results"):
        written = [path for path in (project.folder / folder).rglob("*") if path.is_file()]
        assert written and not [path for path in written if b"secret" in path.read_bytes()]
