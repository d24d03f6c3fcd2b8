"""What a portrait corpus holds: numbers of speakers and clips, checked when made."""

from dataclasses import dataclass

from mavsr.errors import InputError
from mavsr.toy.portrait.speakers import VOICES

SPLITS = ("pretrain", "trainval", "test")


@dataclass(frozen=True)
class PortraitSettings:
    """Size of the corpus; clip counts are totals, spread evenly over the speakers of a split.

    ``pretrain`` and ``trainval`` share their speakers, as in LRS3; test speakers are heard and seen
    nowhere else.

    Attributes:
        seed: every sentence, voice and face follows from it.
        trainval_speakers: speakers of ``pretrain`` and ``trainval``.
        test_speakers: speakers of ``test``.
        trainval_clips: clips of one sentence.
        pretrain_clips: clips of several sentences.
        pretrain_sentences: sentences per ``pretrain`` clip.
        test_clips: clips of one sentence that occurs in no other split.
    """

    seed: int = 0
    trainval_speakers: int = 40
    test_speakers: int = 10
    trainval_clips: int = 500
    pretrain_clips: int = 100
    pretrain_sentences: int = 4
    test_clips: int = 200

    def __post_init__(self) -> None:
        for key in ("trainval_speakers", "test_speakers", "pretrain_sentences"):
            if getattr(self, key) < 1:
                raise InputError(f"{key} is {getattr(self, key)}; give 1 or more")
        for key in ("seed", "trainval_clips", "pretrain_clips", "test_clips"):
            if getattr(self, key) < 0:
                raise InputError(f"{key} is {getattr(self, key)}; give 0 or more")
        speakers = self.trainval_speakers + self.test_speakers
        if speakers > len(VOICES):
            raise InputError(
                f"trainval_speakers + test_speakers is {speakers}; give at most {len(VOICES)}, "
                "as no test voice may be heard in training"
            )
        if self.pretrain_sentences > 20:
            raise InputError(
                f"pretrain_sentences is {self.pretrain_sentences}; give at most 20 (a minute)"
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
