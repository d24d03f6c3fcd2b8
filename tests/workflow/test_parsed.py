"""What was found of modules is kept between runs, and never trusted where it could be wrong."""

import json

import pytest

from mavsr.workflow import parsed


@pytest.fixture
def fresh(tmp_path, monkeypatch):
    """A process that knows nothing yet, in a folder where Snakemake has run."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".snakemake").mkdir()

    def begin():
        parsed.parsed.cache_clear()
        parsed._store.cache_clear()

    begin()
    yield begin
    begin()


@pytest.fixture
def parses(monkeypatch):
    """The texts that were parsed and not looked up."""
    seen = []
    parse = parsed._parse
    monkeypatch.setattr(parsed, "_parse", lambda text: seen.append(text) or parse(text))
    return seen


TEXT = "from mavsr.c import Thing, other\n\ndef f(x: Thing):\n    return other(x)\n"


def test_a_text_is_parsed_once_for_all_runs(fresh, parses):
    first = parsed.parsed(TEXT)
    parsed.keep_parsed()
    fresh()
    assert parsed.parsed(TEXT) == first
    assert parses == [TEXT]
    assert parsed.parsed(TEXT + "\nf(1)\n").digest != first.digest


def test_only_texts_that_are_still_there_are_kept(fresh, parses):
    parsed.parsed("a = 1")
    parsed.keep_parsed()
    fresh()
    parsed.parsed("a = 2")
    parsed.keep_parsed()
    assert len(json.loads(parsed.KEPT.read_text().split("\n")[1])) == 1


@pytest.mark.parametrize(
    "damage",
    [lambda text: "", lambda text: text[:40], lambda text: text.replace("mavsr.c", "mavsr.d")],
)
def test_a_damaged_file_is_not_believed(fresh, parses, damage):
    first = parsed.parsed(TEXT)
    parsed.keep_parsed()
    parsed.KEPT.write_text(damage(parsed.KEPT.read_text()))
    fresh()
    assert parsed.parsed(TEXT) == first
    assert parses == [TEXT, TEXT]


def test_nothing_is_left_where_snakemake_never_ran(fresh, parses, tmp_path):
    (tmp_path / ".snakemake").rmdir()
    parsed.parsed(TEXT)
    parsed.keep_parsed()
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_fails_nobody(fresh, parses, tmp_path):
    (tmp_path / ".snakemake" / "mavsr").write_text("a file in the way")
    parsed.parsed(TEXT)
    parsed.keep_parsed()
