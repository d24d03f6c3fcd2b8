"""A toy model whose weights are not those of its record is refused by name."""

import pytest
from tiny import save_avhubert

from mavsr.encoders import EncoderSettings, load_encoder
from mavsr.errors import InputError
from mavsr.files import sha256
from mavsr.made_weights import check_weights
from mavsr.records import write_record


@pytest.fixture
def checkpoint(tmp_path):
    path = save_avhubert(tmp_path / "avhubert.pt")
    write_record(path.with_suffix(".json"), {"weights_sha256": sha256(path)})
    return path


def test_one_bit_suffices(checkpoint):
    settings = EncoderSettings("avhubert", str(checkpoint))
    load_encoder(settings)
    content = bytearray(checkpoint.read_bytes())
    content[len(content) // 2] ^= 1
    checkpoint.write_bytes(content)
    remedy = rf"rm -f {checkpoint.with_suffix('.json')} {checkpoint} && snakemake"
    with pytest.raises(InputError, match=rf"{checkpoint} is missing or damaged.*{remedy}"):
        load_encoder(settings)


def test_missing_weights_and_damaged_records_are_named(checkpoint):
    checkpoint.unlink()
    with pytest.raises(InputError, match=r"avhubert\.pt is missing"):
        check_weights(checkpoint)
    checkpoint.with_suffix(".json").write_text("{")
    with pytest.raises(InputError, match=r"record of a toy model .*avhubert\.json is damaged"):
        check_weights(checkpoint)


def test_models_of_others_have_no_record(tmp_path):
    check_weights(tmp_path)
    check_weights(tmp_path / "large_vox_iter5.pt")
