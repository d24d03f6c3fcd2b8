"""By how much `pad: none` moves a published Whisper's tokens.

    PRETRAINED_MODELS=/models python benchmarks/padding.py
    python benchmarks/padding.py --models '{"base": "/models/whisper-base"}' --speech real.flac

Speech is an English sentence in espeak's voice, said over and over, or the file that is named. Of
each length: the norm of the difference between unpadded and padded tokens over the norm of the
padded ones.
"""

import os
from pathlib import Path

import numpy as np
import torch

from mavsr.command import run_command
from mavsr.encoders import EncoderSettings, load_encoder
from mavsr.media import SAMPLE_RATE, read_audio
from mavsr.toy.portrait.speech import speak

NAMES = ("whisper-tiny.en", "whisper-base")
SENTENCE = "the door was open and the little girl walked slowly into the garden"


def main(
    models: dict[str, Path] | None = None,
    speech: Path | None = None,
    seconds: list[float] | None = None,
) -> None:
    """Print a line per model and length.

    Args:
        models: name -> folder of a whole Whisper; by default those in PRETRAINED_MODELS.
        speech: an audio file in place of the made sentence.
        seconds: lengths, from the beginning.
    """
    place = os.environ.get("PRETRAINED_MODELS")
    if models is None and place is None:
        print("no models: set PRETRAINED_MODELS, or give --models")
        return
    found = models or {name: Path(place or "") / name for name in NAMES}
    wave = _speech(speech)
    for name, folder in found.items():
        padded, alone = (
            load_encoder(EncoderSettings("whisper", str(folder), pad=pad))
            for pad in ("chunk", "none")
        )
        for length in seconds or [1.0, 6.2, 15.0]:
            clip = torch.from_numpy(wave[: round(length * SAMPLE_RATE)])
            whole, own = padded(clip), alone(clip)
            moved = float((own - whole).norm() / whole.norm())
            print(f"{name} {len(clip) / SAMPLE_RATE:.1f} s: {moved:.2f}")


def _speech(file: Path | None) -> np.ndarray:
    if file is not None:
        return read_audio(file)
    spoken = speak(tuple(SENTENCE.split()), "gmw/en", 130, 50, 0, letters=False).audio
    return np.tile(spoken, 8)


if __name__ == "__main__":
    run_command(main)
