"""The split that a trained model is used on: features that suit the model, with transcripts."""

from pathlib import Path

from mavsr.errors import InputError
from mavsr.features.join import UtteranceSource, by_modality, check_modalities
from mavsr.features.origin import check_encoders, check_pooling
from mavsr.model.folder import ModelFolder


def read_split(
    folder: ModelFolder,
    manifest: Path,
    audio: Path | None,
    video: Path | None,
    absent: str | None = None,
    task: str | None = None,
) -> UtteranceSource:
    """The utterances of a split, whose features are of the encoders that the model was trained on.

    Args:
        folder: of the model.
        manifest: manifest of the split.
        audio: ``index.json`` of its audio features; None for a model of video alone.
        video: the same for video.
        absent: modality that utterances are read without.
        task: what it is used for, if not for all that a model of several tasks does.

    Raises:
        InputError: features are missing, damaged, or do not suit the model; or it lacks what is
            to be taken away.
    """
    indexes = by_modality(audio, video)
    used = task or folder.settings.task
    check_modalities(used, indexes)
    if absent is not None and set(indexes) != {"audio", "video"}:
        raise InputError(
            f"a model of the task {used!r} cannot do without {absent}; test another condition"
        )
    source = UtteranceSource(manifest, indexes, absent=absent)
    check_encoders(folder.encoders, source)
    check_pooling(folder.settings, source)
    return source
