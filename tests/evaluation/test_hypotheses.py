"""Hypothesis files are read as they were written, or refused by name."""

import json

import pytest
from evaluated import SIDECAR

from mavsr.errors import InputError
from mavsr.evaluation.hypotheses import read_hypotheses, write_hypotheses
from mavsr.records import write_record

GOOD = {"key": "k", "reference": "a b", "hypothesis": "a"}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a4_v2.jsonl"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([GOOD, GOOD], "k occurs twice"),
        ([GOOD, {"key": "x", "reference": "a"}], "line 2: not a hypothesis"),
        ([GOOD, ["x", "a", "b"]], "line 2: not a hypothesis"),
        ([GOOD, GOOD | {"key": "x", "reference": None}], "line 2: not a hypothesis"),
        ([GOOD, GOOD | {"key": ["x"]}], "line 2: not a hypothesis"),
        ([], "holds no hypothesis"),
    ],
)
def test_lines_that_cannot_be_scored_are_named(path, lines, message):
    write_hypotheses(path, lines, SIDECAR)
    with pytest.raises(InputError, match=f"{path}.*{message}.*`rm -f {path} && snakemake"):
        read_hypotheses(path)


def test_lines_that_changed_after_they_were_written_are_named(path):
    write_hypotheses(path, [GOOD], SIDECAR)
    path.write_text(path.read_text().replace('"a"', '"b"'))
    with pytest.raises(InputError, match=f"hypotheses {path} is damaged or was changed"):
        read_hypotheses(path)


@pytest.mark.parametrize("suffix", [".jsonl", ".json"])
def test_a_missing_file_is_named(path, suffix):
    write_hypotheses(path, [GOOD], SIDECAR)
    path.with_suffix(suffix).unlink()
    with pytest.raises(InputError, match=rf"a4_v2\{suffix} does not exist; make it: .*snakemake"):
        read_hypotheses(path)


@pytest.mark.parametrize("odd", ["\u2028", "\x85", "\x0b", "\x1c", "\r", "\n"])
def test_no_character_of_a_hypothesis_ends_its_line(path, odd):
    write_hypotheses(path, [GOOD | {"hypothesis": f"a{odd}b"}, GOOD | {"key": "other"}], SIDECAR)
    assert read_hypotheses(path).texts == {"k": f"a{odd}b", "other": "a"}


def test_a_damaged_sidecar_is_named(path):
    write_hypotheses(path, [GOOD], SIDECAR)
    path.with_suffix(".json").write_text('{"origin": ')
    with pytest.raises(InputError, match=r"sidecar .*a4_v2\.json is damaged"):
        read_hypotheses(path)


def test_a_sidecar_that_lacks_something_is_named(path):
    write_record(path.with_suffix(".json"), {k: v for k, v in SIDECAR.items() if k != "tokens"})
    with pytest.raises(InputError, match=r"a4_v2\.json lacks tokens; decode again"):
        read_hypotheses(path)


def test_hypotheses_of_an_earlier_version_are_named(path):
    path.write_text(json.dumps(GOOD) + "\n")
    write_record(path.with_suffix(".json"), SIDECAR)
    with pytest.raises(InputError, match=f"carries no checksum.*mavsr seal {path}"):
        read_hypotheses(path)
