"""From a compression's name to the module that compresses."""

from importlib import import_module

from mavsr.model.compressions import compression_of
from mavsr.model.compressors.base import Compressor
from mavsr.model.settings import ModelSettings


def make_compressor(dim: int, settings: ModelSettings) -> Compressor:
    """What ``settings.compression`` names, for encoder tokens of width ``dim``."""
    module, _, name = compression_of(settings.compression).builder.partition(".")
    made: Compressor = getattr(import_module(f"mavsr.model.compressors.{module}"), name)(
        dim, settings
    )
    return made
