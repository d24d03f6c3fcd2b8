"""Whisper's own word error rate: what is counted, and what is refused."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from tiny import save_whisper

from mavsr.config.encoders import EncoderKeys
from mavsr.config.read import DEFAULT, merged, parse_config, plain, read_config
from mavsr.errors import InputError
from mavsr.media import encode_audio
from mavsr.recognition import yardstick as module
from mavsr.recognition.yardstick import OwnDecoder, own_errors, yardstick
from mavsr.shards import write_shard

SAID = {"a": "IT'S A DOOR", "b": "SHE WENT OUT"}


@pytest.mark.parametrize("longest", [800, 799])
def test_marks_and_case_do_not_count_and_every_clip_does(tmp_path, monkeypatch, caplog, longest):
    heard = {0.1: " It's a door.", 0.2: " He went out, then!"}
    decoder = SimpleNamespace(
        texts=lambda waves: [heard[round(float(w[0]), 1)] for w in waves], longest=longest
    )
    monkeypatch.setattr(module, "OwnDecoder", lambda settings: decoder)
    clips = {"a": 0.1, "b": 0.2, "dropped": 0.2}
    fields = (
        (key, {"flac": encode_audio(np.full(800, v, np.float32))}) for key, v in clips.items()
    )
    write_shard(tmp_path / "00000.tar", fields)
    errors = own_errors(EncoderKeys("whisper", "x"), [tmp_path / "00000.tar"], SAID)
    assert errors.keys == ("a", "b")
    assert ("2 of 2 clips are longer than the 0.0499375 s" in caplog.text) == (longest < 800)
    assert (errors.substitutions.tolist(), errors.insertions.tolist()) == ([0, 1], [0, 1])
    assert errors.wer == pytest.approx(100 * 2 / 6)
    with pytest.raises(InputError, match="c does not have both"):
        own_errors(EncoderKeys("whisper", "x"), [tmp_path / "00000.tar"], SAID | {"c": "NO"})


def test_an_encoder_without_its_decoder_is_refused(tmp_path):
    place = save_whisper(tmp_path / "whisper", chunk_s=2)
    (place / "generation_config.json").unlink(missing_ok=True)
    with pytest.raises(InputError, match=r"no generation_config.json.*name a whole Whisper"):
        OwnDecoder(EncoderKeys("whisper", str(place)))


def test_what_is_not_there_yet_is_named(tmp_path, monkeypatch):
    config = read_config([DEFAULT.parent / "workflow" / "configs" / "smoke.yaml"])
    monkeypatch.setattr(module, "expected_texts", lambda *place: SAID)
    crops = "mouths/portrait/test/00000.tar"
    with pytest.raises(InputError, match=rf"{crops} is not there yet; make it: `snakemake"):
        list(yardstick(config, tmp_path))
    sees = merged(
        json.loads(json.dumps(plain(config))),
        {"experiments": {"table1": [{"methods": ["mtsk-ms"], "task": "vsr"}]}},
    )
    seeing = parse_config({**sees, "use_experiments": ["table1"]})
    with pytest.raises(InputError, match="no model of this config is tested with a whisper"):
        list(yardstick(seeing, tmp_path))
