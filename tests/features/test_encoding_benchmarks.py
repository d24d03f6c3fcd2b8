"""What of the benchmarks of encoding only a GPU or a long run can tell, tiny and on the CPU."""

import runpy
from pathlib import Path

import pytest
import torch

from mavsr.encoders import EncoderSettings, load_encoder

ROOT = Path(__file__).parents[2]


@pytest.fixture
def benchmark(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return lambda name: runpy.run_path(str(ROOT / "benchmarks" / f"{name}.py"))


def test_large_encoders_are_measured_to_the_end(place, benchmark, capsys):
    given = {
        "hearing": EncoderSettings("whisper", str(place / "w")),
        "seeing": EncoderSettings("avhubert", str(place / "v.pt")),
    }
    encoders = {
        name: (load_encoder(settings, split_long=True), settings)
        for name, settings in given.items()
    }
    device = torch.device("cpu")
    benchmark("encoders")["measure"](device, encoders, 2, repeats=1, batch_s=9, matrix=32)
    shown = capsys.readouterr().out
    for name in given:
        for way in ("one by one", "batched"):
            assert f"{name}, {way}: " in shown
        assert f"{name}: batched against one by one " in shown
    assert shown.startswith("cpu: ")


def test_word_errors_are_counted_over_all_words(benchmark, tmp_path):
    path = tmp_path / "clean.jsonl"
    path.write_text(
        '{"reference": "a b c", "hypothesis": "A b d"}\n{"reference": "e", "hypothesis": ""}\n'
    )
    assert benchmark("online")["wer"](path) == pytest.approx(50)
