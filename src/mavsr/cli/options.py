"""Arguments that several commands have."""

import argparse
from pathlib import Path
from typing import Any


def add_config(parser: argparse.ArgumentParser) -> None:
    """``--configfile``: the configs of a run."""
    parser.add_argument(
        "--configfile",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="configs, each stating what differs from the one before; the first from config.yaml",
    )


def add_model(parser: argparse.ArgumentParser) -> None:
    """``MODEL``: the folder of a trained model."""
    parser.add_argument(
        "model",
        type=Path,
        metavar="MODEL",
        help="folder of a trained model; its name and place do not matter",
    )


def add_scale(parser: argparse.ArgumentParser) -> None:
    """``--scale``: one of the model's scales."""
    parser.add_argument(
        "--scale",
        required=True,
        metavar="RATES",
        help="rates such as 4,2 (audio, video), 4 for one modality, or a4_v2",
    )


def add_results(parser: argparse.ArgumentParser) -> None:
    """``--results``: where a run's results lie."""
    parser.add_argument(
        "--results",
        type=Path,
        default=Path("results"),
        metavar="FOLDER",
        help="where manifests and finished outputs are looked for",
    )


def add_search(parser: argparse.ArgumentParser) -> None:
    """``--beams``, ``--max-new-tokens``, ``--quantization``: how transcripts are searched for."""
    parser.add_argument(
        "--beams", type=int, metavar="N", help="beam width (default: the model's setup)"
    )
    parser.add_argument(
        "--max-new-tokens",
        type=int,
        metavar="N",
        help="longest text, in tokens of the LLM (default: the model's setup)",
    )
    add_quantization(parser)


def add_quantization(parser: argparse.ArgumentParser) -> None:
    """``--quantization``: how the LLM is held."""
    parser.add_argument(
        "--quantization",
        choices=("nf4", "none"),
        help="hold the LLM in 4 bits, or in its own format (default: as in training)",
    )


def searching(given: argparse.Namespace) -> dict[str, Any]:
    """What :func:`add_search` was given, as arguments of a recogniser."""
    return {name: getattr(given, name) for name in ("beams", "max_new_tokens", "quantization")}
