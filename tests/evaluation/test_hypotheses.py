import json

import pytest

from mavsr.errors import InputError
from mavsr.evaluation.hypotheses import read_hypotheses


def line(key="k", reference="a b", hypothesis="a"):
    return json.dumps(
        {"key": key, "reference": reference, "hypothesis": hypothesis}, ensure_ascii=False
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([line(), line()], "k occurs twice"),
        ([line(), '{"key": "x", "refer'], "line 2: not a hypothesis"),
        ([line(), '{"key": "x", "reference": "a"}'], "line 2: not a hypothesis"),
        ([line(), '["x", "a", "b"]'], "line 2: not a hypothesis"),
        ([line(), '{"key": "x", "reference": null, "hypothesis": "a"}'], "line 2: not a hypoth"),
        ([line(), '{"key": ["x"], "reference": "a", "hypothesis": "a"}'], "line 2: not a hypoth"),
        ([], "holds no hypothesis"),
    ],
)
def test_files_that_cannot_be_scored_are_named(tmp_path, content, message):
    path = tmp_path / "a4_v2.jsonl"
    path.write_text("".join(f"{text}\n" for text in content))
    path.with_suffix(".json").write_text("{}")
    with pytest.raises(InputError, match=message) as caught:
        read_hypotheses(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"gone.jsonl does not exist; rule decode makes it"):
        read_hypotheses(tmp_path / "gone.jsonl")


@pytest.mark.parametrize("odd", ["\u2028", "\x85", "\x0b", "\x1c", "\r", "\n"])
def test_no_character_of_a_hypothesis_ends_its_line(tmp_path, odd):
    path = tmp_path / "a4_v2.jsonl"
    path.write_text(line(hypothesis=f"a{odd}b") + "\n" + line("other") + "\n", encoding="utf-8")
    path.with_suffix(".json").write_text("{}")
    assert list(read_hypotheses(path).texts) == ["k", "other"]


def test_a_damaged_sidecar_is_named(tmp_path):
    (tmp_path / "a4_v2.jsonl").write_text(line() + "\n")
    (tmp_path / "a4_v2.json").write_text('{"origin": ')
    with pytest.raises(InputError, match=r"a4_v2.json is damaged"):
        read_hypotheses(tmp_path / "a4_v2.jsonl")


def test_a_missing_sidecar_is_named(tmp_path):
    (tmp_path / "a4_v2.jsonl").write_text(line() + "\n")
    with pytest.raises(InputError, match=r"a4_v2.json does not exist; rule decode makes it"):
        read_hypotheses(tmp_path / "a4_v2.jsonl")
