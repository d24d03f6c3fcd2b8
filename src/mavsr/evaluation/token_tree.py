"""Beams as a tree: one prefix per utterance, however many beams continue it.

Plain beam search repeats audio-visual prefix and cache for every beam and reorders both at every
step. Here every token of every beam is appended to its utterance's one cache, and an attention mask
says which of them each beam has behind it. So a step costs memory for the prefix once, and nothing
is ever copied around.
"""

from collections.abc import Sequence
from typing import Any

import torch
from transformers import DynamicCache

from mavsr.errors import InputError
from mavsr.model.sequence import pad_left


class TokenTree:
    """A batch of utterances, each with leaves from which the search goes on.

    Args:
        llm: a causal language model that takes four-dimensional attention masks, as those of
            Hugging Face do under eager and SDPA attention.
        prefixes: an (L_i, hidden) tensor per utterance.

    Attributes:
        logits: (B, leaves, vocabulary), float32, of what follows each leaf. Before the first
            :meth:`extend` there is one leaf, the prefix itself.
    """

    def __init__(self, llm: Any, prefixes: Sequence[torch.Tensor]):
        # Not told of a sliding window: it would drop tokens that the mask still names.
        self._llm, self._cache = llm, DynamicCache()
        inputs, mask = pad_left(prefixes)
        self._visible = mask.bool()[:, None]
        self._positions = mask.sum(dim=1, keepdim=True)
        hidden = self._run(inputs, mask, (mask.cumsum(dim=1) - 1).clamp(min=0))
        self.logits = self._predict(hidden[:, -1:])

    def extend(self, parents: torch.Tensor, tokens: torch.Tensor) -> None:
        """Grow new leaves.

        Args:
            parents: (B, beams), numbers of the present leaves that go on.
            tokens: (B, beams), the token that each new leaf adds.

        Raises:
            InputError: a sequence outgrows the sliding window of the LLM's attention.
        """
        config = self._llm.config
        window = getattr(config, "sliding_window", None)
        if window and (length := int(self._positions.max()) + 1) > window:
            raise InputError(
                f"an utterance has {length} tokens, and attention of the LLM ({config.model_type}) "
                f"sees {window}, in some layers at least; decode at higher rates, or take an LLM "
                "without such a window"
            )
        batch, beams = tokens.shape
        past = self._visible.gather(1, parents[..., None].expand(-1, -1, self._visible.shape[2]))
        own = torch.eye(beams, dtype=torch.bool, device=tokens.device).expand(batch, -1, -1)
        self._visible = torch.cat([past, own], dim=2)
        inputs = self._llm.get_input_embeddings()(tokens)
        hidden_from = torch.finfo(inputs.dtype).min * (~self._visible[:, None]).to(inputs)
        hidden = self._run(inputs, hidden_from, self._positions.expand(-1, beams))
        self._positions = self._positions + 1
        self.logits = self._predict(hidden)

    def keep(self, rows: torch.Tensor) -> None:
        """Go on with some of the utterances only; ``rows`` are their numbers."""
        self._cache.batch_select_indices(rows)
        self._visible, self._positions = self._visible[rows], self._positions[rows]
        self.logits = self.logits[rows]

    def _run(
        self, inputs: torch.Tensor, mask: torch.Tensor, positions: torch.Tensor
    ) -> torch.Tensor:
        return self._llm.get_decoder()(
            inputs_embeds=inputs,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=self._cache,
            use_cache=True,
        )[0]

    def _predict(self, hidden: torch.Tensor) -> torch.Tensor:
        return self._llm.get_output_embeddings()(hidden).float()
