#!/bin/bash
# snakemake==9.27.1 (Python): `benchmark:` looks at a job's processes every 0.5 s for its first 15 s, then every 30 s, and
# not at its end. So the processor time (cpu_time) and memory (max_rss) in the file are those of the last look: of a job
# that computes for 40 s it notes 15 s, beside the 40 s of its wall time (column s), and what it allocates after the first
# 15 s is not seen. Sums over jobs are too small by up to 30 s a job, and ratios of them mean little.
# seen: wall 40.7 s, processor 14.9 s, at most 9 MB of more than 500
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet snakemake==9.27.1
cd "$work"
cat > busy.py <<'P'
import time

started = time.process_time()
while time.process_time() - started < 30:
    pass
held = bytearray(b"x" * 500_000_000)
while time.process_time() - started < 40:
    pass
P
cat > Snakefile <<'P'
rule busy:
    output: touch("done")
    benchmark: "busy.tsv"
    shell: "python3 busy.py"
P
"$work/venv/bin/snakemake" --cores 1 done > snakemake.log 2>&1 || { tail -n 20 snakemake.log; exit 1; }
"$work/venv/bin/python" - <<'P'
import csv

job = next(csv.DictReader(open("busy.tsv"), delimiter="\t"))
wall, processor, peak = float(job["s"]), float(job["cpu_time"]), float(job["max_rss"])
print(f"wall {wall:.1f} s, processor {processor:.1f} s, at most {peak:.0f} MB of more than 500")
assert wall >= 40 and processor < 25 and peak < 250, job
P
