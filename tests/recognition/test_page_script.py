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


# A document of which every part is there and does nothing; what listens to an event can be called.
BROWSER = """
const thing = (own = {}) => new Proxy(Object.assign(() => {}, own), {
  get: (object, key) => {
    if (key === Symbol.toPrimitive) return () => 0;
    if (key === Symbol.iterator) return () => [].values();
    if (key === "addEventListener") return (event, listener) => { object[event] = listener; };
    return (object[key] ??= thing());
  },
  apply: () => thing(),
});
const parts = {};
globalThis.document = thing({
  getElementById: (id) => (parts[id] ??= thing({ value: 0, textContent: "" })),
  querySelectorAll: () => [],
});
globalThis.window = thing();
globalThis.getComputedStyle = () => thing();
globalThis.VTTCue = class {};
const asked = [], sent = [];
globalThis.fetch = async (path, { method = "GET" }) => {
  if (method !== "GET") asked.push(`${method} ${path}`);
  const answers = {
    "GET /about": { name: "m", task: "asr", llm: "l", samples: [], most_bytes: 9,
      scales: [{ name: "a4", audio: 4, video: null, tflops: 1 }] },
    "POST /recordings": () => new Promise((resolve) => sent.push(resolve)),
  };
  const state = { wave: [], segments: [], seconds: 1, count: 0, over: true, error: "", others: 0 };
  const found = answers[`${method} ${path.split("?")[0]}`] ?? state;
  return { ok: true, json: async () => (found instanceof Function ? await found() : found) };
};
const turn = () => new Promise((resolve) => setTimeout(resolve));
const choose = (name) => parts.file.change({ target: { files: [{ name, size: 1 }] } });
"""


@pytest.mark.skipif(NODE is None, reason="no node is installed")
def test_a_recording_that_another_takes_the_place_of_is_removed(tmp_path):
    for name in ("flops", "page"):
        script = (STATIC / f"{name}.js").read_text().replace("./flops.js", "./flops.mjs")
        (tmp_path / f"{name}.mjs").write_text(script)
    steps = """
await import("./page.mjs");
await turn();
choose("first"); await turn(); sent[0]({ token: "one" }); await turn();
choose("second"); await turn();
choose("third"); await turn(); sent[1]({ token: "two" }); sent[2]({ token: "three" }); await turn();
window.pagehide();
console.log(JSON.stringify(asked));
process.exit();
"""
    (tmp_path / "try.mjs").write_text(BROWSER + steps)
    said = subprocess.run([NODE, "try.mjs"], cwd=tmp_path, capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout) == [
        "POST /recordings?name=first",
        "DELETE /recordings/one",
        "POST /recordings?name=second",
        "POST /recordings?name=third",
        "DELETE /recordings/two",
        "DELETE /recordings/three",
    ]
