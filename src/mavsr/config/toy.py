"""``toy``: the small models of the embedded default."""

from typing import Annotated

from pydantic import Field

from mavsr.config.base import Key, settings
from mavsr.config.values import ClosedShare, Count, Positive, Snr, Whole

TOYS = "results/toy/"
"""Beginning of the paths of encoders and LLMs that the workflow makes itself."""
MADE = {
    "whisper": f"{TOYS}{{corpus}}/whisper",
    "avhubert": f"{TOYS}{{corpus}}/avhubert.pt",
    "llm": f"{TOYS}{{corpus}}/llama",
}
"""Kind of a toy model -> where it is made, by the corpus that it is trained on."""
WHISPER, AVHUBERT, LLAMA = ("make_whisper",), ("make_avhubert",), ("make_llama",)


@settings("training")
class FramewiseSettings:
    """Optimisation of a toy encoder."""

    epochs: Annotated[Count, Key("Passes over the training clips, each under fresh augmentation")]
    learning_rate: Annotated[Positive, Key("Peak of the one-cycle rate")] = 1e-3
    batch: Annotated[Count, Key("In a batch", unit="clips")] = 4
    clip: Annotated[Positive, Key("Largest gradient norm")] = 5.0


@settings("toy.whisper")
class ToyWhisperKeys:
    """Size and training of the toy audio encoder."""

    seed: Annotated[Whole, Key("Of its weights and of the order of clips", WHISPER)] = 0
    dim: Annotated[Count, Key("Width", WHISPER)] = 128
    layers: Annotated[Count, Key("Transformer layers", WHISPER)] = 3
    heads: Annotated[Count, Key("Attention heads", WHISPER)] = 4
    chunk_s: Annotated[
        Count,
        Key("Length that every clip is padded to (30 in the published models)", WHISPER, unit="s"),
    ] = 4
    training: Annotated[FramewiseSettings, Key("Its training", WHISPER)] = FramewiseSettings(9)


@settings("toy.whisper")
class ToyWhisper(ToyWhisperKeys):
    """The toy audio encoder, and the noise that it hears."""

    snrs: Annotated[
        tuple[Snr, ...],
        Field(min_length=1),
        Key(
            "In its own training it hears milder noise than later as a frozen encoder, as the real "
            "one did",
            WHISPER,
            unit="dB",
        ),
    ] = (5.0, 10.0, 15.0, 20.0, "clean")


@settings("toy.avhubert.resnet")
class ResNetSettings:
    """Optimisation of the toy video encoder's ResNet."""

    steps: Annotated[Count, Key("Batches of windows")] = 400
    batch: Annotated[Count, Key("In a batch", unit="windows")] = 32
    learning_rate: Annotated[Positive, Key("Peak of the one-cycle rate")] = 2e-3
    clip: Annotated[Positive, Key("Largest gradient norm")] = 5.0


@settings("toy.avhubert")
class ToyAVHubert:
    """Size and training of the toy video encoder."""

    seed: Annotated[Whole, Key("Of its weights and of the order of clips", AVHUBERT)] = 0
    dim: Annotated[Count, Key("Width", AVHUBERT)] = 128
    layers: Annotated[Count, Key("Transformer layers", AVHUBERT)] = 3
    heads: Annotated[Count, Key("Attention heads", AVHUBERT)] = 4
    resnet_width: Annotated[Count, Key("Channels of the ResNet's first stage", AVHUBERT)] = 16
    conv_pos: Annotated[
        Count,
        Key(
            "Kernel of the positional convolution (128 in the published models)",
            AVHUBERT,
            unit="frames",
        ),
    ] = 32
    views: Annotated[
        Count, Key("Augmented views of each clip that it learns from in turn", AVHUBERT)
    ] = 1
    resnet: Annotated[ResNetSettings, Key("Training of its ResNet", AVHUBERT)] = ResNetSettings()
    training: Annotated[FramewiseSettings, Key("Training of the rest", AVHUBERT)] = (
        FramewiseSettings(5)
    )


@settings("toy.llama")
class ToyLlama:
    """Size and pre-training of the toy LLM."""

    seed: Annotated[Whole, Key("Of its weights and of the order of texts", LLAMA)] = 0
    hidden: Annotated[Count, Key("Width", LLAMA)] = 128
    layers: Annotated[Count, Key("Decoder layers", LLAMA)] = 4
    heads: Annotated[Count, Key("Attention heads; they must divide the width", LLAMA)] = 4
    vocabulary: Annotated[Count, Key("Of its tokenizer", LLAMA, unit="tokens")] = 512
    steps: Annotated[Count, Key("Batches of texts", LLAMA)] = 450
    batch: Annotated[Count, Key("In a batch", LLAMA, unit="texts")] = 16
    learning_rate: Annotated[Positive, Key("Peak of the one-cycle rate", LLAMA)] = 2e-3
    replaced_words: Annotated[
        ClosedShare,
        Key(
            "Share of words exchanged for other training words, so that sentences are not learnt "
            "by heart and the model has to look at its prefix",
            LLAMA,
        ),
    ] = 0.5

    def __post_init__(self) -> None:
        if self.hidden % self.heads:
            raise ValueError(f"heads {self.heads} must divide hidden {self.hidden}")


@settings("toy")
class Toy:
    """The toy models; docs/methods.md says what each is."""

    whisper: Annotated[ToyWhisper, Key("The audio encoder")] = ToyWhisper()
    avhubert: Annotated[ToyAVHubert, Key("The video encoder")] = ToyAVHubert()
    llama: Annotated[ToyLlama, Key("The LLM")] = ToyLlama()
