"""``rates``, ``setup`` and ``experiments``: which models there are, and how they are decoded."""

from dataclasses import fields
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from mavsr.config.base import Key, settings
from mavsr.config.conditions import ConditionName
from mavsr.config.llms import Llm
from mavsr.config.marks import goes_before
from mavsr.config.mixture import Mixture, Parts
from mavsr.config.mome import BalanceOver, MomeSettings, ScaleWeights
from mavsr.config.resampler import ResamplerSettings
from mavsr.config.sections import TRAINING, TaskTraining
from mavsr.config.values import (
    Count,
    Flag,
    Name,
    NotNegative,
    Rates,
    Share,
    Text,
    Whole,
    once,
)

Task = Literal["asr", "vsr", "avsr", "omni"]
Compression = Literal["avgpool", "stack", "resampler"]
"""The names of :data:`mavsr.model.compressions.COMPRESSIONS`."""
Conditions = Annotated[tuple[ConditionName, ...], Field(min_length=1)]
Tests = Annotated[tuple[Name, ...], Field(min_length=1), AfterValidator(once)]
Seeds = Annotated[tuple[Whole, ...], Field(min_length=1), AfterValidator(once)]
INSTEAD = {"corpus": "corpora", "seed": "seeds"}
"""Key for one value -> key for several in its place."""
SHOWN = ("write_table if scored", "draw_figure")
RATES = ("write_table if arithmetic", "extract_features if pooled", "extract_views if pooled")


@settings("rates")
class AllRates:
    """A rate r keeps one token of every r (of 50 a second for audio, of 25 for video)."""

    audio: Annotated[Rates, Key("Paired with every video rate, ascending", RATES, plans=True)] = (
        4,
        16,
    )
    video: Annotated[
        Rates, Key("Ascending. A new rate asks for new models", RATES[:1], plans=True)
    ] = (2, 5)


_RATES = partial(goes_before, AllRates, "rates")


@settings("rates")
class EntryRates:
    """Rates of an entry; null takes the common ones."""

    audio: Annotated[Rates | None, _RATES("audio")] = None
    video: Annotated[Rates | None, _RATES("video")] = None

    def over(self, common: AllRates) -> AllRates:
        """These rates, and the common ones where there is none."""
        return AllRates(self.audio or common.audio, self.video or common.video)


@settings("setup")
class Setup:
    """What an experiment uses where it says nothing else."""

    corpus: Annotated[
        Name,
        Key(
            "A name under `corpora`: trained on, and tested on unless `tests` says otherwise",
            SHOWN,
            plans=True,
        ),
    ] = "portrait"
    corpora: Annotated[
        Mixture | None,
        Key(
            "In place of corpus, several to be trained on together: [lrs2, lrs3], each clip once "
            "an epoch; or with shares of an epoch's hours, {lrs2: 1, lrs3: 2}",
            SHOWN,
            plans=True,
        ),
    ] = None
    tests: Annotated[
        Tests | None,
        Key(
            "Corpora whose test split is transcribed; null takes those of training",
            SHOWN,
            plans=True,
        ),
    ] = None
    task: Annotated[
        Task,
        Key(
            "From audio, from video, from both, or all three by one model (omni)",
            plans=True,
        ),
    ] = "avsr"
    audio_encoder: Annotated[Name, Key("What hears: a name under `encoders`", plans=True)] = (
        "toy-whisper"
    )
    video_encoder: Annotated[Name, Key("What sees: a name under `encoders`", plans=True)] = (
        "toy-avhubert"
    )
    llm: Annotated[Name, Key("A name under `llms`", plans=True)] = "toy-llama"
    compression: Annotated[
        Compression,
        Key(
            "avgpool averages every r tokens, stack puts them behind each other, resampler lets "
            "learned queries attend to them (docs/methods.md)",
            plans=True,
        ),
    ] = "avgpool"
    conditions: Annotated[
        Conditions,
        Key(
            "clean; snr_<dB>: babble; <noise>_<dB>: one of `noises`; drop_<percent> of the frames, "
            "patch_<percent> of the mouth's surroundings hidden, blur_<pixels>, late_<ms> of the "
            "video; no_audio, no_video; one of audio and one of video: snr_-5+drop_50 "
            "(docs/methods.md)",
            plans=True,
        ),
    ] = ("clean",)
    seed: Annotated[Whole, Key("Of projectors, adapters and batch order", plans=True)] = 0
    seeds: Annotated[
        Seeds | None,
        Key(
            "In place of seed, a model for each, such as [0, 1, 2]: tables show mean and standard "
            "deviation, and comparisons hold for other seeds too",
            plans=True,
        ),
    ] = None

    @property
    def trained(self) -> Parts:
        """(corpus, weight or None) of all that is trained on."""
        if self.corpora and len(self.corpora) > 1:
            return self.corpora
        return ((self.corpora[0][0] if self.corpora else self.corpus, None),)

    @property
    def tested(self) -> tuple[str, ...]:
        """Names of the corpora whose test split is transcribed."""
        return self.tests or tuple(name for name, _ in self.trained)

    @property
    def every_seed(self) -> tuple[int, ...]:
        """One seed, or several."""
        return self.seeds or (self.seed,)


_SETUP = partial(goes_before, Setup, "setup")
_MOME = partial(goes_before, MomeSettings, "mome")
_RESAMPLER = partial(goes_before, ResamplerSettings, "resampler")


@settings("mome")
class EntryMome:
    """Keys of `mome` that differ for an entry's MoME models."""

    routed: Annotated[Count | None, _MOME("routed")] = None
    shared: Annotated[Whole | None, _MOME("shared")] = None
    top_k: Annotated[Count | None, _MOME("top_k")] = None
    bottleneck: Annotated[Count | None, _MOME("bottleneck")] = None
    balance: Annotated[NotNegative | None, _MOME("balance")] = None
    balance_over: Annotated[BalanceOver | None, _MOME("balance_over")] = None
    router: Annotated[Literal["shared", "per_scale"] | None, _MOME("router")] = None
    renormalise: Annotated[Flag | None, _MOME("renormalise")] = None
    scale_weights: Annotated[ScaleWeights | None, _MOME("scale_weights")] = None

    def over(self, common: MomeSettings, llm: Llm) -> MomeSettings:
        """The experts of an entry in an LLM; null takes the LLM's value, then the common one."""
        width = {"bottleneck": llm.mome_bottleneck} if llm.mome_bottleneck else {}
        return MomeSettings(**{**_given(common), **width, **_given(self)})


@settings("resampler")
class EntryResampler:
    """Keys of `resampler` that differ for an entry's models of compression resampler."""

    window: Annotated[Count | None, _RESAMPLER("window")] = None
    queries: Annotated[Count | None, _RESAMPLER("queries")] = None
    heads: Annotated[Count | None, _RESAMPLER("heads")] = None
    width: Annotated[Count | None, _RESAMPLER("width")] = None

    def over(self, common: ResamplerSettings) -> ResamplerSettings:
        """The queries of an entry; null takes the common value."""
        return ResamplerSettings(**{**_given(common), **_given(self)})


@settings("training")
class EntryTraining(TaskTraining):
    """How an entry's models are trained; null takes the common value, or that of their task."""

    lora_rank: Annotated[Count | None, Key("r of their LoRAs; null takes the LLM's")] = None
    audio_dropout: Annotated[Share | None, TRAINING("audio_dropout")] = None
    video_dropout: Annotated[Share | None, TRAINING("video_dropout")] = None


@settings("experiment")
class Entry:
    """A set of models: its methods, and what differs from `setup`; null takes the common value."""

    methods: Annotated[
        tuple[Name, ...],
        AfterValidator(once),
        Key(
            "llama-avsr and mome-mhsa-i (one model per rate pair); mtsk-ms, mtsk-ss, mtsk-mss, "
            "mome-mhsa, mome-ffn and mome-layer (one model for all); avgpool-at-inference (one "
            "model trained at rate 1, pooled when tested); for task omni: llama-mt (one model per "
            "rate pair), omni-s, omni-t, omni-st and omni-mome (one for all)"
        ),
    ] = ()
    imported: Annotated[
        tuple[Name, ...],
        AfterValidator(once),
        Key("Names under `imported`: models that are decoded beside those of `methods`"),
    ] = ()
    rates: Annotated[EntryRates, Key("Of this entry's models")] = EntryRates()
    mome: Annotated[EntryMome, Key("Of this entry's MoME models")] = EntryMome()
    resampler: Annotated[
        EntryResampler, Key("Of this entry's models, if their compression is resampler")
    ] = EntryResampler()
    training: Annotated[
        EntryTraining | None,
        Key(
            "Of this entry's models, which have names of their own by it, so that two settings can "
            "be compared: {learning_rate: 5.0e-4, lora_rank: 16}"
        ),
    ] = None
    scales: Annotated[
        Literal["all", "first", "ends"],
        Key("Decode all scales, the first (the lowest rates), or the lowest and the highest"),
    ] = "all"
    corpus: Annotated[Name | None, _SETUP("corpus")] = None
    corpora: Annotated[Mixture | None, _SETUP("corpora")] = None
    tests: Annotated[Tests | None, _SETUP("tests")] = None
    task: Annotated[Task | None, _SETUP("task")] = None
    audio_encoder: Annotated[Name | None, _SETUP("audio_encoder")] = None
    video_encoder: Annotated[Name | None, _SETUP("video_encoder")] = None
    llm: Annotated[Name | None, _SETUP("llm")] = None
    compression: Annotated[Compression | None, _SETUP("compression")] = None
    conditions: Annotated[Conditions | None, _SETUP("conditions")] = None
    seed: Annotated[Whole | None, _SETUP("seed")] = None
    seeds: Annotated[Seeds | None, _SETUP("seeds")] = None

    def __post_init__(self) -> None:
        if not self.methods and not self.imported:
            raise ValueError("name methods, or imported models, or both")
        for one, several in INSTEAD.items():
            if getattr(self, one) is not None and getattr(self, several) is not None:
                raise ValueError(f"give {one} or {several}, not both")

    def over(self, common: Setup) -> Setup:
        """The setup of this entry, whose own value goes before several common ones."""
        own = {field.name: getattr(self, field.name) for field in fields(Setup)}
        given = {name: value for name, value in own.items() if value is not None}
        replaced = {several for one, several in INSTEAD.items() if one in given}
        inherited = {k: v for k, v in _given(common).items() if k not in replaced}
        return Setup(**{**inherited, **given})


@settings("table4")
class Table4:
    """An LLM in Table 4: tokens and TFLOPs of a 10 s clip; nothing is trained for it."""

    shape: Annotated[
        Text,
        Key(
            "A name that the package knows (llama-3.1-8b, llama-3.2-1b, llama-3.2-3b), or a folder "
            "or hub name of a model",
            ("write_table if arithmetic",),
        ),
    ]
    lora_rank: Annotated[Count, Key("r of its LoRAs", ("write_table if arithmetic",))]


def _given(part: Any) -> dict[str, Any]:
    values = {field.name: getattr(part, field.name) for field in fields(part)}
    return {name: value for name, value in values.items() if value is not None}
