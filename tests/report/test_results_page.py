"""The page to paste: what was measured, by what, and every count."""

import datetime

import pandas as pd
import pytest
from evaluated import SIDECAR
from synthetic import score, table

from mavsr.config.scoring import ScoringSettings
from mavsr.provenance import hardware
from mavsr.records import write_record
from mavsr.report.measured import Origins, measured
from mavsr.report.results import errors_by_scale, results
from mavsr.tables import write_csv

ORIGINS = Origins(toys=["w", "llm"], made=["portrait"])


def scores(encoders, llm, corpora, **changes):
    rows = [score("mtsk-ms", 4, 2, 10.0, corpus=corpus) for corpus in corpora]
    return table(rows).assign(encoders=encoders, llm=llm, **changes)


@pytest.mark.parametrize(
    ("encoders", "llm", "corpora", "begins", "holds"),
    [
        ("w", "llm", ["portrait"], "Toy models on a made corpus:", "nothing of the papers"),
        ("w+a", "llm", ["portrait"], "llm over a, w on portrait.", "among them: w, llm."),
        ("a", "big", ["lrs3"], "big over a on lrs3. lrs3 test", "; seed 0; commit abc."),
        ("a", "big", ["lrs3", "portrait"], "big over a on lrs3", "Made corpora among them"),
    ],
)
def test_what_was_measured_is_said_first(encoders, llm, corpora, begins, holds):
    told = measured(scores(encoders, llm, corpora), ORIGINS, ["abc"])
    assert told.startswith(begins)
    assert holds in told


def test_models_that_are_real_are_never_called_toys():
    told = measured(scores("a", "big", ["lrs3"], seed=[3]), ORIGINS, ["abc", "def"])
    assert "oy" not in told
    assert "seed 3; commit abc, def." in told


def test_the_page_has_counts_clips_hardware_and_config(tmp_path):
    rows = [
        score("mome-ffn", 4, 2, 12.0, substitutions=7, deletions=3, insertions=2),
        score("mtsk-ms", 16, 5, 15.0, substitutions=9, deletions=4, insertions=2),
    ]
    path = tmp_path / "wer.csv"
    table(rows).assign(encoders="w", llm="llm").to_csv(path, index=False)
    made = {"commit": "abc-dirty", "hardware": "A chip, 2 cores", "python": "3.11"}
    made["decoding"] = {"profile": "deterministic", "beams": 15, "max_new_tokens": 12}
    write_record(tmp_path / "a.json", SIDECAR | made | {"versions": {"torch": "2.11"}})
    write_record(tmp_path / "old.json", SIDECAR)
    ledger = tmp_path / "portrait" / "ledger_summary.csv"
    kept = {"split": "test", "outcome": "kept", "cause": "", "clips": 198, "hours": 0.16}
    lost = {**kept, "outcome": "dropped", "cause": "no face", "clips": 2}
    write_csv(ledger, pd.DataFrame([kept, lost, {**kept, "split": "all"}]))
    results(
        path,
        [tmp_path / "a.json", tmp_path / "old.json"],
        [ledger],
        ScoringSettings(),
        ORIGINS,
        "--configfile smoke.yaml",
        tmp_path / "RESULTS.md",
        tmp_path / "measured.rst",
    )
    text = (tmp_path / "RESULTS.md").read_text(encoding="utf-8")
    assert text.splitlines()[2].startswith("**Toy models on a made corpus")
    assert f"Written {datetime.date.today()}; config: --configfile smoke.yaml" in text
    assert "Decoded on: A chip, 2 cores; not recorded" in text
    assert "torch 2.11, ?" in text
    assert "Decoding: profile deterministic, 15 beams, at most 12 tokens (longer" in text
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    assert lines[0].startswith("| method | rates | words | S | D | I | WER |")
    assert "All rows: corpus portrait; trained on portrait; task avsr; condition clean;" in text
    assert "encoders w; LLM llm; seed 0; utterances 200. What" in text
    assert lines[2].startswith("| Llama-MTSK MS | (16,5) |")
    assert " 9 | 4 | 2 | 15.0 |" in lines[2]
    assert " 7 | 3 | 2 | 12.0 |" in lines[3]
    assert "| test | dropped | no face | 2 | 0.16 |" in text
    assert "| all |" not in text
    first = (tmp_path / "measured.rst").read_text(encoding="utf-8")
    assert first.strip() == text.splitlines()[2]


def test_hardware_is_named():
    assert hardware().endswith("cores")
    assert len(hardware().split(",")[0]) > 2


def test_conditions_stand_in_the_order_of_their_strength_and_units_are_named():
    conditions = ["snr_5", "clean", "snr_-5", "snr_10"]
    rows = [score("mtsk-ms", 4, 2, 10.0, condition=name, unit="character") for name in conditions]
    shown, caption = errors_by_scale(table(rows))
    assert shown.condition.tolist() == ["-5 dB", "5 dB", "10 dB", "clean"]
    assert list(shown)[3:4] == ["characters"]
    assert shown.CER.tolist() == ["10.0"] * 4
    assert "CER in %, their sum over the characters of the references" in caption
