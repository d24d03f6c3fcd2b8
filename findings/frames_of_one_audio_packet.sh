#!/bin/bash
# av==18.1.0 (PyAV, FFmpeg 8 in its wheel). A packet of audio may decode to several frames: ADPCM in WAV, of which FFmpeg
# reads many blocks at once, or AMR in 3GP. Only the first of them has a time stamp, pts and dts of the others are None;
# and each says as its duration that of the whole packet, not its own. So who adds durations where time stamps are missing
# leaves holes between frames, in which most of the audio is lost. frame.samples / frame.sample_rate is what a frame lasts.
# seen: frames of the first packet: 2; pts [0, None]; samples of each {2036}, duration of each {4072}
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet av==18.1.0 soundfile==0.14.0 numpy==1.26.4
"$work/venv/bin/python" - "$work/a.wav" <<'P' | tee "$work/out"
import sys

import av
import numpy as np
import soundfile

tone = 0.3 * np.sin(2 * np.pi * 220 * np.arange(3 * 44_100) / 44_100)
soundfile.write(sys.argv[1], np.stack([tone, tone], 1), 44_100, subtype="MS_ADPCM")
with av.open(sys.argv[1]) as container:
    stream = container.streams.audio[0]
    frames = stream.decode(next(container.demux(stream)))
unit = 1 / (44_100 * stream.time_base)
print(f"frames of the first packet: {len(frames)}; pts {[f.pts for f in frames]}")
durations = {int(f.duration / unit) for f in frames}
print(f"samples of each {({f.samples for f in frames})}, duration of each {durations}")
P
diff "$work/out" - <<'P'
frames of the first packet: 2; pts [0, None]
samples of each {2036}, duration of each {4072}
P
