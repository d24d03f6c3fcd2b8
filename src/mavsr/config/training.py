"""``training``: how the projectors and adapters of a model are trained."""

from typing import Annotated, Literal

from mavsr.config.base import Key, settings
from mavsr.config.values import Count, Flag, NotNegative, Positive, Share, Whole

TRAIN = ("train_model",)
BOTH = ("train_model if hears and sees",)


@settings("training.task_weights")
class TaskWeights:
    """Of the losses of the three tasks in one step of an omni- method."""

    asr: Annotated[NotNegative, Key("Of speech recognition from audio")] = 1.0
    vsr: Annotated[NotNegative, Key("Of lip reading")] = 1.5
    avsr: Annotated[NotNegative, Key("Of both")] = 1.0

    def __post_init__(self) -> None:
        if not self.asr + self.vsr + self.avsr:
            raise ValueError(
                "training.task_weights are 0 for all tasks, so nothing would be learnt; give one "
                "more"
            )


@settings("training")
class TrainingSettings:
    """Optimisation of one model."""

    epochs: Annotated[
        Count,
        Key("Passes over the training split; epoch e takes view e mod `features.views`", TRAIN),
    ] = 7
    learning_rate: Annotated[Positive, Key("Peak rate of AdamW; cosine to zero", TRAIN)] = 1e-3
    warmup: Annotated[
        Share, Key("Share of all steps over which the rate rises from zero", TRAIN)
    ] = 0.05
    weight_decay: Annotated[
        NotNegative,
        Key("Decoupled, of every trained weight, biases and norms among them", TRAIN),
    ] = 0.1
    betas: Annotated[tuple[Share, Share], Key("AdamW's betas", TRAIN)] = (0.9, 0.98)
    clip: Annotated[Positive, Key("Largest gradient norm", TRAIN)] = 10.0
    batch_frames: Annotated[
        Count,
        Key(
            "Most video frames in a batch, padding included: of all processes together, so that "
            "their number changes no result (in the public code: of each GPU)",
            TRAIN,
            unit="frames at 25 Hz",
        ),
    ] = 500
    rates_per_step: Annotated[
        Literal["published", "all", "drawn"],
        Key(
            "all: a step computes a batch at all rates. drawn: at one rate of each modality, drawn "
            "by seed and step. published: as a method's paper does, drawn for llama-mt and the "
            "omni- methods, all for the others",
            TRAIN,
        ),
    ] = "published"
    task_weights: Annotated[
        TaskWeights,
        Key("Of the losses in models of task omni (Omni-AVSR's)", ("train_model if omni",)),
    ] = TaskWeights()
    audio_dropout: Annotated[
        Share,
        Key(
            "Modality dropout: share of clips, drawn anew in every epoch, that audio-visual scales "
            "read without their audio",
            BOTH,
        ),
    ] = 0.0
    video_dropout: Annotated[
        Share, Key("Likewise without their video; no clip is without both", BOTH)
    ] = 0.0
    precision: Annotated[
        Literal["float32", "bf16", "bf16-true"],
        Key(
            "float32: all of it. bf16: frozen weights and computation in bfloat16, trained weights "
            "in float32; for GPUs. bf16-true: trained weights too, as in the public code, where "
            "weight decay then does nothing",
            TRAIN,
        ),
    ] = "float32"
    checkpoint: Annotated[
        Literal["last", "best"],
        Key(
            "last keeps the last epoch's weights (papers), best those of least validation loss",
            TRAIN,
        ),
    ] = "last"
    validation_utterances: Annotated[
        Whole,
        Key(
            "Validation clips that are transcribed (greedily) after every epoch for a WER in "
            "metrics.csv; 0: none",
            TRAIN,
        ),
    ] = 8
    gradient_checkpointing: Annotated[
        Flag,
        Key(
            "Compute each layer a second time in the backward pass instead of keeping what it "
            "computed: a third more time and far less memory",
            runs=TRAIN,
        ),
    ] = False
    workers: Annotated[
        Whole,
        Key("Processes that read features ahead; 2 to 4 for slow disks", runs=TRAIN),
    ] = 0
    pack_tokens: Annotated[
        Whole,
        Key(
            "Most tokens in the LLM at once; 0: 1,024 on a CPU, 16,384 on a GPU. Less needs less "
            "memory; a step of MoME has all clips of a scale in it all the same, so there "
            "batch_frames decides",
            runs=TRAIN,
            unit="tokens",
        ),
    ] = 0
    save_every_s: Annotated[
        Positive, Key("Between two saves of the resume state", runs=TRAIN, unit="s")
    ] = 60.0
    local_features: Annotated[
        Flag,
        Key(
            "Copy the training split's features to TMPDIR first, check the copies, and remove them "
            "at the end: for results on a shared disk (docs/slurm.md)",
            runs=TRAIN,
        ),
    ] = False
    tensorboard: Annotated[
        Flag,
        Key(
            "Write losses and WERs, as they come, to results/training/<model>/tensorboard too",
            runs=TRAIN,
        ),
    ] = False

    def __post_init__(self) -> None:
        if self.audio_dropout + self.video_dropout > 1:
            raise ValueError(
                f"training.audio_dropout and video_dropout are {self.audio_dropout} and "
                f"{self.video_dropout}, more than all clips together; lower one"
            )
