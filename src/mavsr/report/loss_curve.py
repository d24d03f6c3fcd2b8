"""Command: draw a model's losses over its training steps.

One panel for training and one for validation, a line per scale; training losses are averaged over
windows, because single batches differ more than scales do.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from mavsr.command import run_command
from mavsr.errors import InputError
from mavsr.files import atomic
from mavsr.model.folder import check_member
from mavsr.model.scales import Scale
from mavsr.report.figures.style import PAGE, legend_above, styled
from mavsr.report.names import scale_label

WINDOWS = 60
"""Points of a line of training losses."""
LOOKS = [
    (colour, line, marker)
    for line in ("-", "--", ":", "-.")
    for colour, marker in (
        ("#0072b2", "o"),
        ("#d55e00", "s"),
        ("#009e73", "^"),
        ("#cc79a7", "D"),
        ("#4d4d4d", "v"),
    )
]
"""Colour (Okabe and Ito), line and marker of a model's scales, in their order."""


def loss_curve(metrics: Path, output: Path) -> None:
    """Draw ``metrics.csv`` of a model as a PNG file.

    Args:
        metrics: written by mavsr.training.train.
        output: the figure.

    Raises:
        InputError: there is no training loss in it.
    """
    check_member(metrics)
    table = pd.read_csv(metrics)
    if not (table.split == "train").any():
        raise InputError(f"{metrics} has no training loss; train the model again")
    with styled():
        figure = draw_losses(table)
        with atomic(output) as partial:
            figure.savefig(partial, format="png")
        plt.close(figure)


def draw_losses(table: pd.DataFrame) -> Figure:
    """Losses against steps, and the WER of validation samples where there is one."""
    wer = table["wer"].notna().any()
    panes = [
        ("train", "loss", "Training loss (nats per token)"),
        ("val", "loss", "Validation loss (nats per token)"),
    ]
    panes += [("val", "wer", "WER of validation sample (%)")] * bool(wer)
    figure, grid = plt.subplots(1, len(panes), figsize=(PAGE, 2.6), squeeze=False)
    for panel, (split, column, what) in zip(grid[0], panes, strict=True):
        for place, scale in enumerate(dict.fromkeys(table["scale"])):
            rows = table[(table["split"] == split) & (table["scale"] == scale)]
            if split == "train":
                window = max(len(rows) // WINDOWS, 1)
                rows = rows.assign(loss=rows["loss"].rolling(window, min_periods=1).mean())
                rows = rows.iloc[window - 1 :: window]
            parsed = Scale.parse(scale)
            colour, line, marker = LOOKS[place % len(LOOKS)]
            panel.plot(
                rows["step"],
                rows[column],
                line,
                lw=1.0,
                marker="" if split == "train" else marker,
                ms=3,
                color=colour,
                label=scale_label(parsed.audio, parsed.video),
            )
        panel.set_xlabel("Training step")
        panel.set_ylabel(what)
    legend_above(figure, grid[0][0], columns=8)
    return figure


if __name__ == "__main__":
    run_command(loss_curve)
