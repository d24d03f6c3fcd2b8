"""Manifests, ledgers and hypotheses of a made-up split, where scoring looks for them."""

from collections.abc import Collection, Mapping
from pathlib import Path

import pandas as pd
from trees import manifest_row

from mavsr.corpus.manifest import write_manifest
from mavsr.mouths.ledger import Entry, write_ledger

SIDECAR = {
    "origin": {
        **{"corpus": "portrait", "split": "test", "encoders": "a+v", "llm": "l", "variant": ""}
    },
    "condition": "clean",
    **{"audio_rate": 4, "video_rate": 2, "references_too_long": 0, "seconds": 1.0},
    "model": {"task": "avsr", "method": "mtsk-ms", "compression": "avgpool", "seed": 0},
    **{"active_parameters": 1, "prompt_tokens": 7, "tokens": 9.0, "tflops": 1.0},
}
"""What decoding writes beside its hypotheses, as far as scoring reads it."""


def write_ledger_of(path: Path, keys: Collection[str], dropped: Collection[str] = ()) -> Path:
    """A ledger of the test split's shard 0."""
    entries = [
        Entry(key, "test", 0, key not in dropped, "bad" * (key in dropped), 9, 1.0, 0.0, 0.36, 0.0)
        for key in sorted(keys)
    ]
    write_ledger(path, entries)
    return path


def write_split(
    results: Path,
    texts: Mapping[str, str],
    dropped: Collection[str] = (),
    speakers: Mapping[str, str] | None = None,
) -> None:
    """Manifest and ledger of the test split of a corpus "portrait", of one speaker if not said."""
    rows = [
        manifest_row(
            key, text=text, split="test", **({"speaker": speakers[key]} if speakers else {})
        )
        for key, text in texts.items()
    ]
    write_manifest(results / "corpus/portrait/test.parquet", pd.DataFrame(rows))
    write_ledger_of(results / "mouths/portrait/test/ledger.csv", texts, dropped)


def lines_of(texts: Mapping[str, str], heard: str | None = None) -> list[dict[str, str]]:
    """Lines of hypotheses, right ones if it is not said what was heard."""
    return [
        {"key": key, "reference": text, "hypothesis": text if heard is None else heard}
        for key, text in sorted(texts.items())
    ]
