import pytest
from archives import tar, zipped
from downloads import PRETRAIN, TEST, TRAINVAL
from web_server import serve


@pytest.fixture
def no_credentials(monkeypatch, tmp_path):
    """A home without ~/.netrc."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("NETRC", raising=False)


@pytest.fixture
def site(no_credentials):
    """A server with an archive in four parts and two whole ones."""
    whole = tar(PRETRAIN)
    parts = {
        f"/lrs 3/pretrain_parta{c}": whole[n * 300_000 :][:300_000] for n, c in enumerate("abcd")
    }
    with serve(
        files={**parts, "/lrs 3/trainval.zip": zipped(TRAINVAL), "/lrs 3/test.zip": zipped(TEST)}
    ) as running:
        yield running


@pytest.fixture
def root(tmp_path):
    return tmp_path / "da ta é" / "lrs3"
