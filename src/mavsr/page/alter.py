"""What the page's switches and its SNR slider do to a part of a recording."""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from mavsr.errors import InputError
from mavsr.media import SAMPLE_RATE, decode_audio, encode_audio
from mavsr.noise.mixing import mix
from mavsr.recognition.part import Part
from mavsr.seeds import derive_seed
from mavsr.toy.portrait.clip import write_script
from mavsr.toy.portrait.settings import PortraitSettings

_VOICES, _SENTENCES, _BABBLE_S = 20, 5, 10
LOWEST_DB, HIGHEST_DB = -20.0, 40.0


@dataclass(frozen=True)
class Listening:
    """How a recording is given to the model.

    Attributes:
        snr: decibels at which babble is mixed in; None for none.
        hear: whether the model hears it.
        see: whether the model sees it.

    """

    snr: float | None = None
    hear: bool = True
    see: bool = True

    def check(self, modalities: tuple[str, ...]) -> None:
        """Refuse what leaves a model nothing.

        Raises:
            InputError: the model neither hears nor sees, or the ratio is out of bounds.

        """
        left = [m for m, on in (("audio", self.hear), ("video", self.see)) if on]
        if not set(left) & set(modalities):
            raise InputError("nothing is left to read: leave audio or video on")
        if self.snr is not None and not LOWEST_DB <= self.snr <= HIGHEST_DB:
            raise InputError(f"the SNR is {self.snr} dB; {LOWEST_DB} to {HIGHEST_DB} can be mixed")

    def of(self, part: Part, key: str) -> Part:
        """The part as the model is to get it; ``key`` says where the babble begins."""
        fields = dict(part.fields)
        if not self.see:
            fields.pop("mkv", None)
        if not self.hear:
            fields.pop("flac", None)
        elif self.snr is not None and "flac" in fields:
            speech = decode_audio(fields["flac"])
            start = derive_seed("page", key) % len(babble())
            noise = np.resize(np.roll(babble(), -start), len(speech))
            fields["flac"] = encode_audio(mix(speech, noise, self.snr))
        return replace(part, fields=fields)


@cache
def babble() -> np.ndarray:
    """Many synthetic voices at once, float32 (N,) at 16 kHz: the embedded corpus' speakers."""
    settings = PortraitSettings()
    total = np.zeros(_BABBLE_S * SAMPLE_RATE, np.float32)
    for voice in range(_VOICES):
        name = f"trainval/a{voice % settings.trainval_speakers:03d}"
        pieces = [write_script(settings, f"{name}/{n:05d}").audio for n in range(_SENTENCES)]
        spoken = np.concatenate(pieces)
        level = float(np.sqrt((spoken**2).mean()))
        total += np.resize(spoken, len(total)) / max(level, 1e-6)
    return total / float(np.abs(total).max())
