"""``imported``: models that were trained elsewhere, so that tables show them beside ours."""

from typing import Annotated, Literal

from mavsr.config.base import Key, settings
from mavsr.config.experiments import AllRates, Task
from mavsr.config.values import Name, Text
from mavsr.errors import InputError
from mavsr.model.methods import method_of
from mavsr.model.scales import MODALITIES, all_scales


@settings("imported")
class Imported:
    """A model that ``mavsr import`` has made under its name in results/training.

    Jobs read what the model is in its run.json. What stands here is copied from there by the import
    (config.yaml in its folder), and tells which jobs there are without a look at the disk.
    """

    label: Annotated[
        Text,
        Key(
            "Name in tables and figures. It is kept beside transcripts, so that with another one "
            "the model is decoded again",
            ("decode",),
        ),
    ]
    task: Annotated[Task, Key("Of the model", plans=True)]
    llm: Annotated[Name, Key("A name under `llms`: the LLM that it was trained over", plans=True)]
    audio_encoder: Annotated[
        Name | None, Key("A name under `encoders`: the one that was imported with it", plans=True)
    ] = None
    video_encoder: Annotated[Name | None, Key("Likewise", plans=True)] = None
    rates: Annotated[AllRates, Key("Of the model; those of its task count", plans=True)] = (
        AllRates()
    )
    compression: Annotated[
        Literal["avgpool", "stack"], Key("Of the model; others are not imported", plans=True)
    ] = "avgpool"
    method: Annotated[Name, Key("The method here that it is one of", plans=True)] = "mtsk-ms"

    def __post_init__(self) -> None:
        if lacking := [m for m in MODALITIES[self.task] if self.encoder(m) is None]:
            raise ValueError(f"task {self.task} needs {lacking[0]}_encoder")
        scales = all_scales(self.task, self.rates.audio, self.rates.video)
        try:
            if method_of(self.method).models == "per scale" and len(scales) > 1:
                raise ValueError(f"a model of {self.method} has one scale; give its rates")
        except InputError as error:
            raise ValueError(str(error)) from None

    def encoder(self, modality: str) -> str | None:
        """Name of its encoder of a modality."""
        return self.audio_encoder if modality == "audio" else self.video_encoder
