"""What a portrait corpus holds: numbers of speakers and clips, checked when made."""

from mavsr.config.base import settings
from mavsr.config.portrait import PortraitKeys
from mavsr.errors import InputError
from mavsr.toy.portrait.speakers import VOICES

SPLITS = ("pretrain", "trainval", "test")


@settings("make")
class PortraitSettings(PortraitKeys):
    """Size of the corpus, which must not have more speakers than there are voices."""

    def __post_init__(self) -> None:
        speakers = self.trainval_speakers + self.test_speakers
        if speakers > len(VOICES):
            raise InputError(
                f"trainval_speakers + test_speakers is {speakers}; give at most {len(VOICES)}, "
                "as no test voice may be heard in training"
            )

    def clips(self) -> list[str]:
        """The names ``split/speaker/clip`` of all clips, in the order of the splits."""
        counts = {
            "pretrain": (self.pretrain_clips, "a", self.trainval_speakers),
            "trainval": (self.trainval_clips, "a", self.trainval_speakers),
            "test": (self.test_clips, "t", self.test_speakers),
        }
        return [
            f"{split}/{letter}{clip % speakers:03d}/{clip // speakers:05d}"
            for split in SPLITS
            for clips, letter, speakers in [counts[split]]
            for clip in range(clips)
        ]
