"""``encoders`` and ``llms``: the frozen models, by the names that experiments use."""

from typing import Annotated, Literal

from mavsr.config.base import Key, settings
from mavsr.config.values import Text

Padding = Literal["chunk", "none"]
OURS: Literal["ours"] = "ours"
"""The numerics of this project, where no other is asked for."""
ENCODES = {"whisper": "audio", "avhubert": "video"}
"""Kind of an encoder -> the modality it encodes."""
ENCODING = ("extract_features", "extract_views", "index_features", "train_model if online")
SIZING = (*ENCODING, "collect_costs", "cost_experiment")
"""Of what decides an encoder's FLOPs too."""


@settings("encoder")
class EncoderKeys:
    """A frozen encoder."""

    kind: Annotated[
        Literal["whisper", "avhubert"],
        Key("whisper hears, avhubert sees", SIZING, plans=True),
    ]
    path: Annotated[
        Text,
        Key(
            "Whisper: a folder in Hugging Face's format, or a hub name. AV-HuBERT: the published "
            ".pt file. What lies below results/toy is made by the workflow",
            SIZING,
            plans=True,
        ),
    ]
    revision: Annotated[
        Text | None, Key("Commit, tag or branch of a hub model; null takes the newest", SIZING)
    ] = None
    pad: Annotated[
        Padding,
        Key(
            "Of a whisper alone. chunk pads clips to the 30 s that Whisper was trained on; none "
            "encodes them as long as they are, which is faster and changes their tokens "
            "(docs/methods.md)",
            SIZING,
        ),
    ] = "chunk"
    numerics: Annotated[
        Literal["ours", "authors", "authors-float32"],
        Key(
            "How samples are rounded and audio tokens counted: here, or in the authors' code "
            "(docs/released.md). Encoders of imported models have theirs",
            ENCODING,
        ),
    ] = OURS

    def __post_init__(self) -> None:
        if self.kind == "avhubert" and self.revision is not None:
            raise ValueError("encoder avhubert is a local file; leave out revision")
        if self.kind == "avhubert" and self.pad != "chunk":
            raise ValueError("encoder avhubert never pads a clip; leave out pad")

    @property
    def modality(self) -> str:
        """What it encodes: audio or video."""
        return ENCODES[self.kind]
