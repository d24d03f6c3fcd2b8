#!/bin/bash
# snakemake==9.27.1 (Python): `--touch`, which is to mark results as up to date without running anything, removes them
# where an input is younger than the clock, as a file server with another clock leaves it. Touching gives the output the
# present time, the check for clock skew finds it older than its input, the job counts as failed, and Snakemake removes
# the outputs of failed jobs. Their contents are lost; --keep-incomplete spares them.
# seen: rc 1; result.txt before: made in an hour; after: removed
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet snakemake==9.27.1
cd "$work"
cat > Snakefile <<'P'
rule:
    input: "source.txt"
    output: "result.txt"
    shell: "echo made in an hour > {output}"
P
echo words > source.txt
"$work/venv/bin/snakemake" --cores 1 result.txt > log 2>&1 || { tail -n 20 log; exit 1; }
before=$(cat result.txt)
echo "other words" > source.txt
touch -d "now + 10 minutes" source.txt
"$work/venv/bin/snakemake" --cores 1 --touch result.txt > log 2>&1 && rc=0 || rc=$?
after=$(cat result.txt 2> /dev/null || echo removed)
echo "rc $rc; result.txt before: $before; after: $after"
[ "$rc" = 1 ] && [ "$before" = "made in an hour" ] && [ "$after" = removed ]
