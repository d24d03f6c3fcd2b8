"""A tiny random Whisper whose chunk lasts two seconds."""

import pytest
import torch
from tiny import save_whisper

from mavsr.encoders.whisper import WhisperEncoder

# Tiny networks: more threads cost more than they bring.
torch.set_num_threads(1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_whisper(tmp_path_factory.mktemp("whisper"), chunk_s=2, dim=32, layers=2)


@pytest.fixture(scope="module")
def encoder(folder):
    return WhisperEncoder.from_pretrained(folder)
