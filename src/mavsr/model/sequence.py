"""How one utterance becomes the LLM's input: markers, prompt, and padding of ragged batches.

    BOS <audio> A </audio> <video> V </video> prompt transcript EOS

The four markers are new rows beside the LLM's embedding table: drawn at random, never trained, so
they are saved with the model. As no marker is ever predicted, the output head stays as it is.
"""

from collections.abc import Mapping, Sequence

import torch
from torch.nn.utils.rnn import pad_sequence

from mavsr.model.adapters.base import KINDS

PROMPTS = {
    "asr": "Transcribe speech to text.",
    "vsr": "Transcribe video to text.",
    "avsr": "Transcribe speech and video to text.",
}
MARKERS = ("<audio>", "</audio>", "<video>", "</video>")


def pad_left(sequences: Sequence[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Stack ragged (L_i, d) sequences for decoding, all ending at the last position.

    Returns:
        inputs (B, L, d), zeros in front, and attention mask (B, L), 1 where there is a token.
    """
    flipped = pad_sequence([sequence.flip(0) for sequence in sequences], batch_first=True)
    lengths = torch.tensor([len(sequence) for sequence in sequences], device=flipped.device)
    longest = flipped.shape[1]
    positions = torch.arange(longest, device=flipped.device)
    mask = (positions >= (longest - lengths)[:, None]).long()
    return flipped.flip(1), mask


def pad_right(sequences: Sequence[torch.Tensor]) -> torch.Tensor:
    """Stack ragged (L_i, d) sequences for training: (B, L, d), zeros behind.

    No attention mask is needed: under causal attention no token sees what is behind it.
    """
    return pad_sequence(list(sequences), batch_first=True)


def position_kinds(tokens: Mapping[str, int], before: int, after: int) -> torch.Tensor:
    """What each position of one sequence holds.

    Args:
        tokens: modality -> compressed tokens, in the order of the sequence.
        before: tokens before the first marker (BOS).
        after: tokens after the last marker (prompt and transcript).

    Returns:
        (L,) int64, index into ``KINDS``; a marker counts as text.
    """
    text = KINDS.index("text")
    row = [text] * before
    for modality, count in tokens.items():
        row += [text, *[KINDS.index(modality)] * count, text]
    return torch.tensor(row + [text] * after)
