"""Teach the ResNet of the toy video encoder frame by frame: which third of which word is this?

A frame vector depends on five frames only, so single windows, drawn from all clips, are enough to
learn from. Training the ResNet through whole clips, with the transformer above it, would look at
neighbouring frames, which are nearly alike, and take many times as long.
"""

import logging
from collections.abc import Mapping

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from mavsr.command import progress
from mavsr.config.toy import ResNetSettings
from mavsr.encoders.resnet import WINDOW, VideoResNet
from mavsr.features.views import random_cut
from mavsr.seeds import generator


def train_resnet(
    resnet: VideoResNet,
    crops: Mapping[str, np.ndarray],
    labels: Mapping[str, torch.Tensor],
    count: int,
    settings: ResNetSettings,
    seed: int,
) -> None:
    """Train on random windows of random clips, each cut and flipped at random.

    Args:
        resnet: trained in place; in eval mode afterwards.
        crops: key -> grey crops uint8 (T, 96, 96); clips shorter than a window are passed over.
        labels: key -> what each frame shows (T,), below ``count``.
        count: number of labels.
        settings: how.
        seed: of the windows, and of the linear head that is thrown away afterwards.
    """
    draw = generator(seed, "resnet windows")
    around = WINDOW // 2
    places = [
        (key, middle)
        for key, frames in sorted(crops.items())
        for middle in range(around, len(frames) - around)
    ]
    head = nn.Linear(resnet.width * 8, count)
    parameters = [*resnet.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=settings.learning_rate, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, settings.learning_rate, total_steps=settings.steps, pct_start=0.2
    )
    resnet.train()
    mean = 0.0
    for step in progress(range(settings.steps), settings.steps, "ResNet steps"):
        chosen = [places[i] for i in draw.integers(len(places), size=settings.batch)]
        windows = torch.cat(
            [
                random_cut(crops[key][middle - around : middle + around + 1], draw)
                for key, middle in chosen
            ]
        )
        shown = torch.stack([labels[key][middle] for key, middle in chosen])
        loss = F.cross_entropy(head(resnet.windows(windows.permute(0, 2, 3, 1))), shown)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, settings.clip)
        optimizer.step()
        schedule.step()
        mean += 0.02 * (loss.item() - mean) if step else loss.item()
        if (step + 1) % 100 == 0:
            logging.info("ResNet step %d of %d: loss %.3f", step + 1, settings.steps, mean)
    resnet.eval()
