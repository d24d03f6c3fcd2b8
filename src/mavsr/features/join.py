"""Join the cached tokens of a clip's modalities with its transcript."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from mavsr.corpus.manifest import read_manifest
from mavsr.errors import InputError
from mavsr.features.align import align_lengths, align_tokens, covered_frames
from mavsr.features.cache import FeatureCache
from mavsr.features.header import MadeBy
from mavsr.model.avsr import Utterance
from mavsr.model.scales import MODALITIES
from mavsr.numerics import numerics_of

T = TypeVar("T")


class UtteranceSource(Mapping[str, Utterance]):
    """Key -> utterance of one split, tokens read from the cache when asked for.

    Args:
        manifest: the split's manifest.
        indexes: modality -> ``index.json`` of its cached features.
        texts: the manifest's transcripts, if they have been read already.
        absent: modality that a test takes away; utterances are read without it.

    Raises:
        InputError: the modalities hold different clips, or a cached clip has no transcript.

    """

    def __init__(
        self,
        manifest: Path,
        indexes: Mapping[str, Path],
        texts: Mapping[str, str] | None = None,
        absent: str | None = None,
    ):
        self._absent = absent
        self._texts = transcripts(manifest) if texts is None else texts
        self._caches = {modality: FeatureCache(path.parent) for modality, path in indexes.items()}
        self._keys = list(next(iter(self._caches.values())).keys)
        for modality, cache in self._caches.items():
            odd = set(cache.keys) ^ set(self._keys) or set(cache.keys) - set(self._texts)
            if odd:
                raise InputError(
                    f"{indexes[modality]}: clip {min(odd)} is not in every modality's features and "
                    "in the manifest; the caches come from different runs, rerun the features rules"
                )

    @property
    def folders(self) -> dict[str, Path]:
        """Modality -> folder of its cache."""
        return {modality: cache.folder for modality, cache in self._caches.items()}

    @property
    def made_by(self) -> dict[str, MadeBy]:
        """Modality -> weights and settings that made its features."""
        return {modality: cache.made_by for modality, cache in self._caches.items()}

    @property
    def dims(self) -> dict[str, int]:
        """Modality -> width d of a token."""
        return {modality: cache.dim for modality, cache in self._caches.items()}

    @property
    def _cut(self) -> bool:
        """Whether audio is cut to the video's length, which its numerics decide."""
        audio = self._caches.get("audio")
        return numerics_of(audio.made_by.get("numerics", "ours") if audio else "ours").aligned

    def lengths(self) -> dict[str, dict[str, int]]:
        """Key -> modality -> aligned tokens of the clip, from the index alone.

        A modality that is absent is left out.
        """
        tokens = {modality: cache.tokens for modality, cache in self._caches.items()}
        found = {
            key: align_lengths(key, {m: found[key] for m, found in tokens.items()}, self._cut)
            for key in self._keys
        }
        return {
            key: {m: count for m, count in counts.items() if m != self._absent}
            for key, counts in found.items()
        }

    def frames(self) -> dict[str, int]:
        """Key -> length in video frames (25 per second)."""
        return {key: covered_frames(tokens) for key, tokens in self.lengths().items()}

    def __getitem__(self, key: str) -> Utterance:
        tokens = {modality: cache[key] for modality, cache in self._caches.items()}
        aligned = align_tokens(key, tokens, self._cut)
        return Utterance(key, self._texts[key], aligned, self._absent)

    def __iter__(self):
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


def transcripts(manifest: Path) -> dict[str, str]:
    """Key -> transcript of a split."""
    table = read_manifest(manifest)
    return dict(zip(table.key, table.text, strict=True))


def cached_views(manifest: Path, views: Mapping[str, Sequence[Path]]) -> list[UtteranceSource]:
    """One source per augmented view of the training split.

    Args:
        manifest: the split's manifest.
        views: modality -> ``index.json`` of each view, in order.

    Raises:
        InputError: the modalities have different numbers of views, or the views different clips.

    """
    counts = {len(paths) for paths in views.values()}
    if len(counts) != 1:
        raise InputError(f"as many audio as video views are needed, not {sorted(counts)}")
    texts = transcripts(manifest)
    sources = [
        UtteranceSource(manifest, {m: paths[view] for m, paths in views.items()}, texts)
        for view in range(counts.pop())
    ]
    for source in sources[1:]:
        if odd := set(source) ^ set(sources[0]):
            raise InputError(
                f"clip {min(odd)} is not in every view's features; the caches come from different "
                "runs, rerun the features rules"
            )
    return sources


def by_modality(audio: T | None, video: T | None) -> dict[str, T]:
    """What is given, by its modality."""
    return {m: given for m, given in (("audio", audio), ("video", video)) if given}


def check_modalities(task: str, indexes: Mapping[str, object]) -> None:
    """Raise InputError unless there are features for exactly the modalities of ``task``."""
    if set(indexes) != set(MODALITIES[task]):
        raise InputError(
            f"the task {task!r} needs features for {' and '.join(MODALITIES[task])}, "
            f"not for {' and '.join(indexes) or 'nothing'}"
        )
