"""Random models and clips of the shapes that benchmarks train and decode."""

from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from mavsr.model.adapters.settings import MomeSettings
from mavsr.model.avsr import MatryoshkaModel, Utterance
from mavsr.model.methods import method_of
from mavsr.model.settings import ModelSettings
from mavsr.seeds import generator

DIMS = {"audio": 768, "video": 1024}
"""Widths of Whisper Small and AV-HuBERT Large."""
WORDS_PER_SECOND = 3.0


@dataclass(frozen=True)
class Shape:
    """A random LLM and the clips it is trained on."""

    layers: int
    hidden: int
    intermediate: int
    heads: int
    key_heads: int
    vocabulary: int
    clips: int
    seconds: tuple[float, float]
    projector: int = 2048
    half: bool = False
    """Frozen weights in bfloat16."""


PRESETS = {
    "small": Shape(12, 768, 2048, 12, 12, 32_000, 8, (4.0, 8.0)),
    "toy": Shape(4, 128, 384, 4, 4, 512, 8, (1.5, 3.0), projector=256),
    "llama-3.2-1b": Shape(16, 2048, 8192, 32, 8, 128_256, 8, (10.0, 10.0), half=True),
}
"""Twelve layers for the log's ratios, the embedded default's LLM, and the papers' smallest."""


def make(
    folder: Path, shape: Shape, method: str, device: torch.device, quantization: str | None = None
) -> tuple[MatryoshkaModel, list[Utterance]]:
    """A model with random adapters, and random clips."""
    settings = ModelSettings(
        mome=MomeSettings() if method_of(method).adapter == "mome" else None,
        task="omni" if method_of(method).omni else "avsr",
        method=method,
        compression="avgpool",
        audio_rates=(4, 16),
        video_rates=(2, 5),
        llm=str(folder),
        llm_revision=None,
        lora_rank=shape.hidden // 32,
        lora_scale=0.125,
        projector_hidden=shape.projector,
        projector_layer_norm=True,
        seed=0,
        quantization=quantization,
    )
    model = MatryoshkaModel(settings, DIMS).to(device)
    draw = torch.Generator().manual_seed(0)
    for parameter in model.trainable():
        # Fresh adapters add nothing, and part of their gradients is zero.
        noise = 0.02 * torch.randn(parameter.shape, generator=draw)
        parameter.data.add_(noise.to(parameter))
    random = generator("benchmark", "clips")
    utterances = []
    for number in range(shape.clips):
        seconds = random.uniform(*shape.seconds)
        words = random.integers(8, shape.vocabulary, round(WORDS_PER_SECOND * seconds))
        frames = round(25 * seconds)
        tokens = {
            "audio": torch.randn(2 * frames, DIMS["audio"], generator=draw).to(device),
            "video": torch.randn(frames, DIMS["video"], generator=draw).to(device),
        }
        utterances.append(Utterance(str(number), " ".join(f"w{w}" for w in words), tokens))
    return model, utterances


def save_llm(folder: Path, shape: Shape) -> None:
    """A random Llama, and a tokenizer that knows as many words."""
    vocabulary = {"<unk>": 0, "<bos>": 1, "<eos>": 2}
    vocabulary |= {f"w{n}": n for n in range(3, shape.vocabulary)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<bos>", eos_token="<eos>", unk_token="<unk>"
    ).save_pretrained(folder)
    torch.manual_seed(0)
    llm = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=shape.vocabulary,
            hidden_size=shape.hidden,
            intermediate_size=shape.intermediate,
            num_hidden_layers=shape.layers,
            num_attention_heads=shape.heads,
            num_key_value_heads=shape.key_heads,
            bos_token_id=1,
            eos_token_id=2,
        )
    )
    (llm.bfloat16() if shape.half else llm).save_pretrained(folder)
