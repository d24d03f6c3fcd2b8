"""Whisper's own word error rate on a test split: how much of the speech its encoder's tokens hold.

A model over frozen tokens can hardly hear what Whisper does not, so its WER is read beside this
one. Whisper's own decoder transcribes the audio that the features are made of, greedily and in
English, with the library's own ``generate``; marks, of which transcripts have none, are dropped.
"""

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from transformers import WhisperFeatureExtractor, WhisperForConditionalGeneration, WhisperTokenizer

from mavsr.checkpoints import read_object
from mavsr.command import progress
from mavsr.config.config import Config
from mavsr.config.encoders import EncoderKeys
from mavsr.config.scoring import ScoringSettings
from mavsr.encoders.hub import whisper_folder
from mavsr.errors import InputError
from mavsr.evaluation.coverage import expected_texts
from mavsr.evaluation.units import RATE_NAMES, text_form, unit_of
from mavsr.evaluation.word_errors import WordErrors, count_errors
from mavsr.hub import hub_folder
from mavsr.media import SAMPLE_RATE, decode_audio
from mavsr.shards import read_shard
from mavsr.workflow import paths
from mavsr.workflow.needs import Cache, wanted_caches

TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt",
             "special_tokens_map.json", "added_tokens.json", "normalizer.json",
             "generation_config.json")  # fmt: skip
"""What Whisper's decoder reads of a folder beside what its encoder does."""
SCORING = ScoringSettings(normaliser="punctuation")
"""How its transcripts are counted, as they have marks and those of corpora have none."""
BATCH = 8
"""Clips that are transcribed together; the library pads all to 30 s."""


class OwnDecoder:
    """A whole Whisper, with the decoder that :class:`mavsr.encoders.whisper.WhisperEncoder` drops.

    Args:
        settings: the encoder's section.

    Attributes:
        longest: samples that it hears of a clip; the rest is left out.

    Raises:
        InputError: it is no Whisper, cannot be had, or its folder holds the encoder alone.
    """

    def __init__(self, settings: EncoderKeys) -> None:
        folder = whisper_folder(settings.path, settings.revision, False)
        if not Path(settings.path).is_dir():
            hub_folder("Whisper", settings.path, settings.revision, TOKENIZER)
        if not (folder / "generation_config.json").is_file():
            raise InputError(
                f"{folder} has no generation_config.json, so it is an encoder without a decoder of "
                "its own; name a whole Whisper"
            )
        multilingual = read_object(folder / "generation_config.json").get("is_multilingual", False)
        self._asked = {"language": "en", "task": "transcribe"} if multilingual else {}
        self._extract = WhisperFeatureExtractor.from_pretrained(folder)
        self.longest: int = self._extract.n_samples
        self._tokenizer = WhisperTokenizer.from_pretrained(folder)
        model: Any = WhisperForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
        self._model = model.to("cuda" if torch.cuda.is_available() else "cpu").eval()

    @torch.inference_mode()
    def texts(self, waves: list[Any]) -> list[str]:
        """Transcripts of waveforms, float32 (N,) at 16 kHz."""
        heard = self._extract(
            waves, sampling_rate=SAMPLE_RATE, return_tensors="pt", return_attention_mask=True
        ).to(self._model.device)
        ids = self._model.generate(
            heard.input_features, attention_mask=heard.attention_mask, **self._asked
        )
        return self._tokenizer.batch_decode(ids, skip_special_tokens=True)


def own_errors(settings: EncoderKeys, shards: list[Path], texts: Mapping[str, str]) -> WordErrors:
    """Word errors of a Whisper on the clips of shards.

    Args:
        settings: the encoder's section.
        shards: of crops or noisy audio, with the field ``flac``.
        texts: key -> what was said.
    """
    whisper, heard, cut = OwnDecoder(settings), dict[str, str](), 0
    clips = [(key, f["flac"]) for shard in shards for key, f in read_shard(shard) if key in texts]
    starts = range(0, len(clips), BATCH)
    for start in progress(starts, len(starts), "batches of Whisper's own decoder"):
        batch = clips[start : start + BATCH]
        waves = [decode_audio(content) for _, content in batch]
        cut += sum(len(wave) > whisper.longest for wave in waves)
        found = whisper.texts(waves)
        heard |= {key: text for (key, _), text in zip(batch, found, strict=True)}
    if cut:
        logging.warning(
            "%d of %d clips are longer than the %g s that Whisper hears; what is said later counts "
            "as missed",
            cut,
            len(clips),
            whisper.longest / SAMPLE_RATE,
        )
    return count_errors(dict(texts), heard, text_form(SCORING, unit_of(texts.values())))


def yardstick(config: Config, results: Path) -> Iterator[str]:
    """A line per Whisper, corpus and condition that the config's models are tested with.

    Raises:
        InputError: the config hears with no Whisper, or the audio of a test split is not there.
    """
    found = False
    for cache in wanted_caches(config):
        encoder = config.encoders[cache.encoder]
        if cache.split != "test" or encoder.kind != "whisper":
            continue
        found = True
        texts = expected_texts(results, cache.corpus, "test")
        errors = own_errors(encoder, _shards(config, results, cache), texts)
        low, high = errors.interval(config.scoring.seed)
        unit = unit_of(texts.values())
        yield (
            f"{cache.encoder} on {cache.corpus}, {cache.condition}: {RATE_NAMES[unit]} "
            f"{errors.wer:.1f} % ({low:.1f} to {high:.1f}), {errors.words.sum():,} {unit}s"
        )
    if not found:
        raise InputError("no model of this config is tested with a whisper; see `encoders`")


def _shards(config: Config, results: Path, cache: Cache) -> list[Path]:
    pattern = paths.CROPS if cache.condition == "clean" else paths.NOISY
    names = paths.shard_names(config.corpora[cache.corpus].shards.test)
    place = {"corpus": cache.corpus, "split": "test", "condition": cache.condition}
    shards = [
        results / pattern.format(**place, shard=name).removeprefix("results/") for name in names
    ]
    if missing := [str(path) for path in shards if not path.is_file()]:
        raise InputError(f"{missing[0]} is not there yet; make it: `snakemake {missing[0]}`")
    return shards
