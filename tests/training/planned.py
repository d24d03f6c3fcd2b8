"""What plans of a step are tried on: ragged clips, and the methods that differ in training."""

import torch
from tiny import make_utterance

from mavsr.model.methods import METHODS as ALL

RAGGED = [make_utterance(key, n) for key, n in zip("abcde", (9, 2, 14, 30, 5), strict=True)]
TASKS = {
    "avsr": {"audio_rates": (2, 4), "video_rates": (1, 3)},
    "asr": {"audio_rates": (2, 4, 9), "video_rates": ()},
    "vsr": {"audio_rates": (), "video_rates": (1, 2)},
    "omni": {"audio_rates": (2, 4), "video_rates": (1, 3)},
}
SKIPPED = {"mome-mhsa-i", "avgpool-at-inference"}
"""Trained as mome-mhsa and as llama-avsr are, at one scale."""
METHODS = [name for name, method in ALL.items() if not method.omni and name not in SKIPPED]


def run(model, plan, utterances=RAGGED, objective=None):
    """Losses per scale and the gradients of their mean."""
    for parameter in model.parameters():
        parameter.grad = None
    targets = model.count_targets(utterances)
    losses = plan.losses(model, utterances, targets, torch.Tensor.backward, objective)
    return losses, [parameter.grad for parameter in model.trainable()]
