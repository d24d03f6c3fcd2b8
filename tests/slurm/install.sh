#!/bin/sh
# Debian's SLURM and munge, for tests. Exit status 3: the tests cannot run here, and why not is said.
set -eu
if [ "$(id -u)" -ne 0 ]; then
    echo "SLURM's daemons can be started, and installed, by root alone" >&2
    exit 3
fi
for program in munged slurmctld slurmd sbatch; do
    command -v "$program" > /dev/null || missing="${missing:-} $program"
done
[ -n "${missing:-}" ] || exit 0
if ! command -v apt-get > /dev/null; then
    echo "SLURM is absent (no$missing), and this is not Debian or Ubuntu" >&2
    exit 3
fi
apt-get update -qq && apt-get install -y -qq --no-install-recommends slurm-wlm munge > /dev/null
