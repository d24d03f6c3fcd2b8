import hashlib

import pytest

from mavsr.errors import InputError
from mavsr.mouths.weights import fetch

CONTENT = b"weights" * 1000
CHECKSUM = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def url(tmp_path):
    path = tmp_path / "there" / "w.pth"
    path.parent.mkdir()
    path.write_bytes(CONTENT)
    return path.as_uri()


@pytest.mark.parametrize("checksum", [CHECKSUM, CHECKSUM.upper()])
def test_the_file_asked_for_arrives(url, tmp_path, checksum):
    fetch(url, checksum, tmp_path / "here" / "w.pth")
    assert (tmp_path / "here" / "w.pth").read_bytes() == CONTENT


def test_another_file_is_refused_and_not_kept(url, tmp_path):
    with pytest.raises(InputError, match=rf"has SHA-256 {CHECKSUM}, not 00"):
        fetch(url, "00" * 32, tmp_path / "here" / "w.pth")
    assert not list((tmp_path / "here").iterdir())


@pytest.mark.parametrize("missing", ["w2.pth", "%00"])
def test_a_url_without_a_file_names_the_remedy(url, tmp_path, missing):
    with pytest.raises(InputError, match=r"cannot be downloaded .* mouths\.retinaface\.weights"):
        fetch(url.replace("w.pth", missing), CHECKSUM, tmp_path / "here" / "w.pth")
    assert not list((tmp_path / "here").iterdir())
