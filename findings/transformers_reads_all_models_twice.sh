#!/bin/bash
# transformers==5.23.0 (Python): `import transformers` opens and reads the source of every model that it has, 1,669 files,
# to learn what they export, and the first name asked for (AutoConfig) reads them once more: 3,300 files opened for one
# Llama. On a local disk that is 0.5 s of each process' start; on a cluster's network disk, where hundreds of jobs start
# at once, each open is a request to its metadata server. A virtual environment on the node's own disk avoids it.
# seen: import transformers: 1669 reads of 1669 files; with AutoConfig: 3347 reads of 1669 files
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet transformers==5.23.0
"$work/venv/bin/python" - <<'P' | tee "$work/out"
import sys
from collections import Counter

reads = Counter()


def look(event, given):
    if event == "open" and given[1] == "r" and str(given[0]).endswith(".py"):
        reads[given[0]] += "transformers" in str(given[0])


sys.addaudithook(look)
import transformers

print(f"import transformers: {sum(reads.values())} reads of {len(+reads)} files")
transformers.AutoConfig
print(f"with AutoConfig: {sum(reads.values())} reads of {len(+reads)} files")
P
grep -q "^import transformers: 1[0-9][0-9][0-9] reads of" "$work/out"
grep -q "^with AutoConfig: 3[0-9][0-9][0-9] reads of 1" "$work/out"
