"""Several corpora as one training or validation split."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mavsr.errors import InputError
from mavsr.features.header import MadeBy
from mavsr.features.join import UtteranceSource, cached_views
from mavsr.features.origin import Source as Origin
from mavsr.features.origin import encoders_of
from mavsr.model.avsr import Utterance
from mavsr.seeds import generator

Indexes = Mapping[str, Sequence[Path]]
"""Modality -> ``index.json`` of each view of each corpus, corpora one after the other."""


class MixedSource(Mapping[str, Utterance]):
    """Key -> utterance of several corpora; keys begin with their corpus: ``lrs2/main-1``.

    It offers what :class:`UtteranceSource` offers.

    Args:
        parts: name of a corpus -> its utterances.

    Raises:
        InputError: features of two corpora are of different encoders.
    """

    def __init__(self, parts: Mapping[str, UtteranceSource]) -> None:
        self.parts = parts
        encoders_of(parts.values())

    @property
    def folders(self) -> dict[str, Path]:
        """Modality -> folder of the first corpus' cache."""
        return self._first.folders

    @property
    def made_by(self) -> dict[str, MadeBy]:
        """Modality -> weights and settings that made the features of the first corpus."""
        return self._first.made_by

    @property
    def dims(self) -> dict[str, int]:
        """Modality -> width d of a token."""
        return self._first.dims

    @property
    def _first(self) -> UtteranceSource:
        return next(iter(self.parts.values()))

    def lengths(self) -> dict[str, dict[str, int]]:
        """Key -> modality -> aligned tokens of the clip, from the indexes alone."""
        return {
            f"{name}/{key}": tokens
            for name, part in self.parts.items()
            for key, tokens in part.lengths().items()
        }

    def frames(self) -> dict[str, int]:
        """Key -> length in video frames (25 per second)."""
        return {
            f"{name}/{key}": count
            for name, part in self.parts.items()
            for key, count in part.frames().items()
        }

    def __getitem__(self, key: str) -> Utterance:
        name, _, own = key.partition("/")
        return replace(self.parts[name][own], key=key)

    def __iter__(self) -> Iterator[str]:
        return (f"{name}/{key}" for name, part in self.parts.items() for key in part)

    def __len__(self) -> int:
        return sum(map(len, self.parts.values()))


Source = UtteranceSource | MixedSource


def parts_of(source: Origin) -> list[Origin]:
    """The corpora of a source, or itself."""
    return [*source.parts.values()] if isinstance(source, MixedSource) else [source]


def training_views(manifests: Sequence[Path], views: Indexes) -> list[Source]:
    """One source per augmented view of the training splits.

    Args:
        manifests: of the training split of each corpus, ``.../<corpus>/train.parquet``.
        views: their features, in the same order.

    Raises:
        InputError: corpora have different numbers of views, or see :func:`cached_views`.
    """
    found = {
        name: cached_views(manifest, own) for name, manifest, own in _by_corpus(manifests, views)
    }
    first, *others = found.values()
    if not others:
        return list(first)
    return [
        MixedSource({name: own[view] for name, own in found.items()}) for view in range(len(first))
    ]


def validation_source(manifests: Sequence[Path], features: Indexes) -> Source:
    """The validation splits of all corpora together.

    Args:
        manifests: of the validation split of each corpus.
        features: modality -> ``index.json`` of each, in the same order.

    Raises:
        InputError: see :class:`UtteranceSource`.
    """
    found = {
        name: UtteranceSource(manifest, {modality: index for modality, (index,) in own.items()})
        for name, manifest, own in _by_corpus(manifests, features)
    }
    return next(iter(found.values())) if len(found) == 1 else MixedSource(found)


def _by_corpus(
    manifests: Sequence[Path], indexes: Indexes
) -> Iterator[tuple[str, Path, dict[str, Sequence[Path]]]]:
    """Name, manifest and indexes of each corpus."""
    for modality, files in indexes.items():
        if len(files) % len(manifests):
            raise InputError(
                f"{len(files)} indexes of {modality} features do not divide into "
                f"{len(manifests)} corpora; give as many of each"
            )
    for place, manifest in enumerate(manifests):
        own = {}
        for modality, files in indexes.items():
            each = len(files) // len(manifests)
            own[modality] = files[place * each : (place + 1) * each]
        yield manifest.parent.name, manifest, own


def epoch_keys(
    frames: Mapping[str, int], shares: Mapping[str, float], seed: int, epoch: int
) -> list[str]:
    """Keys of the clips of an epoch in which each corpus has its share of the hours.

    An epoch is as long as all clips together. A corpus that gets more hours than it has is repeated
    whole as often as they hold it, and of what remains random clips are drawn without replacement,
    others in every epoch, until they reach its share.

    Args:
        frames: key (``corpus/clip``) -> length in video frames.
        shares: corpus -> its share; their sum is 1.
        seed: of the run.
        epoch: its number.

    Raises:
        InputError: a corpus has no clip.
    """
    total = sum(frames.values())
    keys: list[str] = []
    for corpus, share in shares.items():
        own = sorted(key for key in frames if key.partition("/")[0] == corpus)
        if not own:
            raise InputError(
                f"the corpus {corpus} has no clip to train on, so none of its share of "
                f"{share:.0%} either; leave it out of corpora"
            )
        whole, left = divmod(share * total, sum(frames[key] for key in own))
        keys += own * int(whole)
        for place in generator(seed, "share", corpus, epoch).permutation(len(own)):
            # The clip that crosses the line is taken if that comes nearer to it.
            if left < frames[own[place]] / 2:
                break
            keys.append(own[place])
            left -= frames[own[place]]
    return keys
