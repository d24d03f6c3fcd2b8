"""Command: make the toy LLM, a small Llama with its own tokenizer that can read a prefix."""

import logging
import math
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch.nn import functional as F
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from mavsr.command import progress, run_command
from mavsr.config.toy import ToyLlama
from mavsr.corpus.manifest import read_manifest
from mavsr.files import atomic, sha256
from mavsr.made_weights import NAME
from mavsr.model.attention import running
from mavsr.model.packing import Layout
from mavsr.model.sequence import PROMPTS
from mavsr.provenance import provenance
from mavsr.records import write_record
from mavsr.seeds import derive_seed, generator
from mavsr.toy.prefix import render_prefix

BOS, EOS = "<|begin_of_text|>", "<|end_of_text|>"


def train_tokenizer(texts: list[str], vocabulary: int) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer, trained on the transcripts and on the prompts."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[BOS, EOS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([*texts, *(list(PROMPTS.values()) * 2)], trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=BOS, eos_token=EOS)


def vary(text: str, words: list[str], share: float, draw: np.random.Generator) -> str:
    """``text`` with about ``share`` of its words exchanged for random ones of ``words``."""
    return " ".join(
        words[draw.integers(len(words))] if draw.random() < share else word for word in text.split()
    )


class PrefixReading:
    """Batches of (prefix, prompt, transcript) for pre-training.

    Args:
        llm: the model whose embeddings make the prefixes.
        tokenizer: its tokenizer.
        seed: seed of all choices.
    """

    def __init__(self, llm: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, seed: int):
        self.llm, self.tokenizer = llm, tokenizer
        self.draw = generator(seed, "prefix reading")
        self.noise = torch.Generator().manual_seed(derive_seed(seed, "prefix noise"))
        self.prompts = [self._ids(prompt) for prompt in PROMPTS.values()]

    def batch(self, texts: list[str]) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        """Inputs (L_i, d) of each text and targets (n_i,): what its last n_i places predict."""
        embed = self.llm.get_input_embeddings()
        bos = embed(torch.tensor([self.tokenizer.bos_token_id]))
        inputs, targets = [], []
        for text in texts:
            ids = self._ids(text)
            prompt = self.prompts[self.draw.integers(len(self.prompts))]
            prefix = render_prefix(embed(ids), self.draw, self.noise)
            inputs.append(torch.cat([bos, prefix, embed(prompt), embed(ids)]))
            targets.append(torch.cat([ids, torch.tensor([self.tokenizer.eos_token_id])]))
        return inputs, targets

    def loss(self, texts: list[str]) -> tuple[torch.Tensor, float]:
        """Cross-entropy of the transcripts, and the share of their tokens predicted rightly."""
        inputs, targets = self.batch(texts)
        # Packed, as prefixes differ in length by ten times: padding would be near half of a batch.
        layout = Layout(tuple(map(len, inputs)), (None,) * len(inputs))
        ends = torch.tensor(layout.lengths).cumsum(0).tolist()
        places = [
            torch.arange(end - len(target), end) for end, target in zip(ends, targets, strict=True)
        ]
        with running(self.llm, layout, "segments", torch.cat(places)) as run:
            logits = self.llm.lm_head(run(torch.cat(inputs)))
        wanted = torch.cat(targets)
        right = (logits.argmax(-1) == wanted).float().mean().item()
        return F.cross_entropy(logits, wanted), right

    def _ids(self, text: str) -> torch.Tensor:
        return torch.tensor(self.tokenizer(text, add_special_tokens=False)["input_ids"])


def make_llama(manifest: Path, output: Path, settings: ToyLlama, threads: int = 1) -> None:
    """Train tokenizer and model on the texts of a manifest; write a Hugging Face folder.

    ``toy.json`` in it tells how it was made and how well it reads.

    Args:
        manifest: manifest of the training split.
        output: the folder.
        settings: size and training.
        threads: CPU threads.
    """
    torch.set_num_threads(threads)
    torch.manual_seed(settings.seed)
    texts = sorted(set(read_manifest(manifest).text))
    words = sorted({word for text in texts for word in text.split()})
    tokenizer = train_tokenizer(texts, settings.vocabulary)
    llm = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=settings.hidden,
            intermediate_size=3 * settings.hidden,
            num_hidden_layers=settings.layers,
            num_attention_heads=settings.heads,
            num_key_value_heads=settings.heads,
            max_position_embeddings=2048,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            tie_word_embeddings=False,
        )
    )
    reading = PrefixReading(llm, tokenizer, settings.seed)
    draw = generator(settings.seed, "texts")
    optimizer = torch.optim.AdamW(llm.parameters(), lr=settings.learning_rate, weight_decay=0.01)
    accuracy = 0.0
    for step in progress(range(settings.steps), settings.steps, "pre-training steps"):
        done = step / settings.steps
        warm = min(1.0, (step + 1) / 100)
        for group in optimizer.param_groups:
            group["lr"] = settings.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * done))
        chosen = [texts[i] for i in draw.integers(len(texts), size=settings.batch)]
        loss, right = reading.loss([vary(t, words, settings.replaced_words, draw) for t in chosen])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(llm.parameters(), 1.0)
        optimizer.step()
        accuracy += 0.02 * (right - accuracy)
        if (step + 1) % 100 == 0:
            logging.info("step %d: loss %.3f, tokens right %.3f", step + 1, loss.item(), accuracy)
    with atomic(output) as folder:
        llm.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        report = {
            "settings": asdict(settings),
            "tokens_right": round(accuracy, 4),
            "weights_sha256": sha256(folder / "model.safetensors"),
            **provenance(),
        }
        write_record(folder / NAME, report)


if __name__ == "__main__":
    run_command(make_llama)
