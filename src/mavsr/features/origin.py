"""Which encoder made cached features, and whether a model can use them.

A cache is of one encoder (mavsr.features.index refuses any other), but training, validation and
test read several caches. They must agree, and agree with what the model was trained on.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

from mavsr.errors import InputError
from mavsr.features.header import MadeBy
from mavsr.model.compressions import compression_of
from mavsr.model.settings import ModelSettings

ENCODER = ("weights", "kind", "pad", "precision", "numerics")
"""What of an origin says which encoder it was; the rest differs between views and splits."""


class Source(Protocol):
    """What says which encoders its tokens come from."""

    @property
    def folders(self) -> Mapping[str, Path]:
        """Modality -> folder that its tokens come from."""

    @property
    def made_by(self) -> Mapping[str, MadeBy]:
        """Modality -> weights and settings that made its tokens."""


def encoders_of(sources: Iterable[Source]) -> dict[str, MadeBy]:
    """Modality -> the one encoder that made the features of all sources.

    Raises:
        InputError: two of them are of different encoders.

    """
    found: dict[str, MadeBy] = {}
    for source in sources:
        check_encoders(found, source)
        found |= {modality: _encoder(made_by) for modality, made_by in source.made_by.items()}
    return found


def check_encoders(expected: Mapping[str, MadeBy], source: Source) -> None:
    """Raise InputError if the features of ``source`` are not of the ``expected`` encoders.

    What ``expected`` leaves out may be anything: an imported model knows its encoder's weights, but
    not in which precision they ran.
    """
    for modality, made_by in source.made_by.items():
        wanted, found = expected.get(modality, {}), _encoder(made_by)
        if any(found.get(key) != value for key, value in wanted.items()):
            differences = [
                f"{key}: {found.get(key)} instead of {wanted.get(key)}"
                for key in ENCODER
                if found.get(key) != wanted.get(key)
            ]
            raise InputError(
                f"the {modality} features in {source.folders[modality]} are of another encoder "
                f"than the others or than the model was trained on ({', '.join(differences)}); "
                "rebuild the older ones: remove their folder and run snakemake again"
            )


def check_pooling(settings: ModelSettings, source: Source) -> None:
    """Raise InputError if features are stored pooled in a way that does not suit the model."""
    for modality, made_by in source.made_by.items():
        size = made_by.get("pool", 1)
        odd = [rate for rate in settings.rates(modality) if rate % size]
        if odd or (size > 1 and not compression_of(settings.compression).pools):
            raise InputError(
                f"the {modality} features in {source.folders[modality]} are means of {size} "
                f"tokens, which cannot give {settings.compression} at rate "
                f"{odd[0] if odd else settings.rates(modality)[0]}; set features.store to full"
            )


def _encoder(made_by: MadeBy) -> MadeBy:
    return {key: made_by[key] for key in ENCODER if key in made_by}
