"""Pages of the report: loss curves, and how a run was made."""

import pandas as pd
import pytest
from evaluated import SIDECAR
from tiny import DIMS, change_run

from mavsr.errors import InputError
from mavsr.model.folder import write_run
from mavsr.records import write_record
from mavsr.report.figures.style import styled
from mavsr.report.losses import draw, losses
from mavsr.report.page import html_table, page
from mavsr.report.run import describe
from mavsr.tables import write_csv

MODELS = (
    "portrait.asr.w.l.mtsk-ms.avgpool.a4.s0",
    "portrait.avsr.w+a.l.mome-mhsa.r23k4s1b12.avgpool.a4.v2.s0",
)


@pytest.fixture
def metrics(tmp_path, settings_of):
    paths = []
    for place, model in enumerate(MODELS):
        rows = [
            {"step": 1, "epoch": epoch, "split": split, "scale": scale, "loss": loss + place}
            for epoch, loss in enumerate((3.0, 2.0))
            for split, scale in (("train", "a4"), ("val", "a4"), ("val", "a16"))
        ]
        paths.append(tmp_path / "training" / model / "metrics.csv")
        paths[-1].parent.mkdir(parents=True)
        pd.DataFrame(rows).to_csv(paths[-1], index=False)
        settings = settings_of(method="mtsk-ms" if place == 0 else "mome-mhsa")
        run = {"model": settings.to_dict(), "dims": DIMS, "llm_sha256": {}}
        write_run(paths[-1].parent, run | {"setup": {"corpora": ["portrait"]}})
    return paths


def test_a_line_per_model_and_a_panel_per_task(metrics, tmp_path):
    losses(metrics, tmp_path / "report")
    assert (tmp_path / "report" / "losses.png").stat().st_size > 5000
    curves = pd.DataFrame(
        {"panel": ["a", "a", "b", "b"], "method": "mtsk-ms", "model": ["x", "x", "y", "y"]}
    ).assign(epoch=[0, 1, 0, 1], loss=[3.0, 2.0, 4.0, 3.0], variant="", rates="")
    with styled():
        figure = draw(curves)
    assert [axes.get_xlabel() for axes in figure.axes] == ["Epoch (a)", "Epoch (b)"]
    (line,) = figure.axes[0].lines
    assert line.get_xydata().tolist() == [[1, 3], [2, 2]]


def test_models_of_one_scale_are_told_apart_by_their_rates():
    rows = [
        {"panel": "a", "method": method, "variant": variant, "rates": rates, "model": f"m{place}"}
        for place, (method, variant, rates) in enumerate(
            [
                ("llama-avsr", "", "(16,2)"),
                ("llama-avsr", "", "(4,2)"),
                ("mome-ffn", "r23k4s1b12", ""),
            ]
        )
    ]
    with styled():
        figure = draw(pd.DataFrame(rows).assign(epoch=0, loss=1.0))
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["Llama-AVSR (4,2)", "Llama-AVSR (16,2)", "MoME-23/4-FFN"]
    first, second, _ = figure.axes[0].lines
    assert first.get_linestyle() != second.get_linestyle()


def test_variants_of_a_method_are_told_apart():
    rows = [
        {"panel": "a", "variant": variant, "model": f"m{place}", "epoch": epoch, "loss": 1.0}
        for place, variant in enumerate(("", "ratesdrawn"))
        for epoch in (0, 1)
    ]
    with styled():
        figure = draw(pd.DataFrame(rows).assign(method="mtsk-ms", rates=""))
    first, second = figure.axes[0].lines
    assert first.get_linestyle() != second.get_linestyle()
    assert first.get_fillstyle() != second.get_fillstyle()


def test_a_legend_of_many_models_fits_its_figure():
    rows = [
        {"panel": panel, "rates": f"({rate},{rate})", "model": f"{panel} {rate}"}
        for panel in ("a", "b", "c")
        for rate in range(1, 13)
    ]
    table = pd.DataFrame(rows).assign(method="avgpool-at-inference", variant="", epoch=0, loss=1.0)
    heights = []
    for shown in (table[table.panel == "a"][:2], table):
        with styled():
            figure = draw(shown)
        figure.draw_without_rendering()
        legend = figure.legends[0].get_window_extent()
        assert legend.x0 >= 0 and legend.x1 <= figure.bbox.width
        assert legend.y0 >= 0 and legend.y1 <= figure.bbox.height
        heights.append(min(axes.get_window_extent().height for axes in figure.axes))
    assert heights[1] > 0.7 * heights[0], "panels keep their room"


def test_a_model_that_was_never_validated_is_named(metrics, tmp_path):
    table = pd.read_csv(metrics[0])
    table[table.split == "train"].to_csv(metrics[0], index=False)
    change_run(metrics[0].parent)
    with pytest.raises(InputError, match=r"mtsk-ms.*has no row of the validation split"):
        losses(metrics, tmp_path)


def test_a_run_tells_its_software_clips_checks_and_settings(tmp_path):
    settings = []
    for name, commit, beyond in (("a", "abc", 0), ("b", "abc", 4), ("c", None, 1)):
        settings.append(tmp_path / f"{name}.json")
        made = {"versions": {"torch": "2.11"}, "python": "3.11", "machine": "x86", "commit": commit}
        write_record(settings[-1], SIDECAR | made | {"references_too_long": beyond})
    ledger = tmp_path / "portrait" / "ledger_summary.csv"
    row = {"split": "test", "cause": "", "face_share": 0.9, "clips": 200}
    write_csv(ledger, pd.DataFrame([row]))
    checks = tmp_path / "checks.csv"
    rows = [{"subject": name, "check": "rows are unique", "outcome": "holds"} for name in "ab"]
    write_csv(checks, pd.DataFrame(rows))
    config = {"rates": {"audio": [4, 16]}, "noise": {"babble": "<b>é"}}
    describe(config, settings, [ledger], checks, tmp_path / "run.html")
    text = (tmp_path / "run.html").read_text(encoding="utf-8")
    assert text.count("<td>abc</td>") == 1
    assert "outside a checkout" in text
    assert "3 hypothesis files." in text
    assert "decoding.max_new_tokens: 4 in the file with most of them" in text
    assert '<td>test</td><td></td><td class="number">0.9</td><td class="number">200</td>' in text
    assert '<th class="number">face share</th>' in text
    assert '<td>rows are unique</td><td class="number">2</td>' in text
    assert "&lt;b&gt;é" in text
    assert "<b>" not in text


def test_pages_load_nothing_from_elsewhere():
    text = page("a & b", html_table(pd.DataFrame({"x<y": ["<script>"], "n": [1.5]})))
    assert "http" not in text
    assert "<script>" not in text
    assert "a &amp; b" in text
    assert "prefers-color-scheme: dark" in text
