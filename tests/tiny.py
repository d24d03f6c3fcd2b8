"""Tiny random networks in their public formats, and random clips, for tests of several stages."""

import json
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperModel,
)

from mavsr.checkpoints import identity
from mavsr.encoders.avhubert import AVHubertConfig, AVHubertEncoder, save_checkpoint
from mavsr.model.avsr import Utterance
from mavsr.model.folder import write_run
from mavsr.seeds import derive_seed

DIMS = {"audio": 6, "video": 4}
WORDS = ("red", "green", "blue", "one", "two", "three", "four", "five")


def save_llm(folder: Path, layers: int = 2, hidden: int = 16, dtype=torch.float32) -> Path:
    """A random Llama with its own tokenizer, in Hugging Face's format."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        [" ".join(WORDS), "Transcribe speech and video to text."] * 3,
        trainers.BpeTrainer(
            vocab_size=340,
            special_tokens=["<bos>", "<eos>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<bos>", eos_token="<eos>")
    torch.manual_seed(0)
    llm = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(fast),
            hidden_size=hidden,
            intermediate_size=2 * hidden,
            num_hidden_layers=layers,
            num_attention_heads=2,
            num_key_value_heads=1,
            max_position_embeddings=256,
            initializer_range=0.3,
            bos_token_id=fast.bos_token_id,
            eos_token_id=fast.eos_token_id,
            tie_word_embeddings=False,
        )
    )
    llm.to(dtype).save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


def save_other_llm(folder: Path, name: str, **sizes) -> Path:
    """A random LLM of the architecture ``name``, with the tokenizer of :func:`save_llm`."""
    save_llm(folder)
    torch.manual_seed(0)
    widths = {
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
    }
    config = AutoConfig.for_model(
        name, vocab_size=340, initializer_range=0.3, **{**widths, **sizes}
    )
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    return folder


def save_whisper(folder: Path, chunk_s: int, dim: int = 16, layers: int = 1) -> Path:
    """A random Whisper that hears ``chunk_s`` seconds at most, in Hugging Face's format."""
    torch.manual_seed(0)
    config = WhisperConfig(
        d_model=dim,
        encoder_layers=layers,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=2 * dim,
        decoder_ffn_dim=2 * dim,
        num_mel_bins=80,
        max_source_positions=50 * chunk_s,
        vocab_size=16,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=1,
    )
    WhisperModel(config).save_pretrained(folder)
    WhisperFeatureExtractor(feature_size=80, chunk_length=chunk_s).save_pretrained(folder)
    return folder


def save_avhubert(path: Path) -> Path:
    """A random AV-HuBERT of width 16, in the published checkpoint's format."""
    torch.manual_seed(0)
    config = AVHubertConfig(
        layers=1, dim=16, ffn_dim=16, heads=2, conv_pos=4, conv_pos_groups=2, resnet_width=2
    )
    save_checkpoint(path, AVHubertEncoder(config).public_state_dict(), config)
    return path


def scramble(model):
    """Give every trainable weight of a model or adapter its own value: fresh ones add nothing."""
    draw = torch.Generator().manual_seed(1)
    for parameter in model.trainable():
        parameter.data.copy_(0.3 * torch.randn(parameter.shape, generator=draw))
    return model


def save_trained(model, folder: Path, **more) -> Path:
    """Leave a model as training does, with digests; keywords go into its ``run.json``."""
    model.save(folder)
    (folder / "metrics.csv").write_text("step,epoch,split,scale,loss,learning_rate,wer\n")
    settings = model.settings
    run = {"model": settings.to_dict(), "dims": DIMS, "llm_sha256": identity(settings.llm)}
    write_run(folder, run | more)
    return folder


def change_run(folder: Path, **changes) -> None:
    """Write a ``run.json`` that says something else, as if training had."""
    write_run(folder, json.loads((folder / "run.json").read_text()) | changes)


def flip_byte(path: Path, place: float = 0.9) -> None:
    """Change one bit of a file, in its content rather than in its structure."""
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= 1
    path.write_bytes(content)


def make_text(key: str) -> str:
    draw = torch.Generator().manual_seed(derive_seed("text", key))
    count = int(torch.randint(1, 6, (), generator=draw))
    picks = torch.randint(len(WORDS), (count,), generator=draw)
    return " ".join(WORDS[int(i)] for i in picks)


def make_utterance(key: str, frames: int) -> Utterance:
    """Random tokens, twice as many of audio as of video."""
    draw = torch.Generator().manual_seed(derive_seed("tokens", key))
    tokens = {
        "audio": torch.randn(2 * frames, DIMS["audio"], generator=draw),
        "video": torch.randn(frames, DIMS["video"], generator=draw),
    }
    return Utterance(key, make_text(key), tokens)
