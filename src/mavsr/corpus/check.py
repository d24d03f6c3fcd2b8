"""Command: say what the configured corpora hold, beside the papers' numbers, and what is missing.

``mavsr corpus check lrs2 --configfile workflow/configs/paper.yaml``

Nothing is written; every video is opened, so LRS3 takes some minutes. With ``--manifests`` the
numbers come from what the workflow has already read. Other files of the user's own that experiments
read (babble, landmarks, AV-HuBERT) are named where they are missing.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from mavsr.command import run_command
from mavsr.config.config import Config
from mavsr.config.read import plain, read_config
from mavsr.corpus.clips import UNUSED, Clip
from mavsr.corpus.manifest import SPLITS, read_manifest
from mavsr.corpus.published import PUBLISHED
from mavsr.corpus.scan import SEED, build_manifests, read_corpus
from mavsr.corpus.visible import printable
from mavsr.errors import InputError
from mavsr.plan.long_clips import explain_long
from mavsr.workflow.experiments import all_evaluations, all_models
from mavsr.workflow.needs import used_splits
from mavsr.workflow.preflight import missing_files

_SHOWN = 5


def summarise(name: str, kind: str, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """A row per split: utterances, words, hours and speakers, and what is published of it.

    Args:
        name: of the corpus, in the config.
        kind: of the corpus, which decides what is published.
        tables: split -> manifest, which may be empty.
    """
    rows = []
    for split in SPLITS:
        table = tables[split]
        empty = table.empty
        said = PUBLISHED.get((kind, split))
        rows.append(
            {
                "corpus": name,
                "split": split,
                "utterances": len(table),
                "words": 0 if empty else int(table.text.str.split().str.len().sum()),
                "hours": 0.0 if empty else round(float(table.duration_s.sum()) / 3600, 2),
                "speakers": 0 if empty else table.speaker.nunique(),
                "published": "-" if said is None else describe_published(kind, split),
            }
        )
    return pd.DataFrame(rows)


def describe_published(kind: str, split: str) -> str:
    """The published size of a split in words, with its source."""
    said = PUBLISHED[kind, split]
    parts = []
    if said.utterances is not None:
        parts.append(f"{said.utterances:,} utterances")
    if said.words is not None:
        parts.append(f"{said.words:,} words")
    if said.hours is not None:
        low, high = said.hours
        parts.append(f"{low:g} h" if low == high else f"{low:g} to {high:g} h")
    return f"{', '.join(parts)} [{said.source}]"


def explain_dropped(clips: Sequence[Clip]) -> list[str]:
    """Lines: how many clips are left out per split, and the first of each with the reason."""
    lines = []
    for split in (*SPLITS, UNUSED):
        lost = [clip for clip in clips if clip.problem and clip.split == split]
        if not lost:
            continue
        what = "belong to no split" if split == UNUSED else f"are lost from {split}"
        lines.append(f"{len(lost)} clips {what}:")
        lines += [f"  {clip.key}: {clip.problem}" for clip in lost[:_SHOWN]]
        if len(lost) > _SHOWN:
            lines.append(f"  and {len(lost) - _SHOWN} more")
    return lines


def explain_shortfall(kind: str, summary: pd.DataFrame) -> list[str]:
    """Lines: what the copy lacks for the published number of test utterances, or has too many."""
    lines = []
    for row in summary.itertuples():
        said = PUBLISHED.get((kind, str(row.split)))
        for what in ("utterances", "words"):
            wanted = None if said is None else getattr(said, what)
            found = int(getattr(row, what))
            if wanted is not None and wanted != found:
                gap = f"{found - wanted:+,} {what}"
                lines.append(f"{row.split}: {gap} against the {wanted:,} published")
        if not row.utterances:
            lines.append(f"{row.split}: no usable clip")
    return lines


def check(
    configfile: list[Path] | None = None,
    corpus: list[str] | None = None,
    manifests: Path | None = None,
) -> None:
    """Print what each corpus holds and what is missing.

    Args:
        configfile: configs, each stating what differs from the one before and from config.yaml.
        corpus: names of the corpora to check; all that experiments may use if not given.
        manifests: folder of manifests (``results/corpus``) to read instead of the corpora.

    Raises:
        InputError: a corpus is not there or cannot be used. The others are reported first.
    """
    config = read_config(configfile or [])
    used = used_splits(all_evaluations(config))
    # The default config's own corpus is of no interest beside a user's.
    listed = [n for n, c in config.corpora.items() if n in used or c.kind != "portrait"]
    names = corpus or config.use_corpora or listed
    unknown = sorted(set(names) - set(config.corpora))
    if unknown:
        known = ", ".join(config.corpora)
        raise InputError(f"corpus {unknown[0]!r} is not under `corpora` ({known})")
    unusable = []
    for name in names:
        print(f"== {name} ({config.corpora[name].kind})")
        try:
            print(printable("\n".join(_report(name, config, manifests))))
        except InputError as error:
            print(printable(str(error)))
            unusable.append(name)
        print()
    if missing := missing_files(config, _reading_own_files(config)):
        print("\n".join(["== other files", *missing, ""]))
    if unusable:
        raise InputError(f"not usable: {', '.join(unusable)}; see above")


def _reading_own_files(config: Config) -> list[tuple[str, dict[str, str]]]:
    """One job of every kind that reads files of the user's own besides corpora."""
    encoders = {name for model in all_models(config).values() for _, name in model.encoders}
    encoding = [("extract_features", {"encoder": name}) for name in sorted(encoders)]
    rules = ("crop_mouths", "import_babble", "import_noise", "list_noise")
    return [*((rule, {}) for rule in rules), *encoding]


def _report(name: str, config: Config, manifests: Path | None) -> list[str]:
    section = config.corpora[name]
    kind, root = section.kind, Path(section.root)
    if kind == "portrait" and not root.exists():
        return ["not made yet; the workflow makes it"]
    clips: list[Clip] = []
    if manifests is None:
        clips = read_corpus(root, section.reading, SEED, config.mouths.audio)
        tables = build_manifests(clips, plain(section.shards))
    else:
        tables = {split: read_manifest(manifests / name / f"{split}.parquet") for split in SPLITS}
    summary = summarise(name, kind, tables)
    missing = explain_shortfall(kind, summary)
    lines = [summary.drop(columns="corpus").to_string(index=False), *missing]
    lines += explain_long(config, name, tables)
    return lines + (explain_dropped(clips) or ["nothing is left out"] * (manifests is None))


if __name__ == "__main__":
    run_command(check)
