"""Attention over packs, by the kernel that suits the device.

- ``segments``: one call of PyTorch's attention per segment. No padding and no mask beyond a
  segment's own, which is fastest on a CPU.
- ``flex``: FlexAttention with a block mask, compiled by Hugging Face; for GPUs.
- ``dense``: the whole mask written out, (N, N). Runs anywhere, and is what tests compare with.

Hugging Face's models look their attention function up by name at every call, so a name is all that
has to change around a call; their own code stays as it is.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F
from transformers import AttentionInterface

from mavsr.model.packing import Layout

SEGMENTS = "mavsr_segments"
"""Name of :func:`attend_segments` among Hugging Face's attention functions."""


class LostLayoutError(RuntimeError):
    """Attention was not told what the decoder was called with."""


def attend_segments(
    module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    layout: Layout | None = None,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Attention within each segment of a pack and over its parent.

    Args:
        module: the LLM's attention layer.
        query: (1, heads, N, d).
        key: (1, key heads, N, d).
        value: (1, key heads, N, d).
        attention_mask: not used; ``layout`` says who sees whom.
        scaling: factor of the scores; None is 1 / sqrt(d).
        layout: the pack's segments.

    Returns:
        (1, N, heads, d), and None for the weights.

    Raises:
        LostLayoutError: the LLM did not hand the layout on.
    """
    if layout is None:
        raise LostLayoutError("packs come with their layout")
    given = query.dtype
    context: AbstractContextManager = nullcontext()
    if query.device.type == "cpu":
        # In bfloat16 the backward pass of 40 to 120 tokens takes two to three times as long, and
        # only that of 800 a tenth less; autocast would cast back.
        query, key, value = query.float(), key.float(), value.float()
        context = torch.autocast("cpu", enabled=False)
    groups = query.shape[1] // key.shape[1]
    if groups > 1:
        key, value = (x.repeat_interleave(groups, dim=1) for x in (key, value))
    queries, keys, values = (x.split(layout.lengths, dim=2) for x in (query, key, value))
    outputs = []
    with context:
        for index, parent in enumerate(layout.parents):
            k, v, mask = keys[index], values[index], None
            if parent is not None:
                k, v = torch.cat([keys[parent], k], dim=2), torch.cat([values[parent], v], dim=2)
                mask = layout.branch_masks[index].to(query.device)
            outputs.append(
                F.scaled_dot_product_attention(
                    queries[index], k, v, attn_mask=mask, is_causal=mask is None, scale=scaling
                )
            )
    return torch.cat(outputs, dim=2).transpose(1, 2).to(given), None


AttentionInterface.register(SEGMENTS, attend_segments)


def _segments(layout: Layout, device: torch.device) -> tuple[str, dict[str, Any]]:
    return SEGMENTS, {"layout": layout}


def _dense(layout: Layout, device: torch.device) -> tuple[str, dict[str, Any]]:
    return "sdpa", {"attention_mask": layout.mask().to(device)[None, None]}


def _flex(layout: Layout, device: torch.device) -> tuple[str, dict[str, Any]]:
    from torch.nn.attention.flex_attention import create_block_mask

    segments, parents = (owner.to(device) for owner in layout.owners())

    def visible(batch: Any, head: Any, q: torch.Tensor, k: torch.Tensor) -> torch.Tensor:
        return (q >= k) & ((segments[q] == segments[k]) | (parents[q] == segments[k]))

    mask = create_block_mask(
        visible, B=1, H=None, Q_LEN=layout.tokens, KV_LEN=layout.tokens, device=str(device)
    )
    return "flex_attention", {"attention_mask": mask}


Run = Callable[[torch.Tensor], torch.Tensor]
"""Embeddings of a row (N, hidden) -> last hidden states (n, hidden)."""
KERNELS: dict[str, Callable[[Layout, torch.device], tuple[str, dict[str, Any]]]] = {
    "segments": _segments,
    "dense": _dense,
    "flex": _flex,
}
"""Kernel -> the attention function's name for a layout, and what the LLM must be called with."""


@contextmanager
def running(llm: Any, layout: Layout, kernel: str, wanted: torch.Tensor) -> Iterator[Run]:
    """Make the LLM run a pack; yields the function that does.

    The backward pass must lie within the block too: gradient checkpointing runs layers again.

    Args:
        llm: a causal language model of Hugging Face.
        layout: the segments of the row that will be run.
        kernel: ``segments``, ``flex`` or ``dense``.
        wanted: (n,) places in the row whose hidden states are asked for.

    Yields:
        a function from embeddings (N, hidden) to last hidden states (n, hidden).
    """
    name, options = KERNELS[kernel](layout, wanted.device)
    positions = layout.positions().to(wanted.device)[None]

    def run(row: torch.Tensor) -> torch.Tensor:
        output = llm.get_decoder()(
            inputs_embeds=row[None], position_ids=positions, use_cache=False, **options
        )
        return output[0][0, wanted]

    with _attention(llm, name), _last_block_at(llm, wanted):
        yield run


def packable(llm: Any) -> bool:
    """Whether packs give what single sequences give.

    They do where all layers have plain causal attention, without a sliding window or the like, look
    their attention function up by name, and hand on to it what the decoder is called with, as most
    of Hugging Face's models do (Nemotron does not). The last is tried with a single token.
    """
    if not getattr(llm, "_supports_attention_backend", False):
        return False
    kinds = set(getattr(llm.config, "layer_types", None) or ())
    window = getattr(llm.config, "sliding_window", None)
    return (kinds == {"full_attention"} if kinds else not window) and _hands_on(llm)


def _hands_on(llm: Any) -> bool:
    """Whether attention gets what the decoder is called with."""
    token = llm.get_input_embeddings().weight[:1]
    first = torch.zeros(1, dtype=torch.long, device=token.device)
    try:
        with torch.no_grad(), running(llm, Layout((1,), (None,)), "segments", first) as run:
            run(token)
    except LostLayoutError:
        return False
    return True


@contextmanager
def _attention(llm: Any, name: str) -> Iterator[None]:
    """Let the LLM use the attention function ``name`` within the block."""
    before = llm.config._attn_implementation
    llm.config._attn_implementation = name
    try:
        yield
    finally:
        llm.config._attn_implementation = before


@contextmanager
def _last_block_at(llm: Any, wanted: torch.Tensor) -> Iterator[None]:
    """Let the last layer's feed-forward block compute ``wanted`` positions only.

    Nothing after it mixes positions, and other positions' results are not read. What is hooked to
    the block meets the whole row all the same, with zeros where nothing was computed: experts
    beside it route every token, as their balance loss needs.
    """
    layers = getattr(llm.get_decoder(), "layers", None)
    block = getattr(layers[-1], "mlp", None) if layers else None
    if block is None:
        yield
        return
    compute = block.forward

    def forward(row: torch.Tensor) -> torch.Tensor:
        output = compute(row[:, wanted])
        return output.new_zeros(*row.shape[:-1], output.shape[-1]).index_copy(1, wanted, output)

    # Not a hook: a module's hooks meet its inputs as the ones before them left these.
    block.forward = forward
    try:
        yield
    finally:
        del block.forward
