#!/bin/bash
# av==18.1.0 (PyAV). In a transport or program stream whose picture begins some seconds after its audio, the video track is
# listed, with its codec, rate and start time, but as 0x0 pixels, and nothing is raised: FFmpeg looks at the first five
# seconds to learn what tracks are, and has met no picture by then. Frames decode as ever and know their size. What
# computes with the track's size (shape of pixels, borders, scaling) divides by zero or makes an empty picture. The same
# picture from Matroska, whose header holds the size, has it.
# seen: ts 1 s late: track 96x64, frame 96x64; ts 8 s late: track 0x0, frame 96x64; mkv 8 s late: track 96x64, frame 96x64
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet av==18.1.0 numpy==1.26.4
"$work/venv/bin/python" - "$work" <<'P' 2> /dev/null | tee "$work/out"
import sys
from fractions import Fraction

import av
import numpy as np


def write(path: str, late: int) -> None:
    """Two seconds of picture, `late` seconds after the beginning of ten seconds of audio."""
    with av.open(path, "w") as container:
        video = container.add_stream("mpeg2video", rate=25)
        video.width, video.height, video.pix_fmt = 96, 64, "yuv420p"
        audio = container.add_stream("mp2", rate=48_000, layout="mono")
        packets = []
        for number in range(50):
            pixels = np.full((64, 96, 3), 4 * number, np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels, "rgb24")
            frame.pts, frame.time_base = 25 * late + number, Fraction(1, 25)
            packets += video.encode(frame)
        packets += video.encode(None)
        for first in range(0, 480_000, 1152):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1152), np.int16), "s16", "mono")
            frame.sample_rate, frame.pts, frame.time_base = 48_000, first, Fraction(1, 48_000)
            packets += audio.encode(frame)
        packets += audio.encode(None)
        container.mux(sorted(packets, key=lambda p: p.dts * p.time_base))


for suffix, late in (("ts", 1), ("ts", 8), ("mkv", 8)):
    path = f"{sys.argv[1]}/late.{suffix}"
    write(path, late)
    with av.open(path) as container:
        track = container.streams.video[0]
        size = f"{track.codec_context.width}x{track.codec_context.height}"
        frame = next(container.decode(track))
        print(f"{suffix} {late} s late: track {size}, frame {frame.width}x{frame.height}")
P
diff "$work/out" - <<'P'
ts 1 s late: track 96x64, frame 96x64
ts 8 s late: track 0x0, frame 96x64
mkv 8 s late: track 96x64, frame 96x64
P
