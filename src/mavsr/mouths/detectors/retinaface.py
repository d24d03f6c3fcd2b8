"""RetinaFace with a ResNet-50, from the package retinaface-pytorch, batched, on a GPU if any.

It marks five points: the two eyes, the nose and the two corners of the mouth; the mouth point is
the mean of the corners. In the picture's left-to-right order, which the training data have, the
first eye is the subject's right eye, as in MediaPipe. Network, anchors and decoding are the
package's; its own predictor is not used, because it looks at one picture at a time, enlarges it to
960 pixels and leaves bad weights to fail later.
"""

import functools
import io
import pickle
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from retinaface.box_utils import decode, decode_landm
from retinaface.network import RetinaFace
from retinaface.prior_box import priorbox
from torchvision.ops import nms

from mavsr.errors import InputError
from mavsr.mouths.faces import Faces, Look

_LEAST_CONFIDENCE = 0.8
"""As auto_avsr asks of its RetinaFace."""

_MOST_OVERLAP = 0.4
"""Of two boxes that overlap more (intersection over union), the less certain one is dropped."""

_VARIANCES = [0.1, 0.2]
_ANCHORS: dict[str, Any] = {
    "min_sizes": [[16, 32], [64, 128], [256, 512]],
    "steps": [8, 16, 32],
    "clip": False,
}
_IMAGENET_MEAN = torch.tensor([0.485, 0.456, 0.406])
_IMAGENET_STD = torch.tensor([0.229, 0.224, 0.225])


class RetinaFaceDetector:
    """The detector ``retinaface``; see the module's description.

    Args:
        weights: state dictionary of the published model ``resnet50_2020-07-20``, or the zip file
            around it as it is distributed.
        batch: frames looked at together.

    Raises:
        InputError: the weights are missing or do not fit.

    """

    def __init__(self, weights: Path, batch: int):
        self.batch = batch
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.network = build_network()
        state = read_weights(weights)
        try:
            self.network.load_state_dict(state)
        except (RuntimeError, TypeError) as error:
            raise InputError(
                f"{weights} holds no weights of retinaface-pytorch's ResNet-50 ({error})"
            ) from error
        self.network.eval().to(self.device)

    def looks(self) -> Sequence[Look]:
        """Look with the one model."""
        return [self._look]

    @torch.inference_mode()
    def _look(self, frames: Iterable[np.ndarray]) -> Iterator[Faces]:
        waiting = iter(frames)
        while pictures := list(islice(waiting, self.batch)):
            pixels = torch.from_numpy(np.stack(pictures)).to(self.device)
            normal = (pixels / 255 - _IMAGENET_MEAN.to(pixels.device)) / _IMAGENET_STD.to(
                pixels.device
            )
            outputs = self.network(normal.permute(0, 3, 1, 2).contiguous())
            for offsets, logits, marks in zip(*(output.cpu() for output in outputs), strict=True):
                yield faces_of(offsets, logits, marks, (normal.shape[1], normal.shape[2]))


def build_network() -> RetinaFace:
    """Build the package's network as its published weights need it, untrained."""
    return RetinaFace(
        name="Resnet50",
        pretrained=False,
        return_layers={"layer2": 1, "layer3": 2, "layer4": 3},
        in_channels=256,
        out_channels=256,
    )


def faces_of(
    offsets: torch.Tensor, logits: torch.Tensor, marks: torch.Tensor, size: tuple[int, int]
) -> Faces:
    """Turn the network's output for one picture into faces.

    Args:
        offsets: (A, 4) boxes relative to the A anchors.
        logits: (A, 2) of no face and face.
        marks: (A, 10) five points relative to the anchors.
        size: height and width of the picture.

    """
    anchors = _anchors(size)
    scores = logits.softmax(dim=-1)[:, 1]
    sure = scores > _LEAST_CONFIDENCE
    width_height = torch.tensor([size[1], size[0]])
    boxes = decode(offsets[sure], anchors[sure], _VARIANCES) * width_height.repeat(2)
    points = decode_landm(marks[sure], anchors[sure], _VARIANCES) * width_height.repeat(5)
    kept = nms(boxes, scores[sure], _MOST_OVERLAP)
    five = points[kept].reshape(-1, 5, 2).double().numpy()
    four = np.concatenate([five[:, :3], five[:, 3:].mean(axis=1, keepdims=True)], axis=1)
    shares = boxes[kept].double() / width_height.repeat(2)
    return Faces(shares.numpy(), four, scores[sure][kept].double().numpy())


@functools.lru_cache(maxsize=16)
def _anchors(size: tuple[int, int]) -> torch.Tensor:
    """Anchors (A, 4) of pictures of so many rows and columns; slow to make, always the same."""
    return priorbox(image_size=size, **_ANCHORS)


def read_weights(path: Path) -> Any:
    """Read a state dictionary; no code that a file may hold is run.

    Raises:
        InputError: the file is missing or no checkpoint.

    """
    if not path.is_file():
        raise InputError(f"weights {path} do not exist; correct mouths.retinaface.weights")
    try:
        return torch.load(_unpacked(path), map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError) as error:
        first = str(error).split("\n")[0]
        raise InputError(f"weights {path} cannot be read as a checkpoint ({first})") from error


def _unpacked(path: Path) -> Path | io.BytesIO:
    """Take the checkpoint out of a zip file of one member; a checkpoint, too a zip, has several."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if len(archive.namelist()) == 1:
                return io.BytesIO(archive.read(archive.namelist()[0]))
    return path
