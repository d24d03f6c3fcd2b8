"""The whole config."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from mavsr.config.base import Key, settings
from mavsr.config.conditions import NoiseName
from mavsr.config.corpora import Corpus
from mavsr.config.cost import CostSettings
from mavsr.config.decoding import DecodingSettings
from mavsr.config.elastic import ElasticSettings
from mavsr.config.encoders import SIZING, EncoderKeys
from mavsr.config.experiments import AllRates, Entry, Setup, Table4
from mavsr.config.imported import Imported
from mavsr.config.llms import Llm
from mavsr.config.mome import MomeSettings
from mavsr.config.noise import NamedNoise
from mavsr.config.pages import Pages
from mavsr.config.resampler import ResamplerSettings
from mavsr.config.scoring import ScoringSettings
from mavsr.config.sections import Features, Mouths, Noise, Projector, Training
from mavsr.config.toy import Toy
from mavsr.config.values import Flag, Name, Text, once

Entries = Annotated[tuple[Entry, ...], Field(min_length=1)]
Names = Annotated[tuple[Name, ...], Field(min_length=1), AfterValidator(once)]


@settings()
class Config:
    """Every key that a config may have.

    Corpora, encoders, LLMs, experiments and the columns of Table 4 have names, and no default.
    """

    corpora: Annotated[
        dict[Name, Corpus], Field(min_length=1), Key("Name -> where a corpus lies, how it is read")
    ]
    experiments: Annotated[
        dict[Name, Entries],
        Field(min_length=1),
        Key(
            "Name -> list of model sets. A table or figure shows the experiment of its name, and "
            "all scores end up in results/wer.csv. What two experiments share is trained once. "
            "Models of an entry with `training` have names of their own by it, so that two "
            "settings can be compared: {learning_rate: 5.0e-4, lora_rank: 16}",
            plans=True,
        ),
    ]
    encoders: Annotated[dict[Name, EncoderKeys], Key("Name -> a frozen encoder")]
    llms: Annotated[dict[Name, Llm], Key("Name -> a frozen LLM and its LoRAs")]
    table4: Annotated[dict[Name, Table4], Field(min_length=1), Key("Name -> an LLM in Table 4")]
    local_models: Annotated[
        Text | None,
        Key(
            "Folder with copies of hub models: openai/whisper-base is then read from "
            "<local_models>/whisper-base (the last part of the name, in lower case), and no hub "
            "is asked. null takes the hub, or its local cache. A copy is another path: with or "
            "without it, features and models of what has a hub name are made anew",
            (*SIZING, "train_model"),
            plans=True,
        ),
    ] = None
    imported: Annotated[
        dict[Name, Imported], Key("Name -> a model that was trained elsewhere (docs/released.md)")
    ] = Field(default_factory=dict)
    rates: Annotated[AllRates, Key("Compression rates")] = AllRates()
    reuse_superset: Annotated[
        Flag,
        Key(
            "A Matryoshka model (MS, SS, MSS, MoME) of more rates serves where one of fewer is "
            "asked for and all else is equal (docs/methods.md); wer.csv names the model that was "
            "used",
            plans=True,
        ),
    ] = False
    code_changes: Annotated[
        Literal["rerun", "keep"],
        Key(
            "What an update of this project's code does to results that are there. rerun: what "
            "the changed code has made is made again. keep: it stays until its settings or inputs "
            "change; for whoever has weeks of results (docs/reruns.md)",
            plans=True,
        ),
    ] = "rerun"
    setup: Annotated[Setup, Key("What an experiment uses where it says nothing else")] = Setup()
    use_experiments: Annotated[
        Names | None,
        Key("Only these experiments are run, such as [table1, figure3]; null is all", plans=True),
    ] = None
    use_corpora: Annotated[
        Names | None,
        Key("Only experiments on these corpora are run, such as [lrs2]; null is all", plans=True),
    ] = None
    mouths: Annotated[Mouths, Key("Mouth crops")] = Mouths()
    noise: Annotated[Noise, Key("Babble, which training hears, and how noise is mixed in")] = (
        Noise()
    )
    noises: Annotated[
        dict[NoiseName, NamedNoise],
        Key(
            "Name -> a further noise, for tests alone: `music: {folder: musan/music}` is that of "
            "the condition music_5"
        ),
    ] = Field(default_factory=dict)
    features: Annotated[Features, Key("Cached tokens of the frozen encoders")] = Features()
    mome: Annotated[MomeSettings, Key("Experts; their sizes are part of a model's name")] = (
        MomeSettings()
    )
    resampler: Annotated[
        ResamplerSettings,
        Key("Compression by learned queries; what differs from the defaults is in a model's name"),
    ] = ResamplerSettings()
    projector: Annotated[Projector, Key("From tokens to the LLM")] = Projector()
    training: Annotated[Training, Key("Optimisation")] = Training()
    decoding: Annotated[DecodingSettings, Key("Beam search")] = DecodingSettings()
    scoring: Annotated[ScoringSettings, Key("Word error rates")] = ScoringSettings()
    cost: Annotated[CostSettings, Key("What decoding costs")] = CostSettings()
    elastic: Annotated[
        ElasticSettings, Key("Rates that adapt to the utterance (results/adaptive.csv)")
    ] = ElasticSettings()
    pages: Annotated[Pages, Key("Pages of errors and of clips")] = Pages()
    toy: Annotated[Toy, Key("The small models of the embedded default")] = Toy()

    def is_used(self, experiment: str) -> bool:
        """Whether an experiment is run."""
        return experiment in (self.use_experiments or self.experiments)

    def tested(self, setup: Setup, trained: bool = True) -> list[str]:
        """Corpora that a setup is tested on, of those that are used.

        Args:
            setup: of an entry.
            trained: whether its models are trained here, which all their corpora must be used for.
        """
        used = self.use_corpora or self.corpora
        if trained and not all(name in used for name, _ in setup.trained):
            return []
        return [name for name in setup.tested if name in used]

    def is_run(self, entry: Entry) -> bool:
        """Whether ``use_corpora`` leaves something of an entry."""
        setup = entry.over(self.setup)
        imported = entry.imported and self.tested(setup, trained=False)
        return bool(imported or (entry.methods and self.tested(setup)))
