import pandas as pd
import pytest
from trees import manifest_row

from mavsr.corpus.manifest import COLUMNS, check_manifest, read_manifest, write_manifest
from mavsr.errors import InputError
from mavsr.tables import write_parquet


@pytest.fixture
def table():
    return pd.DataFrame([manifest_row(key, f"{key}.mp4") for key in ("b", "a_1", "c-2")])


def test_a_manifest_comes_back_sorted_and_in_order(table, tmp_path):
    path = tmp_path / "train.parquet"
    write_manifest(path, table[list(reversed(COLUMNS))].assign(extra=1))
    found = read_manifest(path)
    assert found.key.tolist() == ["a_1", "b", "c-2"]
    assert list(found.columns) == list(COLUMNS)
    assert found.end.isna().all()


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("key", "a/b", "'a/b' has a key that is not a safe file name"),
        ("key", "a.b", "'a.b' has a key that is not a safe file name"),
        ("key", "", "'' has a key that is not a safe file name"),
        ("key", "ä", "'ä' has a key that is not a safe file name"),
        ("key", "a_1", "'a_1' has a key that occurs twice"),
        ("text", "", "'b' has an empty transcript"),
        ("text", "  ", "'b' has an empty transcript"),
        ("text", None, "'b' has an empty transcript"),
        ("split", "dev", "'b' has a split other than train, val, test"),
        ("duration_s", 0.0, "'b' has a duration that is not positive"),
        ("duration_s", -1.0, "'b' has a duration that is not positive"),
        ("duration_s", float("nan"), "'b' has a duration that is not positive"),
        ("shard", -1, "'b' has a negative shard number"),
    ],
)
def test_rows_that_break_the_contract_are_named(table, tmp_path, column, value, message):
    table.loc[0, column] = value
    with pytest.raises(InputError, match=f"x.parquet: {message}"):
        check_manifest(table, "x.parquet")
    with pytest.raises(InputError, match=message):
        write_manifest(tmp_path / "x.parquet", table)
    assert not list(tmp_path.iterdir())
    write_parquet(tmp_path / "x.parquet", table)
    with pytest.raises(InputError, match=message):
        read_manifest(tmp_path / "x.parquet")


@pytest.mark.parametrize("column", COLUMNS)
def test_missing_columns_are_named(table, column):
    with pytest.raises(InputError, match=f"x: the manifest lacks the columns {column}"):
        check_manifest(table.drop(columns=column), "x")


def test_a_missing_manifest_is_named(tmp_path):
    with pytest.raises(InputError, match=r"gone.parquet does not exist; make it: .*snakemake"):
        read_manifest(tmp_path / "gone.parquet")


def test_a_damaged_manifest_is_named(table, tmp_path):
    path = tmp_path / "x.parquet"
    write_manifest(path, table)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(InputError, match=r"x.parquet is damaged.*rebuild it: .*snakemake"):
        read_manifest(path)
