"""What the page's script computes by itself, in Node where that is installed."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

import mavsr.page
from mavsr.report.names import flops, plain

STATIC = Path(mavsr.page.__file__).parent / "static"
NODE = shutil.which("node")
AMOUNTS = [0.0, 2.35e-5, 9.994e-4, 3.87e-3, 0.0999, 0.1, 3.87, 12.4, 999.6, 12_430.0]
"""TFLOPs, of toys and of the papers' LLMs, for 10 s and for hours."""


def test_amounts_of_flops_are_plain_numbers():
    assert [flops(tera) for tera in AMOUNTS] == [
        "0 MFLOPs",
        "23.5 MFLOPs",
        "999 MFLOPs",
        "3.87 GFLOPs",
        "99.9 GFLOPs",
        "0.1 TFLOPs",
        "3.87 TFLOPs",
        "12.4 TFLOPs",
        "1,000 TFLOPs",
        "12,400 TFLOPs",
    ]
    assert plain(4.3e-6) == "0.0000043"


@pytest.mark.skipif(NODE is None, reason="no node is installed")
def test_the_page_writes_them_alike(tmp_path):
    # A module of this suffix needs no package.json beside it.
    (tmp_path / "flops.mjs").write_text((STATIC / "flops.js").read_text())
    script = 'import { flops, plain } from "./flops.mjs";' + (
        f"console.log(JSON.stringify([{AMOUNTS}.map(flops), plain(4.3e-6)]));"
    )
    (tmp_path / "try.mjs").write_text(script)
    said = subprocess.run([NODE, "try.mjs"], cwd=tmp_path, capture_output=True, check=True)
    assert json.loads(said.stdout) == [[flops(tera) for tera in AMOUNTS], plain(4.3e-6)]


def test_the_page_has_no_other_number_with_an_exponent():
    assert "toPrecision" not in (STATIC / "page.js").read_text()
    assert (STATIC / "index.html").read_text().count("flops") == 2
