"""A tiny random Llama with its own tokenizer, and random clips, for tests of several stages."""

from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

from mavsr.model.avsr import Utterance
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
