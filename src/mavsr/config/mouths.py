"""``mouths``: how faces are found, aligned and cropped, and which clips are refused."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, Strict

from mavsr.config.base import Key, settings
from mavsr.config.values import Count, NotNegative, Sha256, Share, Text

Crf = Annotated[int, Strict(), Field(ge=0, le=51)]
X264 = Annotated[dict[Literal["x264"], Crf], Field(min_length=1)]


@settings("mouths.retinaface")
class Retinaface:
    """Weights of the detector ``retinaface``, and how it runs."""

    weights: Annotated[
        Text | None,
        Key(
            "The ResNet-50 weights of retinaface-pytorch: a file, or a URL with its sha256",
            decides=("fetch_retinaface", "crop_mouths if detected and retinaface and local"),
        ),
    ] = None
    sha256: Annotated[
        Sha256 | None,
        Key("Checksum of the weights; may be null for a file", decides=("fetch_retinaface",)),
    ] = None
    batch: Annotated[
        Count, Key("Frames that it looks at together", runs=("crop_mouths",), unit="frames")
    ] = 32

    @property
    def is_remote(self) -> bool:
        """Whether the weights are to be fetched."""
        return "://" in (self.weights or "")


@settings("mouths")
class CropKeys:
    """What decides the crops of a clip."""

    detector: Annotated[
        Literal["mediapipe", "retinaface", "landmarks"],
        Key(
            "Who finds eyes, nose and mouth: mediapipe (its models come with its package), "
            "retinaface (for a GPU) or landmarks (ready-made files). Of several people the one "
            "whose face is largest counts, through the whole clip",
            decides=("crop_mouths if detected",),
            runs=("crop_mouths if detected",),
        ),
    ] = "mediapipe"
    detect_every: Annotated[
        Count,
        Key(
            "Look for the face in every n-th frame, follow it by optical flow between, and look "
            "again where that is in doubt. 1 looks at every frame, as the papers' code does; "
            "docs/data.md says how fast 4 is and by how much crops move. Ready-made landmarks "
            "ignore it",
            decides=("crop_mouths if detected",),
            unit="frames",
        ),
    ] = 4
    min_face_share: Annotated[
        Share,
        Key(
            "Clips that show the face in a smaller share of the frames looked at are dropped; "
            "below 0.9 they are kept with a remark",
            decides=("crop_mouths if detected",),
        ),
    ] = 0.6
    min_frames: Annotated[
        Count, Key("Shorter clips are dropped and listed", ("crop_mouths",), unit="frames")
    ] = 12
    max_av_gap_s: Annotated[
        NotNegative,
        Key(
            "Clips are dropped whose video and audio differ in length by more, or whose video ends "
            "earlier than the corpus says by more",
            decides=("crop_mouths",),
            unit="s",
        ),
    ] = 0.5
    audio: Annotated[
        Literal["required", "optional"],
        Key(
            "Whether clips without audio, with digital silence or with channels that cancel are "
            "dropped; optional keeps them, with silence, for vsr",
            decides=("scan_corpus", "crop_mouths"),
        ),
    ] = "required"
    codec: Annotated[
        Literal["ffv1"] | X264,
        Key(
            "How crops are stored: ffv1 loses nothing; {x264: 18} loses more the larger the number "
            "(0 to 51), and takes a twentieth of the disk space",
            decides=("crop_mouths",),
        ),
    ] = "ffv1"
    landmarks: Annotated[
        Path | None,
        Key(
            "Folder with a .pkl of 68 points a frame for each video, laid out as the corpus is",
            decides=("crop_mouths if detected and landmarks",),
        ),
    ] = None
    retinaface: Annotated[Retinaface, Key("For the detector retinaface")] = Retinaface()

    def __post_init__(self) -> None:
        if self.detector == "landmarks" and self.landmarks is None:
            raise ValueError("mouths.detector is 'landmarks', but mouths.landmarks names no folder")
        if self.detector == "retinaface" and self.retinaface.weights is None:
            raise ValueError(
                "mouths.detector is 'retinaface', but mouths.retinaface.weights names no file or "
                "URL"
            )
