"""Weights of the detector that lie on a server are fetched by the job that downloads any file."""

import hashlib
import json

from marks import written
from web_server import serve

from mavsr.config.downloads import RemoteFile
from mavsr.config.read import merged, parse_config
from mavsr.corpus.download.get_file import get_file
from mavsr.workflow.asked import Asked
from mavsr.workflow.params import Params

WEIGHTS = b"weights"
SHA256 = hashlib.sha256(WEIGHTS).hexdigest()


def test_weights_of_a_url_arrive(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    with serve() as site:
        site.files["/r.pth"] = WEIGHTS
        weights = {"mouths": {"retinaface": {"weights": site.url("/r.pth"), "sha256": SHA256}}}
        config = parse_config(merged(written("by retinaface"), weights))
        told = json.loads(Params(Asked(config)).detector_file({}))
        get_file(RemoteFile(**told), "retinaface", tmp_path / "weights", tmp_path / "listing.json")
    assert (tmp_path / "weights").read_bytes() == WEIGHTS
