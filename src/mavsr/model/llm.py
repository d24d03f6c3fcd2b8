"""The frozen LLM: loaded from data alone, whole, or refused.

A model folder may name Python code (``auto_map``) or kernels of a hub, and pickled weights may call
any function. None of it is run here, whatever the folder says and whatever the library's default.
"""

import hashlib
import logging
import pickle
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    GenerationConfig,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging as library_logging

from mavsr.checkpoints import LLM, check_folder, read_object, values, weight_files
from mavsr.errors import InputError
from mavsr.hub import hub_folder
from mavsr.made_weights import check_weights
from mavsr.model.quantization import loading_options, own_format, settle

ATTENTION_LAYERS = {"full_attention", "sliding_attention"}
"""Hugging Face's names of the layers that see past tokens through their keys and values alone."""
_NO_CODE: dict[str, Any] = {"trust_remote_code": False, "local_files_only": True}
_IMPLEMENTATIONS = (
    "attn_implementation",
    "_attn_implementation",
    "_attn_implementation_internal",
    "experts_implementation",
    "_experts_implementation",
    "_experts_implementation_internal",
)
"""Keys of ``config.json`` that may name code of a hub, as ``organisation/repository``."""
_KERNELS = ("kernel_config", "use_kernels")

library_logging.disable_progress_bar()  # hundreds of states of a bar in every job's log


def llm_folder(name: str, revision: str | None = None) -> Path:
    """Local folder of an LLM, whole; what is missing of a hub model is fetched.

    Raises:
        InputError: it is neither a complete folder here nor a model that the hub gives out, or it
            asks for code that is not this library's.
    """
    what = f"the LLM {name!r}"
    folder = Path(name)
    if not folder.is_dir():
        try:
            folder = hub_folder("LLM", name, revision, [*LLM, "model*.safetensors", "*.index.json"])
            if not weight_files(folder):
                folder = hub_folder("LLM", name, revision, [*LLM, "pytorch_model*.bin*"])
        except InputError as error:
            raise InputError(f"{what} cannot be loaded. {error}") from error
    check_folder(folder, what)
    config = read_object(folder / "config.json")
    if "quantization_config" in config:
        raise InputError(
            f"{what} is quantised already ({folder / 'config.json'}); take the checkpoint that it "
            "was made from, and let quantization of its entry under llms do it again"
        )
    kernels = [value for key in _IMPLEMENTATIONS for value in values(config, key)]
    named = [str(value) for value in kernels if "/" in str(value)]
    named += [key for key in _KERNELS if any(values(config, key))]
    if named:
        raise InputError(
            f"{what} asks for kernels of a hub ({named[0]}, in {folder / 'config.json'}), which "
            "are code and are never run here; remove that key from the file"
        )
    return folder


def load_llm(
    name: str, revision: str | None = None, quantization: str | None = None
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """A frozen causal language model in eval mode, and its tokenizer.

    Args:
        name: a folder, or a model on the hub.
        revision: commit, tag or branch of one on the hub.
        quantization: see :mod:`mavsr.model.quantization`.

    Raises:
        InputError: it is no complete model (:func:`llm_folder`), it is a toy model unlike its
            record, its weights and ``config.json`` do not belong together, it needs code of its
            own, its tokenizer has no token for the end of a text, not all of its layers are
            attention, or what quantises it is not installed.
    """
    folder = llm_folder(name, revision)
    check_weights(folder)
    if weight_files(folder)[-1].suffix == ".bin":
        logging.warning("%s: the weights are pickled; tensors alone are read of them", folder)
    options = loading_options(quantization)
    loaded: Any
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, **_NO_CODE)
        loaded = AutoModelForCausalLM.from_pretrained(
            folder, weights_only=True, output_loading_info=True, **options, **_NO_CODE
        )
    except Exception as error:  # a damaged file may raise anything
        raise _explained(error, name, folder) from error
    llm, loading = loaded
    _check_tensors(name, folder, loading)
    _check_head(name, folder, llm)
    _check_tokenizer(name, folder, llm, tokenizer)
    others = set(getattr(llm.config, "layer_types", None) or ()) - ATTENTION_LAYERS
    if others or llm._is_stateful:
        raise InputError(
            f"the LLM {name!r} ({llm.config.model_type}) has recurrent or other layers that are no "
            "attention over all past tokens; beams cannot share their state. Take an LLM of "
            "attention layers alone, such as Llama or Qwen 3"
        )
    # What the checkpoint says about sampling must never reach a decoder (see docs/methods.md).
    llm.generation_config = GenerationConfig()
    llm.name_or_path = name  # PEFT writes it into adapters: not the place of a cache
    if quantization:
        settle(llm)
    return llm.requires_grad_(False).eval(), tokenizer


def written_config(name: str, revision: str | None = None) -> PretrainedConfig:
    """The shape of an LLM in a folder or on the hub, without its weights.

    Raises:
        InputError: there is no such model, or it needs code of its own.
    """
    local = Path(name)
    folder = local if local.is_dir() else hub_folder("LLM", name, revision, ["config.json"])
    try:
        return AutoConfig.from_pretrained(folder, **_NO_CODE)
    except Exception as error:  # a damaged file may raise anything
        raise _explained(error, name, folder) from error


def empty_llm(config: PretrainedConfig) -> PreTrainedModel:
    """An LLM of that shape on the device ``meta``: countable, without memory."""
    with torch.device("meta"):
        return AutoModelForCausalLM.from_config(config, trust_remote_code=False)


def weights_digest(llm: nn.Module) -> str:
    """SHA-256 over the first numbers of every weight: tells checkpoints of one shape apart.

    Of a quantised LLM those count that are not quantised.
    """
    digest = hashlib.sha256()
    for parameter in own_format(llm):
        digest.update(parameter.detach().flatten()[:64].float().numpy().tobytes())
    return digest.hexdigest()


def _check_tensors(name: str, folder: Path, loading: dict[str, Any]) -> None:
    """Refuse weights of which transformers would make up, or leave out, a tensor."""
    for what, key in (
        ("lack", "missing_keys"),
        ("hold besides", "unexpected_keys"),
        ("have in another shape", "mismatched_keys"),
    ):
        if odd := sorted(str(entry) for entry in loading[key]):
            more = f" and {len(odd) - 1} more tensors" if len(odd) > 1 else ""
            raise InputError(
                f"the LLM {name!r} cannot be loaded: its weights {what} {odd[0]}{more}, by what "
                f"{folder / 'config.json'} asks for; put back the config.json of these weights"
            )


def _check_head(name: str, folder: Path, llm: PreTrainedModel) -> None:
    """Refuse an output head of its own where ``config.json`` says that it is the embedding table.

    transformers keeps both then, and whatever counts or exports goes by the config.
    """
    own = llm.get_output_embeddings().weight is not llm.get_input_embeddings().weight
    if own and llm.config.tie_word_embeddings:
        raise InputError(
            f"the LLM {name!r} cannot be loaded: its weights hold an output head (lm_head.weight) "
            f"unlike their embedding table, and {folder / 'config.json'} ties the two "
            "(tie_word_embeddings); put back the config.json of these weights"
        )


def _check_tokenizer(
    name: str, folder: Path, llm: PreTrainedModel, tokenizer: PreTrainedTokenizerBase
) -> None:
    """Refuse a tokenizer without EOS, or with ids for which the LLM has no embedding.

    What else differs between tokenizers does not matter here: BOS may be EOS (GPT-2's, SmolLM2's)
    or be missing (Qwen's), and nothing is padded with a token.
    """
    if tokenizer.eos_token_id is None:
        raise InputError(
            f"the tokenizer of the LLM {name!r} has no EOS token, with which every transcript "
            "ends; set eos_token in its tokenizer_config.json, or take an LLM that has one"
        )
    rows = llm.get_input_embeddings().num_embeddings
    named = {"BOS": tokenizer.bos_token_id, "EOS": tokenizer.eos_token_id}
    used = {**named, "the last of its vocabulary": tokenizer.vocab_size - 1}
    if odd := {what: i for what, i in used.items() if i is not None and i >= rows}:
        what, number = next(iter(odd.items()))
        raise InputError(
            f"the LLM {name!r} cannot be loaded: {what} is token {number:,} of the tokenizer in "
            f"{folder}, and the embedding table has {rows:,} rows; put back the tokenizer of these "
            "weights"
        )


def _explained(error: Exception, name: str, folder: Path) -> InputError:
    files = ("config.json", "tokenizer_config.json")
    brings_code = [f for f in files if "auto_map" in read_object(folder / f)]
    if brings_code and "trust_remote_code" in str(error):
        return InputError(
            f"the LLM {name!r} cannot be loaded: it brings code of its own (auto_map in "
            f"{folder / brings_code[0]}), which is never run here; take an LLM that the installed "
            "transformers knows, such as Llama or Qwen"
        )
    if isinstance(error, pickle.UnpicklingError):
        return InputError(
            f"the LLM {name!r} cannot be loaded: {weight_files(folder)[-1]} is damaged, or a "
            "pickle of more than tensors, of which nothing is run; take its safetensors weights"
        )
    return InputError(
        f"the LLM {name!r} cannot be loaded from {folder}: a file of it is damaged, lost or of a "
        f"kind that the installed transformers does not know ({type(error).__name__}: {error})"
    )
