"""Command: draw how the models were learning, from their ``metrics.csv``."""

import re
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from mavsr.command import run_command
from mavsr.errors import InputError
from mavsr.model.folder import check_member
from mavsr.report.figures.looks import looks
from mavsr.report.figures.style import COLUMN, legend_above, panels, save, styled
from mavsr.report.names import label, rank, scale_label

LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)))
"""Of a method's models of one scale each, in the order of their rates."""


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
    [*more, first] = settings.scales[::-1]
    rates = "" if more else scale_label(first.audio, first.video)
    about = {"method": settings.method, "variant": settings.variant, "rates": rates}
    return curve.assign(panel=panel, **about, model=path.parent.name)


def draw(curves: pd.DataFrame) -> Figure:
    """A panel per corpus and task, a thin line per model, a look per method and variant.

    Models of one scale are named with their rates, each with a line of its own.

    Args:
        curves: columns panel, method, variant, rates (empty for a model of several), model, epoch
            (from 0) and loss.
    """
    names, drawn_as = sorted(curves.panel.unique()), looks(curves)
    figure, grid = panels(1, len(names), width=max(COLUMN, 2.5 * len(names)))
    for name, axes in zip(names, grid[0], strict=True):
        panel = curves[curves.panel == name]
        every = sorted(set(panel.rates) - {""}, key=_numbers)
        order = panel.assign(rank=panel.method.map(rank), place=panel.rates.map(_numbers))
        for model, own in order.sort_values(["rank", "place"]).groupby("model", sort=False):
            method, variant, rates = own[["method", "variant", "rates"]].iloc[0]
            drawn = drawn_as[method, variant]
            line = LINES[every.index(rates) % len(LINES)] if rates else drawn.line
            axes.plot(
                own.epoch + 1,
                own.loss,
                ls=line,
                color=drawn.colour,
                **drawn.mark,
                ms=3,
                lw=0.8,
                label=f"{label(method, variant)} {rates}".rstrip(),
                gid=str(model),
            )
        axes.set_xlabel(f"Epoch ({name})")
    grid[0][0].set_ylabel("Validation loss (nats per token)")
    legend_above(figure, grid[0][0], columns=2 * len(names))
    return figure


def _numbers(rates: str) -> tuple[int, ...]:
    """``(4, 2)`` for ``(4,2)``, so that 16 comes after 4."""
    return tuple(int(number) for number in re.findall(r"\d+", rates))


if __name__ == "__main__":
    run_command(losses)
