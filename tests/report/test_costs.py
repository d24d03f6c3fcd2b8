"""The table of costs: records and encoders joined."""

import pandas as pd
import pytest
from evaluated import SIDECAR

from mavsr.config.encoders import EncoderKeys
from mavsr.errors import InputError
from mavsr.evaluation.hypotheses import write_hypotheses
from mavsr.model.cost import head_parameters, matrix_parameters
from mavsr.model.scales import Scale
from mavsr.records import read_json, write_record
from mavsr.report.adapter_sizes import lora_parameters
from mavsr.report.cost_table import COLUMNS, read_costs
from mavsr.report.costs import costs
from mavsr.report.encoder_sizes import encoder_size
from mavsr.report.llm_shapes import llm_config
from mavsr.report.tables.cost import paper_tokens
from mavsr.report.tables.elastic import UNITS

ENCODERS = {
    "whisper-small": {"kind": "whisper", "path": "openai/whisper-small"},
    "unpadded": {"kind": "whisper", "path": "openai/whisper-small", "pad": "none"},
    "avhubert-large": {"kind": "avhubert", "path": "large_vox_iter5.pt"},
}
LENGTHS = [(500, 250), (100, 50)]
"""Encoder tokens of two clips, of 10 and 2 s."""
WORK = {
    "encoder_tokens": {"audio": 300.0, "video": 150.0},
    "encoder_tokens_squared": {"audio": (500**2 + 100**2) / 2, "video": (250**2 + 50**2) / 2},
    **{"read_tokens": 162.0, "written_tokens": 20.5, "beam_tokens": 300.0},
    **{"projector_tflops": 0.01, "prefix_tflops": 0.3, "generated_tflops": 0.05},
    "beam_tflops": 0.7,
}


@pytest.fixture
def record(tmp_path):
    def write(encoders="whisper-small+avhubert-large", **changes):
        path = tmp_path / "evaluation" / "model" / "clean" / "a4_v2.json"
        origin = SIDECAR["origin"] | {"encoders": encoders}
        own = {
            **SIDECAR,
            **{"origin": origin, "work": WORK, "utterances": 2, "speech_s": 12.0, "seconds": 3.0},
            **{"peak_gb": 1.5, "threads": 1, "hardware": "a processor"},
        }
        write_hypotheses(path.with_suffix(".jsonl"), [], own | changes)
        return path

    return write


def table_of(path, tmp_path):
    costs([path], ENCODERS, tmp_path / "cost.csv")
    return read_costs(tmp_path / "cost.csv")


def test_all_work_is_the_sum_of_its_parts(record, tmp_path):
    table = table_of(record(), tmp_path)
    assert list(table.columns) == list(COLUMNS)
    (row,) = table.to_dict("records")
    sizes = {name: encoder_size(EncoderKeys(**given)) for name, given in ENCODERS.items()}
    heard = sizes["whisper-small"].flops(30.0)
    seen = sum(sizes["avhubert-large"].flops(v / 25) for _, v in LENGTHS) / 2
    assert row["encoder_tflops"] == pytest.approx((heard + seen) / 1e12, rel=1e-3)
    parts = row["encoder_tflops"] + 0.01 + 0.3 + 0.7
    assert row["total_tflops"] == pytest.approx(parts, rel=1e-3)
    assert row["generated_tflops"] == 0.05
    assert (row["speech_s"], row["seconds"], row["real_time_factor"]) == (6.0, 1.5, 0.25)
    assert (row["audio_rate"], row["model"], row["hardware"]) == (4, "model", "a processor")
    assert (row["beam_tokens"], row["written_tokens"], row["read_tokens"]) == (300.0, 20.5, 162.0)


def test_what_people_open_has_no_checksum(record, tmp_path):
    path = record()
    table = table_of(path, tmp_path)
    costs([path], ENCODERS, tmp_path / "open.csv", sealed=False)
    assert list(pd.read_csv(tmp_path / "open.csv").columns) == list(table.columns)
    with pytest.raises(InputError, match="checksum"):
        read_costs(tmp_path / "open.csv")


def test_an_encoder_that_pads_nothing_costs_what_clips_are_long(record, tmp_path):
    padded = table_of(record(), tmp_path).encoder_tflops.item()
    own = table_of(record("unpadded+avhubert-large"), tmp_path).encoder_tflops.item()
    size = encoder_size(EncoderKeys(**ENCODERS["unpadded"]))
    whole = encoder_size(EncoderKeys(**ENCODERS["whisper-small"])).flops(30.0)
    heard = sum(size.flops(a / 50) for a, _ in LENGTHS) / 2
    assert padded - own == pytest.approx((whole - heard) / 1e12, rel=2e-3)


def test_all_work_falls_far_less_than_the_prefix():
    """10 s, Whisper Small, AV-HuBERT Large, Llama 3.2 1B, 28 tokens under 15 beams to the end."""
    llm = llm_config("llama-3.2-1b")
    head = head_parameters(llm)
    every = matrix_parameters(llm) + lora_parameters(llm, 64)
    sizes = [encoder_size(EncoderKeys(**ENCODERS[n])) for n in ("whisper-small", "avhubert-large")]
    fixed = sum(size.flops(10.0) for size in sizes) + 2 * every * 15 * 27
    tokens = [paper_tokens(scale) for scale in (Scale(4, 2), Scale(16, 5))]
    fine, coarse = (fixed + 2 * ((every - head) * (n + 5) + head) for n in tokens)
    assert tokens[0] / tokens[1] == pytest.approx(2.92, abs=0.01)
    assert fine / coarse == pytest.approx(1.18, abs=0.01)


def test_records_of_an_earlier_version_are_named(record, tmp_path):
    path = record()
    content = read_json(path, "sidecar")
    write_record(path, {k: v for k, v in content.items() if k not in ("work", "checksum")})
    with pytest.raises(InputError, match=r"a4_v2.json is of an earlier version.*decode again"):
        table_of(path, tmp_path)


def test_budgets_are_columns_of_costs_or_scores(record, tmp_path):
    columns = {*table_of(record(), tmp_path).columns, "seconds_each", "tflops", "tokens"}
    assert {unit.column for unit in UNITS.values()} <= columns
