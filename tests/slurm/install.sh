#!/bin/sh
# Debian's SLURM and munge, for tests. Exit status 3: they are absent and cannot be installed here.
set -eu
for program in munged slurmctld slurmd sbatch; do
    PATH="$PATH:/usr/sbin" command -v "$program" > /dev/null || missing="${missing:-} $program"
done
[ -n "${missing:-}" ] || exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get > /dev/null; then
    echo "SLURM is absent (no$missing), and only root on Debian or Ubuntu can install it" >&2
    exit 3
fi
apt-get update -qq && apt-get install -y -qq --no-install-recommends slurm-wlm munge > /dev/null
