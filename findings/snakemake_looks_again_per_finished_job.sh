#!/bin/bash
# snakemake==9.27.1 (Python): with the default of --max-jobs-per-timespan (100/1s), every look at the ready jobs starts a
# timer for another look a second later, and so does every finished job. As long as a job is ready and has to wait for a
# core, no look ends the chain it began: after n jobs there are some n looks a second, each of which asks the file system
# for the inputs of all ready jobs and computes their params anew. So the main process of a long workflow takes a core
# to itself, on a laptop from the jobs, on a cluster from the login node. No value of the option switches it off.
# seen: seconds of processor time in 10 s of waiting, after 2 jobs: 0.1; after 300 jobs: 5.2
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet snakemake==9.27.1
cd "$work"
cat > Snakefile <<'P'
short = [f"short/{n}" for n in range(int(config["jobs"]))]

rule all:
    input: "long", "waiting"

rule short:
    output: touch("short/{n}")
    shell: "true"

rule long: # takes the core for which the other waits
    input: short
    output: "long"
    priority: 1
    shell: "{workflow.basedir}/venv/bin/python look.py > {output}"

rule waiting:
    input: short
    output: touch("waiting")
    shell: "true"
P
cat > look.py <<'P'
import time

import psutil

ancestors = psutil.Process().parents()
main = [p for p in ancestors if any(word.endswith("bin/snakemake") for word in p.cmdline())][-1]
before = sum(main.cpu_times()[:2])
time.sleep(10)
print(round(sum(main.cpu_times()[:2]) - before, 2))
P
spent() {
    rm -rf short long waiting .snakemake
    "$work/venv/bin/snakemake" --cores 1 --quiet all --config jobs="$1" > log 2>&1 || { tail -n 20 log >&2; exit 1; }
    cat long
}
few=$(spent 2)
many=$(spent 300)
echo "seconds of processor time in 10 s of waiting, after 2 jobs: $few; after 300 jobs: $many"
"$work/venv/bin/python" -c "assert $few < 0.5 and $many > 2"
