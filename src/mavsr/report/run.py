"""Command: a page of how a run was made: settings, software, clips lost, checks."""

from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from mavsr.command import run_command
from mavsr.evaluation.hypotheses import read_sidecar
from mavsr.files import atomic
from mavsr.report.page import heading, html_table, page, paragraph, preformatted
from mavsr.tables import read_csv


def describe(
    resolved: dict[str, Any], settings: list[Path], ledgers: list[Path], checks: Path, output: Path
) -> None:
    """Write ``output``, one HTML page.

    Args:
        resolved: the resolved config.
        settings: sidecars of all hypothesis files; they hold the versions that made them.
        ledgers: ``ledger_summary.csv`` of each corpus.
        checks: the list of checks that hold.
        output: the page.
    """
    sidecars = [read_sidecar(path) for path in settings]
    made_by = pd.DataFrame([_software(sidecar) for sidecar in sidecars]).drop_duplicates()
    too_long = max(sidecar["references_too_long"] for sidecar in sidecars)
    outcomes = (
        read_csv(checks, "list of checks").groupby("check", as_index=False, sort=False).size()
    )
    sections = [
        heading("Software"),
        paragraph(
            "Versions, machine type and commit of this project that decoded the test split; more "
            "than one row means that results were made by different versions."
        ),
        html_table(made_by.astype(str)),
        heading("Decoding"),
        paragraph(
            f"{len(sidecars)} hypothesis files. References that need more tokens than "
            f"decoding.max_new_tokens: {too_long} in the file with most of them; column cut of "
            "wer.csv is each file's share."
        ),
        heading("Clips"),
        paragraph("What became of the clips of each split, from the ledgers of mouth crops."),
    ]
    for path in ledgers:
        ledger = read_csv(path, "ledger summary")
        ledger = ledger.astype(object).where(ledger.notna(), "")
        ledger.columns = ledger.columns.str.replace("_", " ")
        sections += [paragraph(path.parent.name), html_table(ledger)]
    sections += [
        heading("Checks"),
        paragraph("What was asserted of the results, and of how many files or rows it holds."),
        html_table(outcomes.rename(columns={"size": "holds for"})),
        heading("Settings"),
        paragraph("The config with everything that --config and --configfile changed."),
        preformatted(yaml.safe_dump(resolved, sort_keys=False, allow_unicode=True)),
    ]
    with atomic(output) as partial:
        partial.write_text(page("How these results were made", *sections), encoding="utf-8")


def _software(sidecar: dict[str, Any]) -> dict[str, Any]:
    return {
        **sidecar["versions"],
        "python": sidecar["python"],
        "machine": sidecar["machine"],
        "commit": sidecar["commit"] or "outside a checkout",
    }


if __name__ == "__main__":
    run_command(describe)
