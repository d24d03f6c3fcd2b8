"""Say before hours of work which clips are longer than the jobs of a config take."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pandas as pd

from mavsr.config.config import Config
from mavsr.config.sections import Features
from mavsr.errors import InputError
from mavsr.media import FRAME_RATE
from mavsr.report.encoder_sizes import encoder_size
from mavsr.workflow.experiments import all_evaluations, training_settings
from mavsr.workflow.needs import trained_on

_NAMED = 5


def explain_long(config: Config, corpus: str, tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Lines: how many clips exceed an audio encoder's chunk, or a batch in training; what then.

    Args:
        config: checked.
        corpus: its name.
        tables: split -> manifest, which may be empty.
    """
    wanted = all_evaluations(config)
    heard = [e.model for e in wanted if corpus in (e.corpus, *trained_on(e.model))]
    models = [model for model in heard if corpus in trained_on(model)]
    encoders = sorted({name for m in heard for kind, name in m.encoders if kind == "audio"})
    lines = [line for name in encoders for line in _beyond_chunk(config, name, tables)]
    if models:
        most = min(training_settings(config, model).batch_frames for model in models)
        consequence = "training will stop, unless training.batch_frames is raised"
        lines += _longer(tables, "train", most / FRAME_RATE, "a batch", consequence)
    return lines


def _beyond_chunk(
    config: Config, encoder: str, tables: Mapping[str, pd.DataFrame]
) -> Iterator[str]:
    # Unpadded too, a clip may be as long as the padded ones are and no longer.
    settings = replace(config.encoders[encoder], pad="chunk")
    try:
        chunk_s = encoder_size(settings, config.toy).chunk_s
    except InputError as error:
        yield f"whether {encoder} takes the longest clips is not known: {error}"
        return
    assert chunk_s is not None
    consequence = _consequence(config.features, chunk_s)
    for split in tables:
        yield from _longer(tables, split, chunk_s, encoder, consequence)


def _longer(
    tables: Mapping[str, pd.DataFrame], split: str, most_s: float, what: str, consequence: str
) -> Iterator[str]:
    """Lines about a split's clips of more than ``most_s``, if it has any; the longest are named."""
    table = tables[split]
    longer = table[table.duration_s > most_s] if len(table) else table
    if longer.empty:
        return
    yield (
        f"{len(longer)} clips of {split} are longer than the {most_s:g} s that {what} takes; "
        f"{consequence}:"
    )
    longest = longer.sort_values("duration_s", ascending=False)[:_NAMED]
    yield from (f"  {row.key}: {row.duration_s:.1f} s" for row in longest.itertuples())
    if len(longer) > _NAMED:
        yield f"  and {len(longer) - _NAMED} more"


def _consequence(features: Features, chunk_s: float) -> str:
    if features.long_clips == "split":
        return "they are encoded in pieces (features.long_clips is split)"
    if features.long_clips == "truncate" and features.longest_s <= chunk_s:
        return f"what lies behind {features.longest_s:g} s is cut off (features.longest_s)"
    if features.long_clips == "truncate":
        return f"the features job will stop there, unless features.longest_s is {chunk_s:g} or less"
    return (
        "the features job will stop there, unless features.long_clips is split or truncate, or "
        "they are cut (start and end in a table)"
    )
