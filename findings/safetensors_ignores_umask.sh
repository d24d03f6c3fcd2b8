#!/usr/bin/env bash
# safetensors 0.8.0 writes its files for their owner alone, whatever the umask is.
#
# With a umask of 022 every file that numpy, torch or open() writes is 0644; save_file leaves 0600. On a
# shared disk a second user cannot read such weights, and the message of what reads them speaks of a
# missing or damaged file. Seen with safetensors 0.8.0, numpy 1.26.4, Python 3.11, Linux:
#
#     numpy 0o644
#     safetensors 0o600
#
# Fails if that changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet safetensors==0.8.0 numpy==1.26.4
umask 022
cd "$place"
seen=$("$place/venv/bin/python" - <<'PYTHON'
import os

import numpy as np
from safetensors.numpy import save_file

numbers = np.zeros(4, np.float32)
np.save("a.npy", numbers)
save_file({"a": numbers}, "a.safetensors")
print("numpy", oct(os.stat("a.npy").st_mode & 0o777))
print("safetensors", oct(os.stat("a.safetensors").st_mode & 0o777))
PYTHON
)
echo "$seen"
test "$seen" = $'numpy 0o644\nsafetensors 0o600'
