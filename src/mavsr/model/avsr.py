"""The Matryoshka audio-visual model: frozen tokens in, transcript out (Llama-MTSK, Fig. 2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import nn
from torch.nn import functional as F

from mavsr.errors import InputError
from mavsr.files import atomic
from mavsr.model.adapters.base import Positions
from mavsr.model.adapters.registry import make_adapter
from mavsr.model.compression import compressed_length
from mavsr.model.compressions import compression_of
from mavsr.model.compressors.registry import make_compressor
from mavsr.model.llm import load_llm, weights_digest
from mavsr.model.projector import Projector
from mavsr.model.scales import MODALITIES, Scale
from mavsr.model.sequence import MARKERS, PROMPTS, pad_right, position_kinds
from mavsr.model.settings import ModelSettings
from mavsr.model.vocabulary import PREFIX, extend_vocabulary, round_rotary
from mavsr.numerics import numerics_of
from mavsr.seeds import derive_seed


@dataclass(frozen=True)
class Utterance:
    """One clip as the model meets it."""

    key: str
    text: str
    tokens: dict[str, torch.Tensor]
    """Modality -> frozen encoder tokens (T, d): 50 per second for audio, 25 for video."""
    dropped: str | None = None
    """Modality that audio-visual scales do without: its tokens and markers are left out of the
    sequence, the prompt stays."""

    def rates(self, scale: Scale) -> dict[str, int]:
        """Modality -> rate of what this clip's sequence holds at ``scale``, audio before video."""
        both = scale.task == "avsr"
        return {m: rate for m, rate in scale.rates.items() if not (both and m == self.dropped)}


class MatryoshkaModel(nn.Module):
    """Compressors, projectors and an adapter over a frozen LLM, usable at every scale.

    Args:
        settings: what the model is.
        dims: modality -> width d of the encoder's tokens.

    Raises:
        InputError: the LLM or its tokenizer cannot be loaded.
    """

    def __init__(self, settings: ModelSettings, dims: dict[str, int]):
        super().__init__()
        self.settings = settings
        self.llm: Any
        self.llm, self.tokenizer = load_llm(
            settings.llm, settings.llm_revision, settings.quantization
        )
        self._llm_digest = weights_digest(self.llm)
        self._vocabulary = self.llm.get_input_embeddings().num_embeddings
        self._tables: dict[str, torch.Tensor] = {}
        if numerics_of(settings.numerics).rounded:
            round_rotary(self.llm)
        width = self.llm.config.hidden_size
        torch.manual_seed(derive_seed(settings.seed, "model"))
        self.markers = nn.Parameter(torch.randn(len(MARKERS), width) * 0.02, requires_grad=False)
        compression = compression_of(settings.compression)
        self.projectors = nn.ModuleDict(
            {
                f"{modality}_{rate}": Projector(
                    compression.width(dims[modality], rate),
                    settings.projector_hidden,
                    width,
                    settings.layer_norm(modality),
                )
                for modality in MODALITIES[settings.task]
                for rate in settings.rates(modality)
            }
        )
        self.adapter = make_adapter(self.llm, settings)
        self.compressors = nn.ModuleDict(
            {m: make_compressor(dims[m], settings) for m in MODALITIES[settings.task]}
        )
        self._tokenised: dict[str, list[int]] = {}

    def extend_vocabulary(self, tables: Mapping[str, torch.Tensor]) -> None:
        """Add rows to the LLM's tables, see :mod:`mavsr.model.vocabulary`; all is saved too."""
        extend_vocabulary(self.llm, self._vocabulary, tables)
        self._tables = dict(tables)

    def text(self, ids: list[int]) -> str:
        """Transcript that token ids stand for; special tokens and added ones are left out."""
        own = [i for i in ids if i < self._vocabulary]
        text = self.tokenizer.decode(
            own, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return str(text).strip()

    def trainable(self) -> list[nn.Parameter]:
        """The parameters that training changes: compressors, projectors and adapter."""
        return [*self._connecting.parameters(), *self.adapter.trainable()]

    def prefixes(self, utterances: Sequence[Utterance], scale: Scale) -> list[torch.Tensor]:
        """Everything before the transcript: BOS, marked tokens of each modality, prompt.

        Returns:
            One (L_i, hidden) tensor per utterance.
        """
        parts = [[self.opening()] for _ in utterances]
        for modality, rate in scale.rates.items():
            holding = [n for n, clip in enumerate(utterances) if modality in clip.rates(scale)]
            marked = self.marked([utterances[n] for n in holding], modality, rate)
            for n, tokens in zip(holding, marked, strict=True):
                parts[n].append(tokens)
        prompt = self.prompt(scale)
        return [torch.cat([*part, prompt]) for part in parts]

    def opening(self) -> torch.Tensor:
        """What every sequence begins with: BOS, (1, hidden); nothing for an LLM without BOS."""
        bos = self.tokenizer.bos_token_id
        return self.embed([] if bos is None else [bos])

    @property
    def opening_length(self) -> int:
        """Tokens of :meth:`opening`."""
        return 0 if self.tokenizer.bos_token_id is None else 1

    def marked(
        self, utterances: Sequence[Utterance], modality: str, rate: int
    ) -> list[torch.Tensor]:
        """Projected tokens of one modality between their markers, (n_i + 2, hidden) per clip."""
        if not utterances:
            return []
        clips = [u.tokens[modality].to(self.markers) for u in utterances]
        compressed = self.compressors[modality](clips, rate)
        # One call for all clips: their tokens share the projector and need no padding.
        name = f"{modality}_{self.settings.projector_rate(rate)}"
        projected = self.projectors[name](torch.cat(compressed))
        first = 2 * ("audio", "video").index(modality)
        opening, closing = self.markers[first : first + 2].split(1)
        # What is trained is float32; the frozen LLM keeps its checkpoint's type, often bfloat16.
        return [
            torch.cat([opening, tokens, closing]).to(self.llm.get_input_embeddings().weight)
            for tokens in projected.split([len(c) for c in compressed])
        ]

    def prompt(self, scale: Scale) -> torch.Tensor:
        """The prompt of a scale's task, embedded, (n, hidden); an imported model may have it."""
        if (own := self._tables.get("prompt")) is not None:
            return own.to(self.llm.get_input_embeddings().weight)
        return self.embed(self.prompt_ids(scale))

    def prompt_ids(self, scale: Scale) -> list[int]:
        """Its token ids."""
        return self._token_ids(PROMPTS[scale.task])

    def embed(self, ids: list[int]) -> torch.Tensor:
        """Embeddings of token ids, (n, hidden)."""
        return self.llm.get_input_embeddings()(self._ids(ids))

    def loss(self, utterances: Sequence[Utterance], scale: Scale) -> torch.Tensor:
        """:meth:`entropy`, and where gradients are computed, the adapter's own loss."""
        return self.entropy(utterances, scale) + self.adapter.extra_loss()

    def entropy(self, utterances: Sequence[Utterance], scale: Scale) -> torch.Tensor:
        """Mean next-token cross-entropy of the transcripts at one scale (Llama-MTSK, Eq. 5).

        Logits are computed at transcript positions alone: with 128,256 entries they would
        otherwise cost more than the decoder layers.

        Returns:
            scalar, averaged over all transcript tokens (EOS included) of the batch.
        """
        self.adapter.activate(scale)
        prefixes = self.prefixes(utterances, scale)
        targets = [self.targets(utterance) for utterance in utterances]
        inputs = [
            torch.cat([prefix, self.embed(target[:-1])])
            for prefix, target in zip(prefixes, targets, strict=True)
        ]
        with self.adapter.describe(self.positions(utterances, scale)):
            hidden = self.llm.get_decoder()(inputs_embeds=pad_right(inputs), use_cache=False)[0]
        predicting = torch.cat(
            [
                hidden[row, len(prefix) - 1 : len(prefix) - 1 + len(target)]
                for row, (prefix, target) in enumerate(zip(prefixes, targets, strict=True))
            ]
        )
        logits = self.llm.get_output_embeddings()(predicting)
        labels = self._ids([i for target in targets for i in target])
        return F.cross_entropy(logits.float(), labels)

    def positions(self, utterances: Sequence[Utterance], scale: Scale) -> Positions:
        """What stands where in the right-padded rows of :meth:`entropy`."""
        bos = self.tokenizer.bos_token_id is not None
        kinds = [
            position_kinds(
                {
                    m: compressed_length(len(utterance.tokens[m]), rate)
                    for m, rate in utterance.rates(scale).items()
                },
                before=int(bos),
                after=len(self.prompt_ids(scale)) + len(self.targets(utterance)) - 1,
            )
            for utterance in utterances
        ]
        padded = pad_right([row + 1 for row in kinds]).to(self.markers.device)
        return Positions((scale,), (padded > 0)[..., None], padded - 1)

    def save(self, folder: Path) -> None:
        """Write ``adapters/`` and ``projectors.safetensors`` to ``folder``."""
        with atomic(folder / "adapters") as partial:
            self.adapter.save(partial)
        tensors = self._connecting.state_dict()
        tensors |= {PREFIX + name: table for name, table in self._tables.items()}
        with atomic(folder / "projectors.safetensors") as partial:
            safetensors.torch.save_file(
                # One entry alone: safetensors writes several in an order that changes.
                {**tensors, "markers": self.markers},
                partial,
                {"llm": f"{self._held}{self._llm_digest}"},
            )

    def load(self, folder: Path) -> None:
        """Read what :meth:`save` wrote.

        Raises:
            InputError: a file is missing or does not fit the settings.
        """
        path = folder / "projectors.safetensors"
        if not path.is_file():
            raise InputError(f"{path} is missing: {folder} is not a trained model")
        with safetensors.safe_open(path, "pt") as file:
            written = (file.metadata() or {}).get("llm", self._held + self._llm_digest)
        held, colon, digest = written.rpartition(":")
        # Held otherwise than in training, the LLM has other numbers; its files tell it then.
        if held + colon == self._held and digest != self._llm_digest:
            raise InputError(
                f"{folder} was trained over another LLM than {self.settings.llm} is now: the "
                "weights differ. Put back the LLM of its run.json, or make the model again"
            )
        tensors = safetensors.torch.load_file(path)
        saved = sorted({name.split(".")[1] for name in tensors if name.startswith("projectors.")})
        if saved != sorted(self.projectors):
            raise InputError(
                f"{path} has projectors {', '.join(saved)}, the model to load it into "
                f"{', '.join(sorted(self.projectors))}; load it with the rates of its run.json"
            )
        added = [name for name in tensors if name.startswith(PREFIX)]
        if tables := {name.removeprefix(PREFIX): tensors.pop(name) for name in added}:
            self.extend_vocabulary(tables)
        try:
            self.markers.data.copy_(tensors.pop("markers"))
            self._connecting.load_state_dict(tensors)
        except (RuntimeError, KeyError) as error:
            raise InputError(
                f"{path} does not fit the model's settings or the LLM {self.settings.llm}, load it "
                f"with those of its run.json: {error}"
            ) from error
        self.adapter.load(folder / "adapters")

    @property
    def _held(self) -> str:
        """How the LLM is held, before its digest: ``nf4:``, or nothing for its own format."""
        return f"{self.settings.quantization}:" if self.settings.quantization else ""

    @property
    def _connecting(self) -> nn.ModuleDict:
        """What lies between encoders and LLM; ``projectors.safetensors`` has its weights."""
        return nn.ModuleDict({"compressors": self.compressors, "projectors": self.projectors})

    def count_targets(self, utterances: Sequence[Utterance]) -> int:
        """Transcript tokens, EOS included, over which :meth:`entropy` averages."""
        return sum(len(self.targets(utterance)) for utterance in utterances)

    def targets(self, utterance: Utterance) -> list[int]:
        """What is to be predicted for a clip: its transcript's token ids, and EOS."""
        return [*self._token_ids(utterance.text), self.tokenizer.eos_token_id]

    def _token_ids(self, text: str) -> list[int]:
        # A transcript is met once per scale and epoch.
        if text not in self._tokenised:
            self._tokenised[text] = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        return self._tokenised[text]

    def _ids(self, ids: list[int]) -> torch.Tensor:
        return torch.tensor(ids, dtype=torch.long, device=self.markers.device)
