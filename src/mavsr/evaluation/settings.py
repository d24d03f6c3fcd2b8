"""How utterances are decoded; nothing is taken from a checkpoint's own generation settings."""

from mavsr.config.decoding import DecodingSettings, SamplingSettings

__all__ = ["DecodingSettings", "SamplingSettings"]
