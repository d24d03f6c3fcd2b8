"""Cases for the tests of imports."""

import pytest
from families import FAMILIES
from official import DATA, Case


@pytest.fixture
def make(tmp_path, monkeypatch):
    """A case of those kept here, whatever OFFICIAL_CASES says."""
    monkeypatch.setattr("official.CASES", DATA)
    return lambda family: Case(FAMILIES[family], tmp_path / family)
