"""What the configured features will take, before anything runs.

Clips and hours come from the manifests where they are made, else from what papers say of a corpus.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mavsr.config.config import Config
from mavsr.corpus.manifest import read_manifest
from mavsr.corpus.published import PUBLISHED
from mavsr.report.encoder_sizes import EncoderSize, encoder_size
from mavsr.tokens import BYTES
from mavsr.workflow.experiments import all_evaluations
from mavsr.workflow.needs import Cache, pooling, wanted_caches

ASSUMED_CLIP_S = 5.0
"""Length of a clip where only hours or only clips are known; printed where it is used."""


@dataclass(frozen=True)
class Lengths:
    """How long the clips of a split are.

    Attributes:
        seconds: of every clip; equal ones stand in where single clips are not known.
        basis: where they come from.

    """

    seconds: np.ndarray
    basis: str

    @property
    def hours(self) -> float:
        """Their sum."""
        return float(self.seconds.sum()) / 3600


def split_lengths(corpus: str, kind: str, split: str, manifests: Path) -> Lengths | None:
    """Lengths of a split's clips; None if neither a manifest nor a paper tells them."""
    path = manifests / corpus / f"{split}.parquet"
    if path.is_file():
        return Lengths(read_manifest(path).duration_s.to_numpy(), "manifest")
    said = PUBLISHED.get((kind, split))
    if said is None or (said.hours is None and said.utterances is None):
        return None
    if said.hours is None:
        clips, seconds = said.utterances or 0, ASSUMED_CLIP_S
    else:
        total = said.hours[-1] * 3600
        clips = said.utterances or round(total / ASSUMED_CLIP_S)
        seconds = total / clips
    exact = said.hours is not None and said.utterances is not None
    basis = "published" if exact else f"published, {ASSUMED_CLIP_S:g} s a clip assumed"
    return Lengths(np.full(clips, seconds), basis)


def encoding_flops(size: EncoderSize, lengths: Lengths) -> float:
    """Floating-point operations that encode a split once."""
    found = zip(*np.unique(lengths.seconds, return_counts=True), strict=True)
    return sum(size.flops(float(seconds)) * int(clips) for seconds, clips in found)


def stored_bytes(size: EncoderSize, lengths: Lengths, dtype: str, pool: int) -> float:
    """Bytes of the tokens of one view of a split, of which ``pool`` are stored as one."""
    return float(lengths.seconds.sum()) * size.tokens_per_s / pool * size.dim * BYTES[dtype]


def feature_row(
    caches: list[Cache], size: EncoderSize, lengths: Lengths, dtype: str, pool: int
) -> dict[str, Any]:
    """What one encoder's caches of one split take; all of them take the same."""
    gigabytes = stored_bytes(size, lengths, dtype, pool) / 1e9
    flops = encoding_flops(size, lengths)
    count = len(caches)
    return {
        "encoder": caches[0].encoder,
        "corpus": caches[0].corpus,
        "split": caches[0].split,
        "views": count,
        "clips": len(lengths.seconds),
        "hours": lengths.hours,
        "GB a view": gigabytes,
        "GB": count * gigabytes,
        "saved GB": count * gigabytes * (pool - 1),
        "PFLOP": count * flops / 1e15,
        "lengths": lengths.basis,
    }


def feature_table(config: Config, manifests: Path) -> tuple[pd.DataFrame, list[str]]:
    """A row per encoder, corpus and split, and notes on what is not known.

    Raises:
        InputError: the size of an encoder is not known.

    """
    groups: dict[tuple[str, str, str], list[Cache]] = {}
    for cache in wanted_caches(config):
        groups.setdefault((cache.encoder, cache.corpus, cache.split), []).append(cache)
    sizes: dict[str, EncoderSize] = {}
    rows, notes = [], []
    unknown: dict[tuple[str, str], str] = {}
    wanted = all_evaluations(config)
    for (encoder, corpus, split), caches in groups.items():
        if encoder not in sizes:
            sizes[encoder] = encoder_size(config.encoders[encoder], config.toy)
            notes.append(f"{encoder}: width {sizes[encoder].dim}, from {sizes[encoder].basis}")
        lengths = split_lengths(corpus, config.corpora[corpus].kind, split, manifests)
        if lengths is None:
            unknown[corpus, split] = (
                f"{corpus} {split}: its length is not known yet; it will be after "
                f"`snakemake --cores all {manifests / corpus / f'{split}.parquet'}`"
            )
            continue
        pool = pooling(config, wanted, encoder, corpus)
        rows.append(feature_row(caches, sizes[encoder], lengths, config.features.dtype, pool))
    return pd.DataFrame(rows), [*notes, *unknown.values()]


def feature_lines(config: Config, manifests: Path) -> list[str]:
    """Clips, hours, bytes and FLOPs of the features that the experiments ask for, as text.

    Bytes are those of the tokens; a shard adds about 1.5 KB a clip.

    Args:
        config: checked.
        manifests: folder of the manifests, if they are made already.
    """
    table, notes = feature_table(config, manifests)
    if table.empty:
        return notes
    if not table["saved GB"].any():
        table = table.drop(columns="saved GB")
    numbers = dict.fromkeys(("GB a view", "GB", "saved GB", "PFLOP"), "{:,.4g}")
    formats = {name: form.format for name, form in (numbers | {"hours": "{:,.1f}"}).items()}
    lines = [table.to_string(index=False, formatters=formats | {"clips": "{:,}".format})]
    for encoder, part in table.groupby("encoder"):
        lines.append(f"{encoder}: {part.GB.sum():,.4g} GB, {part.PFLOP.sum():,.4g} PFLOP")
    lines.append(f"all: {table.GB.sum():,.4g} GB, {table.PFLOP.sum():,.4g} PFLOP")
    return [*lines, *notes]
