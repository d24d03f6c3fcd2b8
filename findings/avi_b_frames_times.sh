#!/bin/bash
# PyAV (av==18.1.0, FFmpeg 8 in its wheel): H.264 with B-frames in AVI, as FFmpeg itself writes it.
# decode() hands the pictures over in the order in which they are shown, but their pts are those of
# the packets in decoding order plus a guess: 1, 3, 4, 2, ... Whoever sorts or places pictures by pts
# shuffles them. dts goes up, but begins two frames late, as none is stored for the delay. The same
# stream in MP4 has pts 0, 1, 2, 3.
# seen: avi pts [1, 3, 4, 2, 6, 7], dts [2, 3, 4, 5, 6, 7], order shown True; mp4 pts [0, 1, 2, 3, 4, 5]
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet av==18.1.0 numpy==2.4.0
"$work/venv/bin/python" - "$work" <<'P' | tee "$work/out"
import sys

import av
import numpy as np

COUNT = 24


def write(path):
    """Pictures that get brighter, so that each is known by its mean."""
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"bf": "2", "b-adapt": "0"})
        stream.width = stream.height = 96
        stream.pix_fmt = "yuv420p"
        for number in range(COUNT):
            picture = np.full((96, 96, 3), 10 * number, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture)))
        container.mux(stream.encode(None))


def read(path):
    with av.open(path) as container:
        stream = container.streams.video[0]
        unit = 1 / (25 * stream.time_base)
        frames = list(container.decode(stream))
    level = [frame.to_ndarray(format="gray").mean() for frame in frames]
    return [int(f.pts / unit) for f in frames], [f.dts and int(f.dts / unit) for f in frames], level


write(f"{sys.argv[1]}/a.avi")
write(f"{sys.argv[1]}/a.mp4")
pts, dts, level = read(f"{sys.argv[1]}/a.avi")
of_mp4, _, _ = read(f"{sys.argv[1]}/a.mp4")
shown = len(level) == COUNT and all(np.diff(level) > 0)
print(f"avi pts {pts[:6]}, dts {dts[:6]}, order shown {shown}; mp4 pts {of_mp4[:6]}")
P
grep -q "^avi pts \[1, 3, 4, 2, 6, 7\], dts \[2, 3, 4, 5, 6, 7\], order shown True; mp4 pts \[0, 1, 2, 3, 4, 5\]$" "$work/out"
