"""Worked cases of the authors' code: their weights as files, and what it computed with them.

A case is sizes, a seed and expected numbers (``tests/data/official``). OFFICIAL_CASES may name
another folder of the same form, which is tested in its place.
"""

import json
import os
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from seeded_weights import (
    ADDED,
    case_state_dict,
    features,
    save_checkpoint,
    save_llm_config,
    save_tokenizer,
    save_whisper_config,
    video,
    waveform,
)

from mavsr.config.read import read_config
from mavsr.encoders import EncoderSettings, load_encoder
from mavsr.importing.import_checkpoint import import_checkpoint
from mavsr.importing.reading import Given
from mavsr.model.avsr import MatryoshkaModel, Utterance
from mavsr.model.folder import read_model_folder
from mavsr.model.loading import load_trained
from mavsr.model.scales import MODALITIES, Scale
from mavsr.recognition.settings import read_setup

DATA = Path(__file__).parents[1] / "data" / "official"
CASES = Path(os.environ.get("OFFICIAL_CASES", DATA))
NAMES = sorted(path.stem for path in CASES.glob("*.json") if "case" in json.loads(path.read_text()))
TABLES = ("model.embed_tokens.weight", "lm_head.weight")


@dataclass(frozen=True)
class Case:
    """One case, and the files that it is written as."""

    name: str
    folder: Path
    _encoders: dict = field(default_factory=dict, compare=False)
    _tokens: dict = field(default_factory=dict, compare=False)

    @cached_property
    def content(self) -> dict:
        return json.loads((CASES / f"{self.name}.json").read_text())

    @property
    def case(self) -> dict:
        return self.content["case"]

    @property
    def expected(self) -> dict:
        return self.content["expected"]

    @cached_property
    def arrays(self) -> dict:
        return dict(np.load(CASES / f"{self.name}.npz"))

    @property
    def state(self) -> dict:
        """The weights, by the authors' names."""
        return _state(CASES / f"{self.name}.json")

    @property
    def numerics(self) -> str:
        """The profile that a case was computed in: float32, save for rotary frequencies in one."""
        return "authors" if self.case.get("round_inv_freq") else "authors-float32"

    @property
    def llm(self) -> Path:
        """The LLM before the authors' code put five tokens behind it, as the hub would have it."""
        folder = self.folder / "llm"
        if not folder.exists():
            weights = {
                name.removeprefix("llm."): tensor
                for name, tensor in self.state.items()
                if name.startswith("llm.") and ".lora_" not in name
            }
            for name in TABLES:
                weights[name] = weights[name][: -len(ADDED)].clone()
            if self.case["llm"]["tied"]:
                del weights["lm_head.weight"]
            save_tokenizer(folder)
            save_llm_config(folder, self.case["llm"], len(weights[TABLES[0]]))
            safetensors.torch.save_file(weights, folder / "model.safetensors", {"format": "pt"})
        return folder

    @property
    def given(self) -> dict:
        """What a user has to say of the ``.pth``: what no shape tells."""
        options = self.case["options"]
        rates = {
            f"{modality}_rates": _listed(options.get(f"downsample_ratio_{modality}"))
            for modality in ("audio", "video")
        }
        return {**rates, "alpha": self.case["llm"]["alpha"]}

    @property
    def beside(self) -> dict:
        """What is in neither file: sizes of stand-ins, and the profile of the expected numbers."""
        whisper = self.folder / "whisper"
        if "whisper" in (self.case["audio"] or {}):
            save_whisper_config(whisper, self.case["audio"]["whisper"])
        return {
            "whisper": str(whisper),
            "avhubert_heads": (self.case["video"] or {}).get("heads", 16),
            "numerics": self.numerics,
        }

    def write(self, lightning: bool = False) -> Path:
        """The case's weights as a file of the authors."""
        path = self.folder / ("epoch=7.ckpt" if lightning else "model_avg_1.pth")
        self.folder.mkdir(exist_ok=True)
        save_checkpoint(self.content, self.state, path, lightning=lightning)
        return path

    def imported(self, lightning: bool = False, **changes) -> list[Path]:
        """Model folders that the importer makes of the file, one for each task."""
        name = "from_ckpt" if lightning else "from_pth"
        output = self.folder / "results" / "training" / name
        given = {"compression": self.case["options"].get("compression_mode", "avgpool")}
        given |= {} if lightning else self.given
        options = {"given": Given(**given), "config": read_config([]), **self.beside, **changes}
        return import_checkpoint(self.write(lightning), str(self.llm), output, **options)

    def utterances(self, folder: Path) -> list[Utterance]:
        """Every clip with the tokens that the encoders give, those of the folder if it has any."""
        opened = read_model_folder(folder)
        encoders = read_setup(opened).encoders if opened.run["setup"] else {}
        seed, found = self.case["seed"], []
        for clip in self.case["clips"]:
            lengths = {"video": clip["frames"]}
            if "audio_tokens" in self.expected:
                lengths["audio"] = self.expected["audio_tokens"][clip["key"]]
            samples = {
                "audio": waveform(clip["key"], clip["samples"], seed),
                "video": video(clip["key"], clip["frames"], seed).transpose(0, 1),
            }
            tokens = {
                modality: self._encoded(encoders[modality], clip["key"], samples[modality])
                if encoders
                else features(f"{clip['key']}/{modality}", lengths[modality], dim, seed)
                for modality, dim in opened.dims.items()
            }
            found.append(Utterance(clip["key"], clip["text"], tokens))
        return found

    def _encoded(self, settings: EncoderSettings, key: str, sample) -> torch.Tensor:
        """Tokens of a clip by an encoder of the case, which the models of all tasks share."""
        if settings not in self._encoders:
            self._encoders[settings] = load_encoder(settings)
        if (settings, key) not in self._tokens:
            self._tokens[settings, key] = self._encoders[settings].encode([sample])[0]
        return self._tokens[settings, key]

    def expectations(self, task: str, utterance: Utterance) -> dict[str, dict]:
        """Scale -> loss, prefix_tokens, decoded and perhaps logits of a clip in one task."""
        omni, key = self.case["official"] == "omni", utterance.key
        found: dict[str, dict] = {}
        for whole, tokens in self.expected["prefix_tokens"][key].items():
            scale, loss = whole, self.expected["losses"][key][whole]
            decoded, place = self.expected["decoded"][key], f"logits/{key}/{whole}"
            if omni:
                both = Scale.parse(whole).rates
                scale = Scale(**{m: both[m] for m in MODALITIES[task]}).name
                tokens, loss, decoded = tokens[task], loss[task]["plain"], decoded[task]
                place = f"logits/{key}/{task}/{whole}"
            found[scale] = {"loss": loss, "tokens": tokens, "decoded": decoded[scale]}
            if place in self.arrays:
                found[scale]["logits"] = torch.from_numpy(self.arrays[place])
        return found


@cache
def _state(path: Path) -> dict:
    """Drawing the weights of a case takes longer than most that is done with them."""
    return case_state_dict(json.loads(path.read_text()))


def load(folder: Path) -> MatryoshkaModel:
    return load_trained(read_model_folder(folder), "cpu")


def _listed(value) -> list[int] | None:
    return value if value is None or isinstance(value, list) else [value]
