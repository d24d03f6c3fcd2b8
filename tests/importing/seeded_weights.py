"""Weights, inputs, tokenizer and folders that are functions of names, shapes and a seed.

A parity case then stores shapes, seeds and expected numbers only. Random numbers come from NumPy's
`RandomState` (MT19937), whose stream NumPy has promised never to change; `fingerprint` tells
whether a machine draws what was drawn where the case was made.

Own code; nothing of it is taken from the repositories whose numbers the cases hold.
"""

import json
import zlib
from pathlib import Path

import numpy as np
import torch

EOS_GAIN = 2.5
"""The embedding row of <|end_of_text|> is so much longer, so that random networks do stop."""
SPECIALS = ("<|begin_of_text|>", "<|end_of_text|>")
ADDED = ("<pad>", "<audio>", "</audio>", "<video>", "</video>")
MERGES = ("h e", "Ġ t", "Ġt he", "t h", "i n", "e r", "a n", "Ġ a", "s t", "r e", "an d", "o u")


def draw(name: str, shape, seed: int) -> np.ndarray:
    """Standard normal float64 numbers: a function of (name, shape, seed) only."""
    return np.random.RandomState(zlib.crc32(f"{seed}:{name}".encode())).standard_normal(
        tuple(shape)
    )


def seeded_tensor(name: str, shape, seed: int) -> torch.Tensor:
    """The tensor called `name` (official name), float32; int64 zeros for BatchNorm's counters."""
    shape = tuple(shape)
    if name.endswith("num_batches_tracked"):
        return torch.zeros(shape, dtype=torch.long)
    noise = draw(name, shape, seed)
    if name.endswith("running_var"):
        value = 0.5 + noise**2 / 2
    elif name.endswith("weight_g"):
        value = 1.0 + 0.1 * np.abs(noise)
    elif name.endswith(("embed_tokens.weight", "lm_head.weight")):
        value = 0.25 * noise
    elif name.endswith("embed_positions.weight"):
        value = 0.3 * noise
    elif ".lora_" in name:
        value = noise * 2.0 * shape[-1] ** -0.5  # strong, so that a forgotten LoRA shows
    elif len(shape) <= 1 and (".relu" in name or "frontend3D.2" in name):
        value = 0.25 + 0.05 * noise  # PReLU slopes
    elif len(shape) <= 1 and name.endswith("weight"):
        value = 1.0 + 0.1 * noise  # scales of normalisation layers
    elif len(shape) <= 1:
        value = 0.1 * noise
    else:
        value = noise * float(np.prod(shape[1:])) ** -0.5
    return torch.from_numpy(np.ascontiguousarray(value, dtype=np.float32))


def seeded_state_dict(
    shapes: dict, seed: int, tied: bool, eos: int, prompts: dict | None = None
) -> dict:
    """All tensors of an official state dict.

    Args:
        shapes: name -> shape, as in the case.
        seed: the case's.
        tied: whether `llm.lm_head.weight` is the embedding table.
        eos: row of <|end_of_text|>.
        prompts: buffer name (`prompt_audio`, ...) -> token ids, for Omni-AVSR.
    """
    state = {n: seeded_tensor(n, s, seed) for n, s in shapes.items() if n not in (prompts or {})}
    for name in ("llm.model.embed_tokens.weight", "llm.lm_head.weight"):
        if name in state:
            state[name][eos] *= EOS_GAIN
    if tied and "llm.lm_head.weight" in state:
        state["llm.lm_head.weight"] = state["llm.model.embed_tokens.weight"]
    for name, ids in (prompts or {}).items():
        state[name] = state["llm.model.embed_tokens.weight"][torch.tensor(ids)][None].clone()
    return state


def features(key: str, tokens: int, dim: int, seed: int) -> torch.Tensor:
    """Encoder tokens (tokens, dim) of the clip `key`: float32, std 1."""
    return torch.from_numpy(draw(f"features/{key}", (tokens, dim), seed).astype(np.float32))


def waveform(key: str, samples: int, seed: int) -> torch.Tensor:
    """(samples,) float32: noise through a slow random envelope, not yet normalised."""
    noise = draw(f"waveform/{key}", (samples,), seed)
    knots = np.abs(draw(f"envelope/{key}", (samples // 1600 + 2,), seed))
    envelope = np.interp(np.arange(samples) / 1600, np.arange(len(knots)), knots)
    return torch.from_numpy((0.1 * noise * envelope).astype(np.float32))


def video(key: str, frames: int, seed: int) -> torch.Tensor:
    """(frames, 1, 88, 88) float32: what AV-HuBERT is given, that is normalised grey crops."""
    return torch.from_numpy(draw(f"video/{key}", (frames, 1, 88, 88), seed).astype(np.float32))


def fingerprint() -> list[float]:
    """Four numbers to compare with a case's `fingerprint` before anything else."""
    return [float(x) for x in draw("fingerprint", (4,), 1)]


def save_tokenizer(folder: Path, added: bool = False) -> int:
    """A byte-level BPE tokenizer with Llama 3's special tokens; returns its size.

    Args:
        folder: where to write it.
        added: with the five tokens that the official code adds (<pad> first), in its order.
    """
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {letter: i for i, letter in enumerate(alphabet)}
    pairs = []
    for merge in MERGES:
        a, b = merge.split(" ")
        vocabulary[a + b] = len(vocabulary)
        pairs.append((a, b))
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=pairs))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in SPECIALS])
    if added:
        tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in ADDED])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=SPECIALS[0],
        eos_token=SPECIALS[1],
        clean_up_tokenization_spaces=False,
        **({"pad_token": ADDED[0]} if added else {}),
    )
    fast.save_pretrained(folder)
    return len(fast)


def save_llm_config(folder: Path, llm: dict, vocab_size: int) -> None:
    """`config.json` of a Llama of the case's sizes, with Llama 3's rotary scaling."""
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": vocab_size,
        "bos_token_id": llm["bos"],
        "eos_token_id": llm["eos"],
        "hidden_act": "silu",
        "rms_norm_eps": 1e-5,
        "attention_bias": False,
        "mlp_bias": False,
        "attention_dropout": 0.0,
        "initializer_range": 0.02,
        "max_position_embeddings": 131072,
        "rope_theta": 500000.0,
        "rope_scaling": {
            "rope_type": "llama3",
            "factor": 32.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 8192,
        },
        "tie_word_embeddings": llm["tied"],
        "torch_dtype": "float32",
        "use_cache": True,
        **{
            k: llm[k]
            for k in (
                "hidden_size",
                "intermediate_size",
                "num_hidden_layers",
                "num_attention_heads",
                "num_key_value_heads",
            )
        },
        "head_dim": llm["hidden_size"] // llm["num_attention_heads"],
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=1))


def save_whisper_config(folder: Path, whisper: dict) -> None:
    """`config.json` and `preprocessor_config.json` of a small Whisper."""
    d = whisper["d_model"]
    config = {
        "architectures": ["WhisperForConditionalGeneration"],
        "model_type": "whisper",
        "d_model": d,
        "encoder_layers": whisper["encoder_layers"],
        "decoder_layers": 1,
        "encoder_attention_heads": whisper["heads"],
        "decoder_attention_heads": whisper["heads"],
        "encoder_ffn_dim": 2 * d,
        "decoder_ffn_dim": 2 * d,
        "num_mel_bins": 80,
        "max_source_positions": 1500,
        "max_target_positions": 16,
        "vocab_size": 16,
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "decoder_start_token_id": 1,
        "dropout": 0.0,
        "attention_dropout": 0.0,
        "activation_dropout": 0.0,
        "encoder_layerdrop": 0.0,
        "suppress_tokens": None,
        "begin_suppress_tokens": None,
        "scale_embedding": False,
        "activation_function": "gelu",
        "torch_dtype": "float32",
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=1))
    (folder / "preprocessor_config.json").write_text(
        json.dumps(
            {
                "feature_extractor_type": "WhisperFeatureExtractor",
                "feature_size": 80,
                "chunk_length": 30,
                "hop_length": 160,
                "n_fft": 400,
                "n_samples": 480000,
                "nb_max_frames": 3000,
                "padding_side": "right",
                "padding_value": 0.0,
                "return_attention_mask": False,
                "sampling_rate": 16000,
            },
            indent=1,
        )
    )


def case_state_dict(content: dict) -> dict:
    """The state dict of a case, as `model.state_dict()` of the authors' class has it (float32)."""
    case, expected = content["case"], content["expected"]
    llm = case["llm"]
    return seeded_state_dict(
        expected["state_dict"], case["seed"], llm["tied"], llm["eos"], expected["prompt_buffers"]
    )


def save_checkpoint(
    content: dict, state: dict, path: Path, dtype=torch.float32, lightning: bool = False
) -> None:
    """Write a case's weights as the authors' files hold them.

    Args:
        content: a case's JSON.
        state: its weights.
        path: `.pth` (a bare state dict, what `--pretrained-model-path` reads) or, with `lightning`,
            `.ckpt` (keys prefixed by `model.`, with the other entries that Lightning 2.3 writes).
        dtype: bfloat16 as the authors' files; float32 to compare numbers. Integer tensors stay.
        lightning: see `path`.
    """
    cast = {n: t.to(dtype) if t.is_floating_point() else t for n, t in state.items()}
    if content["case"]["llm"]["tied"]:  # one storage under two names, as PyTorch saves tied weights
        cast["llm.lm_head.weight"] = cast["llm.model.embed_tokens.weight"]
    if lightning:
        hyper = {
            **content["case"]["options"],
            "llm_model": content["case"]["llm"]["name"],
            "rank": content["case"]["llm"]["rank"],
            "alpha": content["case"]["llm"]["alpha"],
            "modality": content["case"]["modality"],
        }
        torch.save(
            {
                "epoch": 7,
                "global_step": 100,
                "pytorch-lightning_version": "2.3.3",
                "loops": {},
                "callbacks": {},
                "state_dict": {f"model.{n}": t for n, t in cast.items()},
                "optimizer_states": [],
                "lr_schedulers": [],
                "hparams_name": "args",
                "hyper_parameters": hyper,
            },
            path,
        )
    else:
        torch.save(cast, path)
