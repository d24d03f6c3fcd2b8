"""Records and tables are read as they were written, or refused by name with what to do."""

import json

import numpy as np
import pandas as pd
import pytest

from mavsr.errors import InputError
from mavsr.files import checksum
from mavsr.records import read_json, read_lines, write_record
from mavsr.tables import read_csv, read_parquet, write_csv, write_parquet

CONTENT = {"b": [1, 2.5, None], "a": {"é": "x", "10": 1, "9": 2}}
TABLE = pd.DataFrame(
    {
        "key": ["a", "b,c", 'd"e', "NA"],
        "text": ["", "two\nlines", "ü", "x\ry"],
        "number": [1.5, np.nan, 1e-9, 0.1 + 0.2],
        "count": [1, 2, 3, 4],
    }
)


def test_a_record_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "x.json"
    write_record(path, CONTENT | {"t": (1, 2)})
    assert read_json(path, "record") == CONTENT | {"t": [1, 2]}
    write_record(path, read_json(path, "record"))
    assert read_json(path, "record")["t"] == [1, 2]


def test_the_layout_of_a_record_does_not_matter(tmp_path):
    path = tmp_path / "x.json"
    write_record(path, CONTENT)
    path.write_text(json.dumps(json.loads(path.read_text())))
    assert read_json(path, "record") == CONTENT


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "does not exist; make it"),
        (b"", "is damaged \\(it is empty\\)"),
        (b'{"a": ', "is damaged"),
        (b"\xff\xfe", "is damaged"),
        (b"[1]", "is damaged \\(it holds a list instead of an object\\)"),
        (b'{"a": 1}', "carries no checksum.*mavsr seal"),
        (b'{"a": 1, "checksum": "00000000"}', "is damaged or was changed after it was written"),
    ],
)
def test_a_record_that_is_none_is_named(tmp_path, content, why):
    path = tmp_path / "x.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=f"^index {path} {why}.*`rm -f {path} && snakemake"):
        read_json(path, "index")


def test_what_people_write_needs_no_checksum(tmp_path):
    (tmp_path / "x.json").write_text('{"a": 1}')
    assert read_json(tmp_path / "x.json", "record", sealed=False) == {"a": 1}
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    assert read_csv(tmp_path / "x.csv", "table", sealed=False).b.tolist() == [2]
    with pytest.raises(InputError, match="carries no checksum"):
        read_csv(tmp_path / "x.csv", "table")


def test_a_remedy_of_its_own_is_told(tmp_path):
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(InputError, match=r"; remove it and run again$"):
        read_json(tmp_path / "x.json", "record", remedy="remove it and run again")


def test_a_table_is_read_as_it_was_written(tmp_path):
    table = TABLE.assign(text=["", "two\nlines", "ü", "xy"])  # see below for \r
    write_csv(tmp_path / "x.csv", table)
    read = read_csv(tmp_path / "x.csv", "table").fillna({"text": ""})
    pd.testing.assert_frame_equal(read, table)
    write_parquet(tmp_path / "x.parquet", TABLE)
    found = read_parquet(tmp_path / "x.parquet", "table")
    pd.testing.assert_frame_equal(found, TABLE)
    assert not found.attrs  # they would be handed on to what is made of the table


def test_any_reader_of_csv_reads_the_table_and_an_empty_column(tmp_path):
    write_csv(tmp_path / "x.csv", TABLE[["key", "count"]])
    found = pd.read_csv(tmp_path / "x.csv", keep_default_na=False)
    *names, last = found.columns
    assert names == ["key", "count"] and last.startswith("crc32:")
    assert found[names].equals(TABLE[names]) and set(found[last]) == {""}


@pytest.mark.parametrize("name", ["2024", "007", "1e3", "NA", "null", "nan", "true", "1_0"])
def test_names_are_text_whatever_they_look_like(tmp_path, name):
    path = tmp_path / "x.csv"
    write_csv(path, pd.DataFrame({"corpus": [name], "key": [name], "wer": [1.5], "x": [None]}))
    (read,) = read_csv(path, "table").to_dict("records")
    assert (read["corpus"], read["key"], read["wer"]) == (name, name, 1.5)
    assert pd.isna(read["x"])


def test_a_table_without_rows_keeps_its_columns(tmp_path):
    write_csv(tmp_path / "x.csv", TABLE.iloc[:0])
    assert list(read_csv(tmp_path / "x.csv", "table").columns) == list(TABLE.columns)


def test_every_lost_or_changed_row_is_seen(tmp_path):
    path = tmp_path / "x.csv"
    write_csv(path, TABLE[["key", "count"]])
    whole = path.read_text()
    lines = whole.splitlines(keepends=True)
    for place in range(1, len(lines)):
        for damaged in (lines[:place], lines[:place] + lines[place + 1 :]):
            path.write_text("".join(damaged))
            with pytest.raises(InputError, match=f"table {path} is damaged or was changed"):
                read_csv(path, "table")


def test_a_value_of_a_parquet_file_that_changed_is_seen(tmp_path):
    path = tmp_path / "x.parquet"
    write_parquet(path, TABLE)
    other = pd.read_parquet(path)
    other.loc[2, "number"] = 1e-8
    other.to_parquet(path)
    with pytest.raises(InputError, match=f"manifest {path} is damaged or was changed"):
        read_parquet(path, "manifest")


def test_lines_are_those_that_their_sidecar_knows(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'{"a": 1}\n{"a": "\xe2\x80\xa8"}\n')
    known = checksum(path.read_bytes())
    assert read_lines(path, "lines", known) == [{"a": 1}, {"a": "\u2028"}]
    path.write_bytes(path.read_bytes()[:9])
    with pytest.raises(InputError, match="is damaged or was changed"):
        read_lines(path, "lines", known)
