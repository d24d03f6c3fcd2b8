import numpy as np
import pandas as pd
import pytest
from tiny import DIMS

from mavsr.errors import InputError
from mavsr.model.folder import write_run
from mavsr.report.figures.style import styled
from mavsr.report.loss_curve import WINDOWS, draw_losses, loss_curve


def table(steps=300, wer=None):
    rows = [
        {"step": s, "epoch": 0, "split": "train", "scale": scale, "loss": 5.0 - s / 100 + n}
        for s in range(steps)
        for n, scale in enumerate(("a4_v2", "a16_v5"))
    ]
    rows += [
        {"step": s, "epoch": 0, "split": "val", "scale": scale, "loss": 4.0, "wer": wer}
        for s in (steps // 2, steps)
        for scale in ("a4_v2", "a16_v5")
    ]
    return pd.DataFrame(rows).reindex(
        columns=["step", "epoch", "split", "scale", "loss", "learning_rate", "wer"]
    )


def draw(losses):
    with styled():
        return draw_losses(losses)


def test_a_line_per_scale_and_split():
    figure = draw(table())
    train, val = figure.axes
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["(4,2)", "(16,5)"]
    assert not figure.get_suptitle()
    for panel, points in ((train, WINDOWS), (val, 2)):
        assert [len(line.get_xdata()) for line in panel.get_lines()] == [points, points]
    first = train.get_lines()[0]
    window = 300 // WINDOWS
    assert first.get_xdata()[0] == window - 1
    assert first.get_ydata()[0] == pytest.approx(np.mean([5 - s / 100 for s in range(window)]))


def test_word_error_rates_get_a_panel_of_their_own():
    panels = draw(table(wer=12.5)).axes
    assert len(panels) == 3
    assert panels[2].get_lines()[0].get_ydata().tolist() == [12.5, 12.5]


@pytest.fixture
def metrics(settings_of, tmp_path):
    """Leave ``metrics.csv`` as training does, in a model's folder."""

    def write(losses):
        losses.to_csv(tmp_path / "metrics.csv", index=False)
        write_run(tmp_path, {"model": settings_of().to_dict(), "dims": DIMS, "llm_sha256": {}})
        return tmp_path / "metrics.csv"

    return write


def test_the_command_writes_a_png(metrics, tmp_path):
    loss_curve(metrics(table(steps=5)), tmp_path / "model.png")
    assert (tmp_path / "model.png").read_bytes().startswith(b"\x89PNG")


def test_a_table_without_training_is_refused(metrics, tmp_path):
    with pytest.raises(InputError, match=r"metrics\.csv has no training loss"):
        loss_curve(metrics(table(steps=0)), tmp_path / "model.png")
