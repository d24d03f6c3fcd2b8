"""What tests of several stages share: a tiny LLM folder, and a tiny corpus of cached features."""

from pathlib import Path

import pandas as pd
import pytest
import safetensors.torch
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from mavsr.corpus.manifest import write_manifest
from mavsr.features.index import index
from mavsr.model.avsr import Utterance
from mavsr.model.settings import ModelSettings
from mavsr.seeds import derive_seed
from mavsr.shards import write_shard

# Tiny networks: more threads cost more than they bring.
torch.set_num_threads(1)

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


@pytest.fixture(scope="session")
def llm_folder(tmp_path_factory) -> Path:
    return save_llm(tmp_path_factory.mktemp("llm") / "llama")


@pytest.fixture
def settings_of(llm_folder):
    """Model settings over the tiny LLM; keywords change them."""

    def make(**changes) -> ModelSettings:
        values = {
            "task": "avsr",
            "method": "mtsk-mss",
            "compression": "avgpool",
            "audio_rates": (2, 4),
            "video_rates": (1, 3),
            "llm": str(llm_folder),
            "llm_revision": None,
            "lora_rank": 4,
            "lora_scale": 0.5,
            "projector_hidden": 12,
            "projector_layer_norm": False,
            "seed": 0,
        }
        return ModelSettings(**{**values, **changes})

    return make


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


@pytest.fixture
def utterances() -> list[Utterance]:
    """Three clips of different length in tokens and in words."""
    clips = [make_utterance(key, frames) for key, frames in (("a", 9), ("b", 5), ("c", 14))]
    assert len({len(clip.text.split()) for clip in clips}) > 1
    return clips


@pytest.fixture
def write_features(tmp_path):
    """Write manifest and cached features of a made-up split; return manifest and index paths."""

    def write(
        split: str, lengths: dict[str, int], view: str = "clean", spoil=None
    ):
        clips = {key: make_utterance(f"{view} {key}", n) for key, n in sorted(lengths.items())}
        manifest = tmp_path / f"{split}.parquet"
        rows = [
            {
                "key": key,
                "video": "x.mp4",
                "audio": "x.mp4",
                "text": make_text(key),
                "start": 0.0,
                "end": float("nan"),
                "duration_s": n / 25,
                "speaker": "s",
                "split": split,
                "shard": 0,
            }
            for key, n in lengths.items()
        ]
        write_manifest(manifest, pd.DataFrame(rows))
        indexes = {}
        for modality in DIMS:
            place = tmp_path / "features" / modality / split / view
            samples = []
            for key, clip in clips.items():
                tokens = clip.tokens[modality].half()
                if spoil == (modality, key):
                    tokens[0, 0] = float("nan")
                samples.append((key, {"safetensors": safetensors.torch.save({"features": tokens})}))
            write_shard(place / "00000.tar", iter(samples))
            index([place / "00000.tar"], place / "index.json", place / "samples.parquet", {})
            indexes[modality] = place / "index.json"
        return manifest, indexes

    return write
