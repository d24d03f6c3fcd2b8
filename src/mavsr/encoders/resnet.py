"""The picture half of AV-HuBERT: a 3-D convolution and a ResNet-18, one vector per frame.

Module names follow the published checkpoint, so its keys load without renaming. Frames are
processed as a batch of pictures in channels-last layout, where CPU max-pooling is about ten times
faster; the 3-D convolution, whose input has one channel, is a 2-D convolution over five stacked
frames.
"""

import torch
import torch.nn.functional as F
from torch import nn

WINDOW = 5
"""Frames that one frame vector sees."""


class TemporalConv(nn.Module):
    """Convolution over 5 frames and 7x7 pixels, stride 2 in space.

    The weight has the shape of a Conv3d without bias, (C, 1, 5, 7, 7).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(channels, 1, WINDOW, 7, 7))
        nn.init.kaiming_normal_(self.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        """Pictures (N, C, H/2, W/2), channels last, of grey windows (N, H, W, 5)."""
        return F.conv2d(windows.permute(0, 3, 1, 2), self.weight[:, 0], stride=2, padding=3)


class Block(nn.Module):
    """Two 3x3 convolutions with a shortcut, PReLU per channel."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.relu1 = nn.PReLU(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.relu2 = nn.PReLU(outputs)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """(N, inputs, H, W) -> (N, outputs, H/stride, W/stride)."""
        hidden = self.relu1(self.bn1(self.conv1(pictures)))
        return self.relu2(self.bn2(self.conv2(hidden)) + self.downsample(pictures))


class VideoResNet(nn.Module):
    """Grey video (B, 1, T, H, W) -> one vector per frame, (B, T, 8 * width).

    Args:
        width: channels of the first convolution (64 in the published models).
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.frontend3D = nn.Sequential(
            TemporalConv(width),
            nn.BatchNorm2d(width),  # over (B*T, H, W): the statistics of a BatchNorm3d
            nn.PReLU(width),
            nn.MaxPool2d(3, stride=2, padding=1),
        )
        self.trunk = nn.Sequential()
        inputs = width
        for number, factor in enumerate((1, 2, 4, 8), start=1):
            outputs = factor * width
            self.trunk.add_module(
                f"layer{number}",
                nn.Sequential(
                    Block(inputs, outputs, stride=1 if number == 1 else 2),
                    Block(outputs, outputs, stride=1),
                ),
            )
            inputs = outputs

    def forward(self, video: torch.Tensor) -> torch.Tensor:
        """Frame vectors (B, T, 8 * width) of a normalised video (B, 1, T, H, W)."""
        vectors = self.windows(frame_windows(video))
        return vectors.unflatten(0, (video.shape[0], video.shape[2]))

    def windows(self, windows: torch.Tensor) -> torch.Tensor:
        """Vectors (N, 8 * width) of the middle frames of normalised windows (N, H, W, 5)."""
        return self.trunk(self.frontend3D(windows)).mean(dim=(2, 3))


def frame_windows(video: torch.Tensor) -> torch.Tensor:
    """Every frame with the two before and after it, zeros beyond the ends: (B * T, H, W, 5).

    Args:
        video: normalised grey (B, 1, T, H, W).

    """
    if video.ndim != 5 or video.shape[1] != 1:
        raise ValueError(f"video has shape {tuple(video.shape)}; it must be (B, 1, T, H, W)")
    around = WINDOW // 2
    windows = F.pad(video[:, 0], (0, 0, 0, 0, around, around)).unfold(1, WINDOW, 1)
    return windows.flatten(0, 1)
