"""Command: draw a model's losses over its training steps.

One panel for training and one for validation, a line per scale; training losses are averaged over
windows, because single batches differ more than scales do.
"""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from mavsr.command import run_command
from mavsr.errors import InputError
from mavsr.files import atomic

WINDOWS = 60
"""Points of a line of training losses."""


def loss_curve(metrics: Path, output: Path) -> None:
    """Draw ``metrics.csv`` of a model as a PNG file.

    Args:
        metrics: written by mavsr.training.train.
        output: the figure.

    Raises:
        InputError: there is no training loss in it.
    """
    table = pd.read_csv(metrics)
    if not (table.split == "train").any():
        raise InputError(f"{metrics} has no training loss; train the model again")
    figure = draw_losses(table, output.stem)
    with atomic(output) as partial:
        figure.savefig(partial, format="png", dpi=120)
    plt.close(figure)


def draw_losses(table: pd.DataFrame, title: str) -> Figure:
    """Losses against steps, and the WER of validation samples where there is one."""
    wer = table["wer"].notna().any()
    figure, panels = plt.subplots(
        1, 2 + wer, figsize=(4.5 * (2 + wer), 3.6), layout="constrained", squeeze=False
    )
    scales = list(dict.fromkeys(table["scale"]))
    panes = [("train", "loss", "training loss"), ("val", "loss", "validation loss")]
    panes += [("val", "wer", "WER of a validation sample, %")] * bool(wer)
    for panel, (split, column, label) in zip(panels[0], panes, strict=True):
        for number, scale in enumerate(scales):
            rows = table[(table["split"] == split) & (table["scale"] == scale)]
            if split == "train":
                window = max(len(rows) // WINDOWS, 1)
                rows = rows.assign(loss=rows["loss"].rolling(window, min_periods=1).mean())
                rows = rows.iloc[window - 1 :: window]
            marker = "" if split == "train" else "o"
            panel.plot(rows["step"], rows[column], marker=marker, ms=3, color=f"C{number}")
        panel.set_xlabel("step")
        panel.set_ylabel(label)
        panel.grid(alpha=0.3)
    panels[0][0].legend(scales, title="scale")
    figure.suptitle(title, fontsize=9)
    return figure


if __name__ == "__main__":
    run_command(loss_curve)
