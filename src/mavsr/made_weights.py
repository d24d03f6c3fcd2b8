"""Weights that the workflow made itself, held against the record that it wrote with them."""

from pathlib import Path

from mavsr.errors import InputError
from mavsr.files import sha256
from mavsr.records import read_json
from mavsr.remedies import rebuild_command

NAME = "toy.json"
"""Record in the folder of a toy model; beside a single file it has that file's name."""


def check_weights(path: Path) -> None:
    """Compare the weights of a toy model with its record; other models have none and pass.

    Flipped bytes leave a file that loads, and every feature or transcript would be another one.

    Args:
        path: folder or file of an encoder or LLM.

    Raises:
        InputError: the weights are not what the workflow made, or the record is damaged.

    """
    record, weights = path / NAME, path / "model.safetensors"
    if path.suffix == ".pt":
        record, weights = path.with_suffix(".json"), path
    if not record.is_file():
        return
    known = read_json(record, "record of a toy model").get("weights_sha256")
    if not weights.is_file() or sha256(weights) != known:
        raise InputError(
            f"{weights} is missing or damaged: it is not the file that {record.name} was written "
            f"for; rebuild both: {rebuild_command(record, weights)}"
        )
