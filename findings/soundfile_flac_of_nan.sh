#!/bin/bash
# soundfile==0.14.0 (libsndfile 1.2.2 in its wheel). Writing floating-point audio that holds one NaN as 16-bit FLAC ends in
# a bare AssertionError without a message, from a check of soundfile's own that all frames were written; infinities are
# written without a word. The same samples go into a WAV file without an error. So audio that a resampler or a model has
# spoilt at one sample shows as a fault of the program that stores it: look with numpy.isfinite before.
# seen: FLAC of NaN: AssertionError ''; FLAC of infinity: written; WAV of NaN: written
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet soundfile==0.14.0 numpy==1.26.4
"$work/venv/bin/python" - "$work" <<'P' | tee "$work/out"
import sys

import numpy as np
import soundfile

for suffix, name, value in (("flac", "NaN", np.nan), ("flac", "infinity", np.inf), ("wav", "NaN", np.nan)):
    samples = np.zeros(16_000, np.float32)
    samples[8_000] = value
    try:
        soundfile.write(f"{sys.argv[1]}/a.{suffix}", samples, 16_000, subtype="PCM_16")
    except Exception as error:
        print(f"{suffix.upper()} of {name}: {type(error).__name__} {str(error)!r}")
    else:
        print(f"{suffix.upper()} of {name}: written")
P
diff "$work/out" - <<'P'
FLAC of NaN: AssertionError ''
FLAC of infinity: written
WAV of NaN: written
P
