"""Values in print against a reading of the papers, and against what the papers' config asks for.

``tests/data/reference_mome.csv`` and ``reference_omni.csv`` were read from the papers' pages, with
methods named as in print and gaps where the papers leave them; what is published here adds to them.
"""

import re
from pathlib import Path

import pandas as pd
import pytest

from mavsr.config.read import read_config
from mavsr.model.methods import METHODS
from mavsr.report.names import scale_label
from mavsr.report.published import DOUBTS, PAPERS, published_parameters, published_wer
from mavsr.workflow.experiments import all_evaluations

ROOT = Path(__file__).parents[2]
CONFIGS = [ROOT / "workflow" / "configs" / name for name in ("paper.yaml", "omni.yaml")]
KINDS = {"lrs2": "lrs2", "lrs3": "lrs3"}
OURS = {
    "Llama-AVSR": "llama-avsr",
    "Llama-MTSK MS": "mtsk-ms",
    "Llama-MTSK SS": "mtsk-ss",
    "Llama-MTSK MSS": "mtsk-mss",
    "Llama-MT": "llama-mt",
    "Omni-AVSR-S": "omni-s",
    "Omni-AVSR-T": "omni-t",
    "Omni-AVSR-ST": "omni-st",
    "Llama-MTSK": "mtsk-ms",  # Omni-AVSR does not print which; marked as doubtful
}
SOURCES = {
    "MoME Fig. ": "mome_figure",
    "MoME Table ": "mome_table",
    "Omni-AVSR Table IV": "omni_table4",
    "Omni-AVSR Table I": "omni_table1",
    "Omni-AVSR scaling figure": "omni_scaling",
    "Omni-AVSR bubble figure": "omni_bubble",
}


def reference(paper):
    """Rows as read, with our names of tables and methods, and what a variant says."""
    rows = pd.read_csv(ROOT / "tests" / "data" / f"reference_{paper}.csv").astype(object)
    for row in rows.where(rows.notna(), None).to_dict("records"):
        begin = next(begin for begin in SOURCES if row["source"].startswith(begin))
        parts = dict(re.findall(r"(\w+)=(\S+)", row["variant"] or ""))
        method = OURS.get(row["method"], row["method"])
        if parts:
            own = "-i" if "independent" in row["variant"] else ""
            method = f"mome-{parts['placement']}{own}"
        table = SOURCES[begin] + row["source"].removeprefix(begin)
        yield {**row, "table": table, "ours": method, "parts": parts}


def variant_fits(variant, parts):
    """Whether our name of a variant says what was read; ``?`` was not printed."""
    if not parts:
        return variant == ""
    width = r"\d+" if parts["bottleneck"] == "?" else parts["bottleneck"]
    more = "-separate" if parts.get("router") == "per_scale" else ""
    if weights := parts.get("scale_weights"):
        fine, also_fine, coarse, coarsest = weights.split(";")
        assert fine == also_fine == "1"
        more += f"-c_a16_v2x{coarse}_a16_v5x{coarsest}"
    return re.fullmatch(
        f"r{parts['routed']}k{parts['top_k']}s{parts['shared']}b{width}{more}", variant
    )


@pytest.fixture(scope="module")
def published():
    return published_wer(KINDS)


@pytest.mark.parametrize(("paper", "count"), [("mome", 337), ("omni", 159)])
def test_every_value_that_was_read_is_published_once(published, paper, count):
    values = published[published.table.str.startswith(paper)]
    assert len(values) == count
    given = ("audio_rate", "video_rate", "audio_encoder", "llm")
    left = values.index.tolist()
    for row in reference(paper):
        same = values.loc[left]
        same = same[
            (same.table == row["table"])
            & (same.corpus == row["corpus"])
            & (same.task == row["task"])
            & (same.method == row["ours"])
            & (same.condition == row["condition"])
            & (same.wer == row["wer"])
        ]
        for column in given:
            if row[column] is not None:
                same = same[same[column] == row[column]]
        same = same[same.variant.map(lambda text, row=row: bool(variant_fits(text, row["parts"])))]
        same = same[same.compression == (row["compression"] or "none")]
        assert len(same), row
        found = same.iloc[0]
        # What was not printed is filled in only where its value is marked.
        filled = any(row[c] is None and pd.notna(found[c]) for c in given)
        assert not (filled or "?" in (row["variant"] or "")) or "setup" in found.doubt, row
        left.remove(found.name)
    assert not left


def test_values_that_no_correct_run_need_meet_are_marked(published):
    def doubtful(word, **wanted):
        rows = published[published.doubt.str.split().map(lambda words: word in words)]
        for column, value in wanted.items():
            rows = rows[rows[column] == value]
        return rows

    assert {word for text in published.doubt for word in text.split()} < set(DOUBTS)
    assert len(doubtful("snr0")) == 3
    assert set(doubtful("snr0").wer) == {11.8, 12.4, 9.6}
    joint = doubtful("joint", table="mome_table6")
    assert len(joint) == 24
    assert joint.method.str.startswith("mome-").all()
    narrow = doubtful("label")
    assert narrow.variant.str.endswith("b1").all()
    assert set(narrow.index) == set(published.index[published.variant.str.endswith("b1")])
    figures = published.table.str.contains("mome_figure|omni_bubble")
    assert set(published.index[figures]) < set(doubtful("read-off").index)
    counts = published_parameters()
    assert counts[counts.active_millions == 8.1].doubt.tolist() == ["count", "count"]


def test_every_published_value_names_its_table_and_row(published):
    assert set(published.paper) == set(PAPERS.values())
    assert published[["table", "row"]].notna().all(axis=None)
    columns = ["table", "row", "corpus", "task", "compression"]
    columns += ["audio_rate", "video_rate", "condition", "audio_encoder", "llm"]
    twice = published[published.duplicated(columns, keep=False)]
    # The bubbles of one system are told apart by their hours of training data alone.
    assert set(twice.table) <= {"omni_bubble"}


def left_out():
    """Tables of ``docs/papers.md`` that no config asks for -> why."""
    text = (ROOT / "docs" / "papers.md").read_text().split("## Left out")[1]
    return dict(re.findall(r"^\| `(\w+)` \| all \| (.+) \|$", text, re.M))


def test_every_row_in_print_is_asked_for_or_left_out_with_a_reason(published):
    asked = set()
    for path in CONFIGS:
        for e in all_evaluations(read_config([path])):
            model, settings = e.model, e.model.settings
            asked.add(
                (
                    *(model.corpus, e.scale.task, settings.method, settings.variant),
                    *(settings.compression, scale_label(e.scale.audio, e.scale.video)),
                    *(e.condition, e.scale.audio and dict(model.encoders)["audio"], model.llm),
                )
            )
    reasons, found = left_out(), set()
    missing = []
    others = published.table.str.startswith("table") & ~published.method.isin(METHODS)
    for row in published[~others].itertuples():
        if row.table in reasons:
            found.add(row.table)
            continue
        if row.task == "mean":  # of the other values of its row
            continue
        encoder = None if pd.isna(row.audio_encoder) else row.audio_encoder
        scale = scale_label(row.audio_rate, row.video_rate)
        key = (row.corpus, row.task, row.method, row.variant, row.compression)
        if (*key, scale, row.condition, encoder, row.llm) not in asked:
            missing.append((row.table, row.row, *key, scale, row.condition))
    assert not missing, missing[:10]
    assert all(len(reason) > 20 for reason in reasons.values())
    # Table 5 has no word error rates.
    assert set(reasons) == found | {"mome_table5"}
