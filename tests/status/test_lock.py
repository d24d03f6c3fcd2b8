import logging
import os
from datetime import datetime
from pathlib import Path

import pytest

from mavsr.status.lock import LOCKS, LockExplained, explanation

SAID = "Error: Directory cannot be locked. Please make sure that no other Snakemake process"


@pytest.fixture
def locked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    LOCKS.mkdir(parents=True)
    lock = LOCKS / "0.output.lock"
    lock.touch()
    noon = datetime(2026, 3, 1, 12).timestamp()
    os.utime(lock, (noon, noon))
    return lock


def say(message, *values):
    record = logging.LogRecord("snakemake", logging.ERROR, "", 1, message, values, None)
    assert LockExplained().filter(record)
    return record.getMessage()


def test_a_refusal_is_followed_by_who_since_when_and_what_to_do(locked):
    said = say(SAID)
    assert said.startswith(SAID)
    assert f"since 2026-03-01 12:00 by a run of {locked.owner()}:" in said
    assert "make unlock" in said and "second clone" in said


def test_other_messages_stay_as_they_are(locked):
    assert say("%d %% of jobs done", 7) == "7 % of jobs done"


def test_an_owner_without_a_name_is_a_number(locked, monkeypatch):
    def unknown(path):
        raise KeyError(path)

    monkeypatch.setattr(Path, "owner", unknown)
    assert f"by a run of user {os.getuid()}:" in explanation()


def test_a_lock_that_has_just_gone_is_no_error(locked):
    locked.unlink()
    assert "until just now" in explanation()
