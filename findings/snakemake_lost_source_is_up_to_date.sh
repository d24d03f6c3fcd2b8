#!/bin/bash
# snakemake==9.27.1 (Python): a source file that is gone, and that no rule makes, is an error only for the rule that reads
# it. Ask for anything further on whose own input is still there, and Snakemake takes that input for a source: it says
# that nothing is to be done and exits with 0. So the default target of a finished workflow stays "up to date" when the
# data or the model it was made of has been removed or renamed in the config, also where an input function raises.
# seen: asked for middle.txt: rc 1, MissingInputException; asked for last.txt: rc 0, Nothing to be done
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet snakemake==9.27.1
cd "$work"
cat > Snakefile <<'P'
rule last:
    input: "middle.txt"
    output: "last.txt"
    shell: "cp {input} {output}"

rule middle:
    input: "source.txt"
    output: "middle.txt"
    shell: "cp {input} {output}"
P
echo words > source.txt
snakemake() { "$work/venv/bin/snakemake" --cores 1 "$1" > log 2>&1 && rc=0 || rc=$?; }
snakemake last.txt
[ "$rc" = 0 ] || { tail -n 20 log; exit 1; }
rm source.txt
snakemake middle.txt
echo "asked for middle.txt: rc $rc, $(grep -o MissingInputException log | head -n 1)"
[ "$rc" = 1 ] && grep -q MissingInputException log
snakemake last.txt
echo "asked for last.txt: rc $rc, $(grep -o 'Nothing to be done' log)"
[ "$rc" = 0 ] && grep -q "Nothing to be done" log
