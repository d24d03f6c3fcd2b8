#!/bin/bash
# av==18.1.0 (PyAV). An mp4 that was trimmed without encoding it anew keeps the frames before the cut and hides them by an
# edit list. stream.frames, which is the container's own count, still has them, and so has most of them what demux() gives;
# decode() leaves them out. So a length that was taken from the container or counted by packets (as lists of clips for
# training have it) is not the number of frames that are read. packet.is_discard tells which packets are hidden.
# seen: stream.frames 50, packets beyond those that are shown: True, packets without is_discard 30, decoded 30
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet av==18.1.0 numpy==1.26.4
"$work/venv/bin/python" - "$work" <<'P' | tee "$work/out"
import sys
from fractions import Fraction

import av
import numpy as np

path = f"{sys.argv[1]}/trimmed.mp4"
with av.open(path, "w") as container:
    video = container.add_stream("mpeg4", rate=25)
    video.width, video.height, video.pix_fmt = 96, 96, "yuv420p"
    video.gop_size = 50
    packets = []
    for number in range(50):
        frame = av.VideoFrame.from_ndarray(np.full((96, 96, 3), 100 + number, np.uint8), "rgb24")
        # What lies before zero is what a trimming tool leaves in front of its cut.
        frame.pts, frame.time_base = number - 20, Fraction(1, 25)
        packets += video.encode(frame)
    container.mux(packets + video.encode(None))
with av.open(path) as container:
    stream = container.streams.video[0]
    packets = [packet for packet in container.demux(stream) if packet.size]
    shown = sum(not packet.is_discard for packet in packets)
with av.open(path) as container:
    decoded = sum(1 for _ in container.decode(video=0))
print(f"stream.frames {stream.frames}, packets beyond those that are shown: {len(packets) > shown}")
print(f"packets without is_discard {shown}, decoded {decoded}")
P
diff "$work/out" - <<'P'
stream.frames 50, packets beyond those that are shown: True
packets without is_discard 30, decoded 30
P
