"""Which files stand for the weights of an encoder or LLM."""

from collections.abc import Sequence

from mavsr.checkpoints import ENCODER, identity_files
from mavsr.made_weights import NAME
from mavsr.workflow import paths


def weight_files(path: str, read: Sequence[str] = ENCODER) -> list[str]:
    """What a job that loads ``path`` reads: a toy model's files, a user's own, or none (hub).

    Args:
        path: of an encoder or LLM.
        read: names beside the weights, see :func:`mavsr.checkpoints.identity_files`.
    """
    if path.startswith(paths.TOYS):
        if path.endswith(".pt"):
            return [path, f"{path.removesuffix('.pt')}.json"]
        return [f"{path}/{NAME}", f"{path}/model.safetensors"]
    return [str(file) for file in identity_files(path, read)]
