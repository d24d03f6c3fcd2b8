"""The part of ``benchmarks/features.py`` that only a GPU can tell, tiny and on the CPU."""

import runpy
from pathlib import Path

import pytest

from mavsr.encoders import EncoderSettings, load_encoder

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def benchmark():
    return runpy.run_path(str(ROOT / "benchmarks" / "features.py"))


def test_the_gpu_part_runs_to_its_end(place, benchmark, capsys):
    given = {
        "hearing": EncoderSettings("whisper", str(place / "w")),
        "seeing": EncoderSettings("avhubert", str(place / "v.pt")),
    }
    encoders = {
        name: (load_encoder(settings, split_long=True), settings)
        for name, settings in given.items()
    }
    benchmark["measure_device"]("cpu", encoders, seconds=2, repeats=1, batch_s=9, matrix=32)
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
    assert benchmark["wer"](path) == pytest.approx(50)
