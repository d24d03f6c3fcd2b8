"""What papers say LRS2 and LRS3 hold, to compare a copy with."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """Size of a split in print; None where the source gives none."""

    source: str
    hours: tuple[float, float] | None = None
    """Lowest and highest hours in print."""
    utterances: int | None = None
    words: int | None = None


_MTSK = "Llama-MTSK (arXiv 2503.06362), Sec. 4.1, and its public code"
PUBLISHED = {
    ("lrs2", "train"): Published(_MTSK, hours=(223, 225)),
    ("lrs2", "test"): Published(
        "LRS3-TED (arXiv 1809.00496), Table 1", hours=(0.5, 0.5), utterances=1243, words=6663
    ),
    ("lrs3", "train"): Published(_MTSK, hours=(433, 433)),
    ("lrs3", "test"): Published("ESPnet, egs2/lrs3/avsr1", utterances=1321, words=9890),
}
"""(kind of corpus, split) -> published size. Train is trainval (LRS2: train) and pretrain together;
what is held out for validation is missing from ours."""
