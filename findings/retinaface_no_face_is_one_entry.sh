#!/bin/bash
# retinaface-pytorch==0.0.8 (Python, with torch==2.11.0, torchvision==0.26.0, albumentations==2.0.8): for a picture
# without a face predict_jsons returns one entry, of score -1 with an empty box, and not none. So `if faces` and a count of
# faces are true for every frame, and a tracker meets a face without coordinates. Boxes of faces are cut at the picture's
# edge only to see whether any is left: what is returned goes beyond it, to negative numbers too.
# seen: no face: 1 entry, box [], score -1; of a picture of 128x128, boxes from -286 to 455
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet torch==2.11.0 torchvision==0.26.0 albumentations==2.0.8 numpy==1.26.4 \
    opencv-python-headless==4.11.0.86
"$work/venv/bin/pip" install --quiet --no-deps retinaface-pytorch==0.0.8 # its own pins are of 2020
"$work/venv/bin/python" - <<'P' 2> "$work/err" | tee "$work/out" || { tail -n 20 "$work/err"; exit 1; }
import numpy
import torch
from retinaface.predict_single import Model

torch.manual_seed(0)
detector = Model(max_size=256)  # untrained: what is looked at is how answers are given
detector.eval()
picture = numpy.zeros((128, 128, 3), dtype=numpy.uint8)
none = detector.predict_jsons(picture, confidence_threshold=1.0)  # which no score exceeds
print(f"no face: {len(none)} entry, box {none[0]['bbox']}, score {none[0]['score']}")
boxes = [face["bbox"] for face in detector.predict_jsons(picture, confidence_threshold=0.5)]
print(f"boxes from {numpy.min(boxes):.0f} to {numpy.max(boxes):.0f}")
P
grep -qx "no face: 1 entry, box \[\], score -1" "$work/out"
"$work/venv/bin/python" - "$work/out" <<'P'
import re
import sys

least, most = map(int, re.search(r"from (-?\d+) to (-?\d+)", open(sys.argv[1]).read()).groups())
assert least < 0 and most > 128
P
