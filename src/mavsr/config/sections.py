"""Sections that hold more than the settings of one stage's jobs."""

from dataclasses import fields
from functools import partial
from typing import Annotated, Any, Literal

from mavsr.config.base import Key, settings
from mavsr.config.downloads import RemoteFile, shown
from mavsr.config.features import ExtractKeys
from mavsr.config.marks import goes_before
from mavsr.config.mouths import CropKeys
from mavsr.config.noise import NOISEX_HZ, BabbleSettings, NoiseSettings
from mavsr.config.training import TrainingSettings
from mavsr.config.values import Count, Flag, NotNegative, Positive, Share, Text


@settings("mouths")
class Mouths(CropKeys):
    """Find, align and crop mouths."""

    max_dropped: Annotated[
        Share,
        Key(
            "A split that loses a larger share of its clips fails with the list", ("index_mouths",)
        ),
    ] = 0.02
    sheet_clips: Annotated[
        Count,
        Key("Clips on a split's contact sheet, worst detections first", ("draw_mouths",)),
    ] = 48

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.retinaface.is_remote and self.retinaface.sha256 is None:
            raise ValueError(
                "mouths.retinaface.weights is a URL; give the file's mouths.retinaface.sha256"
            )


@settings("noise")
class Noise(NoiseSettings):
    """Babble, and how it is mixed in."""

    babble: Annotated[
        RemoteFile | Text | None,
        Key(
            "null mixes babble from the training split's own voices; else an audio or MATLAB file "
            "(as NOISEX-92 is distributed), its path or {url: https://..., sha256: null}",
            decides=("import_babble", "download_babble"),
            plans=True,
        ),
    ] = None
    babble_mat_hz: Annotated[
        Count,
        Key(
            "Sampling rate of a MATLAB file, which does not state it; other files do",
            decides=("import_babble",),
            unit="Hz",
        ),
    ] = NOISEX_HZ
    made: Annotated[BabbleSettings, Key("The babble where `babble` is null")] = BabbleSettings()

    def __post_init__(self) -> None:
        if isinstance(self.babble, str) and "://" in self.babble:
            raise ValueError(
                f"noise.babble: to download {shown(self.babble)}, write {{url: ..., sha256: null}}"
            )


@settings("features")
class Features(ExtractKeys):
    """Run the frozen encoders and cache their tokens."""

    mode: Annotated[
        Literal["cached", "online"],
        Key(
            "cached encodes the training split once per view, for all models. online encodes it "
            "anew in every epoch of every model, as the papers' code does: no disk space, a view "
            "of its own for each epoch, and far more time. Validation and test are cached anyway",
            decides=("train_model",),
            plans=True,
        ),
    ] = "cached"
    views: Annotated[
        Count,
        Key(
            "Augmented copies of the training split (cached); epoch e uses number e mod views",
            decides=("train_model if cached",),
            plans=True,
        ),
    ] = 2
    store: Annotated[
        Literal["full", "pooled"],
        Key(
            "full keeps every token. pooled keeps audio as means over the greatest common divisor "
            "of all rates: a quarter of the disk space for rates 4 and 16, and the same tokens "
            "after average pooling. It refuses stacking, and a rate that changes the divisor "
            "encodes the audio anew",
            decides=("extract_features if audio", "extract_views if audio"),
        ),
    ] = "full"


TRAINING = partial(goes_before, TrainingSettings, "training")
"""Name of a key of `training` -> the key of what goes before it."""


@settings("training")
class TaskTraining:
    """What may differ between models of several tasks; null takes the common value."""

    epochs: Annotated[Count | None, TRAINING("epochs")] = None
    learning_rate: Annotated[Positive | None, TRAINING("learning_rate")] = None
    warmup: Annotated[Share | None, TRAINING("warmup")] = None
    weight_decay: Annotated[NotNegative | None, TRAINING("weight_decay")] = None
    clip: Annotated[Positive | None, TRAINING("clip")] = None
    batch_frames: Annotated[Count | None, TRAINING("batch_frames")] = None
    rates_per_step: Annotated[
        Literal["published", "all", "drawn"] | None, TRAINING("rates_per_step")
    ] = None

    def __post_init__(self) -> None:
        if not self.given:
            raise ValueError("it says nothing; give a key such as learning_rate, or leave it out")

    @property
    def given(self) -> dict[str, Any]:
        """Key -> value of those that are not null."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in found.items() if value is not None}


@settings("training.per_task")
class PerTask:
    """What differs for models of a task."""

    asr: Annotated[
        TaskTraining | None, Key("Of models that hear alone", ("train_model if asr",))
    ] = None
    vsr: Annotated[
        TaskTraining | None, Key("Of models that see alone", ("train_model if vsr",))
    ] = None
    avsr: Annotated[
        TaskTraining | None, Key("Of models that do both", ("train_model if avsr",))
    ] = None
    omni: Annotated[
        TaskTraining | None, Key("Of models of all three tasks", ("train_model if omni",))
    ] = None


@settings("training")
class Training(TrainingSettings):
    """Train projectors and adapters."""

    per_task: Annotated[
        PerTask,
        Key("{vsr: {learning_rate: 5.0e-4}} is what differs for models of a task"),
    ] = PerTask()


@settings("projector")
class Projector:
    """From encoder tokens to the LLM's width."""

    hidden: Annotated[
        Count, Key("Width inside the projectors (2048 in the public code)", ("train_model",))
    ] = 256
    layer_norm: Annotated[Flag, Key("End them with a LayerNorm", ("train_model",))] = False
