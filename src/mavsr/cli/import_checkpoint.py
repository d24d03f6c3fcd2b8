"""Make a checkpoint that the authors released usable as a model of ours.

Llama-AVSR, Llama-MTSK and Omni-AVSR, as model_avg_N.pth or Lightning's epoch=N.ckpt. Nothing in the
file is run. The frozen LLM is not copied: it must be the one that --llm names, which is checked.
Omni-AVSR gives three models: OUTPUT-asr, OUTPUT-vsr and OUTPUT-avsr.

A .ckpt says by itself what rates and --alpha are; a .pth does not.

Example:
  mavsr import model_avg_1.pth --llm meta-llama/Llama-3.2-1B --audio_rates 4 16 --video_rates 2 5
    --alpha 4 --output results/training/llama-mtsk
"""

import argparse
from pathlib import Path

from mavsr.cli.options import add_config
from mavsr.numerics import PROFILES


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("checkpoint", type=Path, metavar="CHECKPOINT", help="the .pth or .ckpt")
    parser.add_argument(
        "--llm",
        required=True,
        metavar="LLM",
        help="folder or hub name of the LLM that it was trained over",
    )
    parser.add_argument(
        "--output", type=Path, required=True, metavar="FOLDER", help="model folder to write; new"
    )
    for modality in ("audio", "video"):
        parser.add_argument(
            *(f"--{modality}_rates", f"--{modality}-rates"),
            type=int,
            nargs="+",
            metavar="RATE",
            help=f"as in --downsample-ratio-{modality} of its training, in that order; a .ckpt has "
            "them",
        )
    parser.add_argument("--alpha", type=float, help="as in --alpha of its training; a .ckpt has it")
    parser.add_argument(
        "--rank", type=int, help="as in --rank of its training (default: by the LoRAs' shapes)"
    )
    parser.add_argument(
        "--compression",
        choices=["avgpool", "stack"],
        help="needed where neither shapes nor a .ckpt show it",
    )
    parser.add_argument(
        "--numerics",
        choices=list(PROFILES),
        default="authors",
        help="how it is computed: as its authors did, which rounds more than weights to bfloat16, "
        "or as everything else here (docs/methods.md)",
    )
    parser.add_argument(
        "--encoders",
        type=Path,
        metavar="FOLDER",
        help="where the encoders inside the checkpoint go (default: results/encoders/NAME for "
        "results/training/NAME)",
    )
    parser.add_argument(
        "--whisper",
        default="openai/whisper-medium.en",
        metavar="WHISPER",
        help="folder or hub name of the Whisper inside, of which the config.json is needed",
    )
    parser.add_argument(
        *("--avhubert_heads", "--avhubert-heads"),
        type=int,
        default=16,
        metavar="N",
        help="attention heads of the AV-HuBERT inside, which no shape shows; Large has 16",
    )
    parser.add_argument(
        *("--llm_revision", "--llm-revision"),
        metavar="COMMIT",
        help="commit, tag or branch of an LLM on the hub",
    )
    add_config(parser)


def run(given: argparse.Namespace) -> None:
    """Import the checkpoint."""
    from mavsr.config.read import read_config
    from mavsr.importing.import_checkpoint import import_checkpoint
    from mavsr.importing.reading import Given

    import_checkpoint(
        given.checkpoint,
        given.llm,
        given.output,
        Given(given.audio_rates, given.video_rates, given.alpha, given.rank, given.compression),
        config=read_config(given.configfile),
        numerics=given.numerics,
        encoders=given.encoders,
        whisper=given.whisper,
        avhubert_heads=given.avhubert_heads,
        llm_revision=given.llm_revision,
    )
