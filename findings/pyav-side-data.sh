#!/bin/bash
# PyAV (av==18.1.0): a frame whose side data PyAV does not know cannot be asked for any side data.
# Motion JPEG with an EXIF header, as cameras write it, decodes; FFmpeg attaches the EXIF and, from
# its orientation, a display matrix. Asking for the matrix raises "31 is not a valid Type".
# Behaviour: frame.rotation works, frame.side_data raises ValueError.
# seen: rotation -90, side_data: ValueError: 31 is not a valid Type
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet av==18.1.0 pillow==12.0.0
"$work/venv/bin/python" - "$work/a.mjpeg" <<'P' | tee "$work/out"
import sys

import av
from PIL import Image

exif = Image.Exif()
exif[0x0112] = 6  # orientation: turn clockwise
Image.new("RGB", (96, 64), "red").save(sys.argv[1], "JPEG", exif=exif)
with av.open(sys.argv[1], format="mjpeg") as container:
    frame = next(container.decode(video=0))
    try:
        told = list(frame.side_data)
    except ValueError as error:
        told = f"ValueError: {error}"
    print(f"rotation {frame.rotation}, side_data: {told}")
P
grep -q "^rotation -90, side_data: ValueError: 31 is not a valid Type$" "$work/out"
