"""How near batched encoding comes to what a GPU can do, at the papers' sizes.

    python benchmarks/encoders.py

Whisper Medium and AV-HuBERT Large with random weights, in bfloat16: batched against one by one, and
the share of the rate that large matrix products reach on the same GPU.
"""

import time

import numpy as np
import torch
from device import matrix_rate
from transformers import WhisperConfig, WhisperFeatureExtractor
from transformers.models.whisper.modeling_whisper import WhisperEncoder as WhisperNetwork

from mavsr.command import run_command
from mavsr.config.read import read_config
from mavsr.encoders import Encoder, EncoderSettings
from mavsr.encoders.avhubert import AVHubertConfig, AVHubertEncoder
from mavsr.encoders.batches import BatchPlan, encode_stream
from mavsr.encoders.whisper import WhisperEncoder
from mavsr.report.encoder_sizes import encoder_size


def encoders(seconds: float = 600, repeats: int = 9) -> None:
    """Print speeds and shares.

    Args:
        seconds: of all clips together.
        repeats: rounds, of which the fastest counts.
    """
    if not torch.cuda.is_available():
        print("needs a GPU; benchmarks/features.py measures encoders on processors")
        return
    measure(torch.device("cuda"), large_encoders(), seconds, repeats)


def large_encoders() -> dict[str, tuple[Encoder, EncoderSettings]]:
    """Whisper Medium and AV-HuBERT Large with random weights, and what tells their size."""
    torch.manual_seed(0)
    config = WhisperConfig(
        d_model=1024, encoder_layers=24, encoder_attention_heads=16, encoder_ffn_dim=4096
    )
    whisper = WhisperEncoder(WhisperNetwork(config), WhisperFeatureExtractor())
    return {
        "Whisper Medium": (whisper, EncoderSettings("whisper", "openai/whisper-medium.en")),
        "AV-HuBERT Large": (
            AVHubertEncoder(AVHubertConfig()),
            EncoderSettings("avhubert", "large_vox_iter5.pt"),
        ),
    }


def measure(
    device: torch.device,
    encoders: dict[str, tuple[Encoder, EncoderSettings]],
    seconds: float,
    repeats: int,
    batch_s: float = 240.0,
    matrix: int | None = None,
) -> None:
    """Clips of 1 to 9 s: batched against one by one, and the share of the device's matrix rate."""
    rate = matrix_rate(device, True, matrix)
    print(f"{device.type}: {rate / 1e12:.3g} TFLOP/s in matrix products of bfloat16")
    toy = read_config([]).toy
    draw = np.random.default_rng(0)
    lengths: list[int] = []
    while sum(lengths) < 25 * seconds:
        lengths.append(int(draw.integers(25, 225)))
    for name, (encoder, settings) in encoders.items():
        encoder.to(device).eval().requires_grad_(False)
        shapes = [(640 * n,) if encoder.modality == "audio" else (1, n, 88, 88) for n in lengths]
        clips = [(f"k{n}", torch.randn(shape)) for n, shape in enumerate(shapes)]
        flops = sum(encoder_size(settings, toy).flops(n / 25) for n in lengths)
        best = {}
        for way, plan in (("one by one", BatchPlan()), ("batched", BatchPlan(batch_s))):
            rounds = [seconds_of(encoder, clips, plan) for _ in range(1 + repeats)]
            best[way] = spent = min(rounds[1:])  # the first warms up
            print(
                f"{name}, {way}: {len(clips) / spent:.1f} clips/s, {sum(lengths) / 25 / spent:.0f} "
                f"times real time, {100 * flops / spent / rate:.0f} % of the matrix rate"
            )
        print(f"{name}: batched against one by one {best['one by one'] / best['batched']:.2f}")


def seconds_of(encoder: Encoder, clips: list[tuple[str, torch.Tensor]], plan: BatchPlan) -> float:
    started = time.perf_counter()
    for _, tokens in encode_stream(clips, encoder, plan, "bfloat16"):
        tokens.cpu()
    return time.perf_counter() - started


if __name__ == "__main__":
    run_command(encoders)
