#!/bin/sh
# Make .venv ready for make: install it, or look whether one that is there already can be used.
#   sh envs/environment.sh          installs what is missing into a .venv that make made
#   sh envs/environment.sh --look   installs nothing, and fails if .venv is not there
# A .venv that make did not make (a link, a conda environment) is used or refused, never changed.
# PYTHON names the interpreter to install with; else the newest of 3.12 and 3.11 is looked for.
set -eu
MADE=.venv/.made

# Before there was this mark, only an environment of make's own had .installed; a link never is.
if [ ! -L .venv ] && { [ -e "$MADE" ] || [ -e .venv/.installed ]; }; then
    own=yes
elif [ -e .venv ] || [ -L .venv ]; then
    own=no
else
    own=missing
fi

if [ "$own" = no ]; then
    [ -x .venv/bin/python ] || {
        echo ".venv is not make's own and has no bin/python that runs; it was left as it is." \
            "Move it away, and make makes its own" >&2
        exit 1
    }
    exec .venv/bin/python envs/check.py
fi

if [ "${1:-}" = --look ]; then
    [ -e .venv/.installed ] || {
        echo "The Python packages of envs/requirements.lock are not installed here (.venv);" \
            "\`make .venv/.installed\` installs them" >&2
        exit 1
    }
    exit 0
fi

settled() { [ -e .venv/.installed ] && [ -z "$(find "$1" -newer .venv/.installed)" ]; }
if settled envs/requirements.lock && settled pyproject.toml; then
    exit 0
fi

if [ "$own" = missing ]; then
    for name in ${PYTHON:+"$PYTHON"} python3.12 python3.11 python3 python; do
        if "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' \
            2>/dev/null; then
            found=$name
            break
        fi
        [ -z "${PYTHON:-}" ] || break
    done
    [ -n "${found:-}" ] || {
        echo "Python 3.11 or 3.12 is needed; name one: make PYTHON=/path/to/python3.11 ..." >&2
        exit 1
    }
    "$found" -m venv .venv || {
        echo "On Debian and Ubuntu, venv is a package of its own: apt-get install python3-venv" >&2
        rm -rf .venv
        exit 1
    }
    touch "$MADE"
fi
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
    -r envs/requirements.lock
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps \
    --no-build-isolation --editable .
# The marker is written last, so an interrupted installation is taken up again.
touch "$MADE" .venv/.installed
