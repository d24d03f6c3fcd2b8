#!/bin/bash
# PyAV (av==18.1.0): a planar audio frame of eight channels has nine planes.
# AudioFrame.planes counts pointers up to the first that is null. Of eight, which is all the room in
# FFmpeg's AVFrame, none is null: what is read as the ninth is the frame's linesize. Beyond eight it
# reads behind the end of an array. AudioFrame.to_ndarray() copies from there, so that 7.1 sound
# which a resampler made planar may end the process.
# Behaviour: one plane too many; it is no memory of the frame. AudioPlane(frame, n) makes a plane by
# its number.
# seen: 7 channels: 7 planes, 8 channels: 9 planes, the last at 0x100
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet av==18.1.0
"$work/venv/bin/python" - <<'P' | tee "$work/out"
import av

seven, eight = (av.AudioFrame("fltp", layout, 64).planes for layout in ("6.1", "7.1"))
last = hex(eight[-1].buffer_ptr)  # 64 samples take 0x100 bytes
print(f"7 channels: {len(seven)} planes, 8 channels: {len(eight)} planes, the last at {last}")
P
grep -q "^7 channels: 7 planes, 8 channels: 9 planes, the last at 0x100$" "$work/out"
