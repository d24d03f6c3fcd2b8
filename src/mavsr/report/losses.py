"""Command: draw how the models were learning, from their ``metrics.csv``."""

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from mavsr.command import run_command
from mavsr.errors import InputError
from mavsr.model.folder import check_member
from mavsr.report.figures.style import COLUMN, legend_above, look, panels, save, styled
from mavsr.report.names import label


def losses(metrics: list[Path], output: Path) -> None:
    """Draw ``results/report/losses.pdf`` and ``.png``: validation loss after every epoch.

    Args:
        metrics: ``results/training/<model>/metrics.csv`` of every model.
        output: the folder ``results/report``.
    """
    curves = pd.concat([_curve(path) for path in metrics], ignore_index=True)
    with styled():
        save(draw(curves), output, "losses")


def _curve(path: Path) -> pd.DataFrame:
    """Mean validation loss of a model over its scales, by epoch."""
    folder = check_member(path)
    table = pd.read_csv(path)
    rows = table[table.split == "val"]
    if rows.empty:
        raise InputError(f"{path} has no row of the validation split; train the model again")
    corpora = (folder.run.get("setup") or {}).get("corpora", [])
    settings = folder.settings
    curve = rows.groupby("epoch", as_index=False).loss.mean()
    panel = ", ".join([*corpora, settings.task])
    return curve.assign(panel=panel, method=settings.method, model=path.parent.name)


def draw(curves: pd.DataFrame) -> Figure:
    """A panel per corpus and task, a thin line per model, a colour per method.

    Args:
        curves: columns panel, method, model, epoch (from 0) and loss.
    """
    names = sorted(curves.panel.unique())
    figure, grid = panels(1, len(names), width=max(COLUMN, 2.5 * len(names)))
    for name, axes in zip(names, grid[0], strict=True):
        for model, own in curves[curves.panel == name].groupby("model"):
            method = own.method.iloc[0]
            drawn = look(method)
            axes.plot(
                own.epoch + 1,
                own.loss,
                drawn.line,
                color=drawn.colour,
                marker=drawn.marker,
                ms=3,
                lw=0.8,
                mec="0.2",
                mew=0.3,
                label=label(method),
                gid=str(model),
            )
        axes.set_xlabel(f"Epoch ({name})")
    grid[0][0].set_ylabel("Validation loss (nats per token)")
    legend_above(figure, grid[0][0], columns=2 * len(names))
    return figure


if __name__ == "__main__":
    run_command(losses)
