"""What the video encoder sees of a mouth crop: a clean view, or a randomly augmented one.

Crops uint8 (T, 96, 96, 3), or (T, 96, 96) if grey already, become grey float32 (1, T, 88, 88),
scaled to [0, 1] and normalised. Because features are cached, augmentation cannot be drawn anew each
epoch: instead a clip gets several training views (conditions ``view_0``, ``view_1``, ...), each a
function of seed, key and view number.

Source: Llama-MTSK, Sec. 4.1, which follows auto_avsr (crop, flip, adaptive time mask).
"""

import numpy as np
import torch

from mavsr.errors import InputError
from mavsr.noise.mixing import mask_spans
from mavsr.seeds import generator

STORED = 96
"""Side of a stored mouth crop, pixels."""
SIDE = 88
"""Side of what the encoder sees, pixels."""
LUMA = np.array([0.2989, 0.587, 0.114], np.float32)
"""Weights of red, green and blue (ITU-R BT.601, rounded as in torchvision's Grayscale)."""
MEAN, DEVIATION = 0.421, 0.165
"""Of the grey values of mouth crops in [0, 1] (AV-HuBERT's published training config)."""
MASK_WINDOW, MASK_STRIDE = 10, 25
"""One time mask shorter than 10 frames per 25 frames begun (auto_avsr's AdaptiveTimeMask)."""


def clean_view(frames: np.ndarray) -> torch.Tensor:
    """Cut the centre 88x88 of crops uint8 (T, 96, 96, 3): normalised grey (1, T, 88, 88)."""
    corner = (STORED - SIDE) // 2
    return _normalise(_grey(frames, corner, corner))


def grey_crops(frames: np.ndarray) -> np.ndarray:
    """Crops uint8 (T, 96, 96, 3) in grey, uint8 (T, 96, 96): a third of the memory."""
    return np.rint(frames.astype(np.float32) @ LUMA).astype(np.uint8)


def random_view(
    frames: np.ndarray, seed: int, key: str, view: int, flip: bool = True
) -> torch.Tensor:
    """Cut, flip and mask crops at random: one crop and one flip for the whole clip.

    Args:
        frames: crops uint8 (T, 96, 96, 3) or (T, 96, 96).
        seed: of the run.
        key: of the clip.
        view: number of the view.
        flip: mirror half of the views.

    Returns:
        float32 (1, T, 88, 88), a function of the arguments alone. Masked frames are black before
        normalisation, so (0 - 0.421) / 0.165 after it.

    """
    random = generator(seed, key, view, "video")
    grey = _random_cut(frames, random, flip)
    for start, stop in mask_spans(len(grey), random, MASK_WINDOW, MASK_STRIDE):
        grey[start:stop] = 0
    return _normalise(grey)


def random_cut(frames: np.ndarray, random: np.random.Generator) -> torch.Tensor:
    """Cut and flip crops at random, unmasked: normalised grey (1, T, 88, 88)."""
    return _normalise(_random_cut(frames, random, flip=True))


def _random_cut(frames: np.ndarray, random: np.random.Generator, flip: bool) -> np.ndarray:
    top, left = random.integers(0, STORED - SIDE, size=2, endpoint=True)
    mirrored = random.random() < 0.5  # drawn in any case: the option changes nothing else
    grey = _grey(frames, top, left)
    return grey[:, :, ::-1].copy() if flip and mirrored else grey


def _grey(frames: np.ndarray, top: int, left: int) -> np.ndarray:
    """Grey values in [0, 1], float32 (T, 88, 88), of a part of each crop."""
    size = (STORED, STORED)
    if frames.shape[1:] not in (size, (*size, 3)) or frames.dtype != np.uint8:
        raise InputError(
            f"mouth crops are {frames.dtype} {frames.shape}, not uint8 (T, {STORED}, {STORED}, 3); "
            "remake the mouths shard"
        )
    part = frames[:, top : top + SIDE, left : left + SIDE].astype(np.float32)
    return (part @ LUMA if part.ndim == 4 else part) / 255


def _normalise(grey: np.ndarray) -> torch.Tensor:
    return torch.from_numpy((grey - np.float32(MEAN)) / np.float32(DEVIATION))[None]
