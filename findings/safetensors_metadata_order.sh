#!/bin/bash
# safetensors==0.8.0 (Python, with numpy==1.26.4): the order of several entries of a file's metadata changes from one
# call to the next, within a process too. So the same tensors with the same metadata give files of other bytes, and a
# build that compares digests takes them for changed; a single entry, or none, always gives the same bytes.
# seen: one entry: 1; two entries: 2 (versions of 50 files)
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet safetensors==0.8.0 numpy==1.26.4
"$work/venv/bin/python" - <<'P' | tee "$work/out"
import numpy
from safetensors.numpy import save

weights = {"weights": numpy.zeros(4, dtype=numpy.float32)}
for words, metadata in (("one entry", {"a": "1"}), ("two entries", {"a": "1", "b": "2"})):
    print(f"{words}: {len({save(weights, metadata) for _ in range(50)})}")
P
grep -qx "one entry: 1" "$work/out"
grep -qx "two entries: 2" "$work/out"
