"""A trained model, ready to decode: every job and command that uses one loads it here."""

import torch

from mavsr.model.avsr import MatryoshkaModel
from mavsr.model.folder import ModelFolder, check_llm
from mavsr.model.llm import llm_folder
from mavsr.model.quantization import own_format


def best_device() -> str:
    """A GPU if there is one."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def load_trained(folder: ModelFolder, device: str | torch.device) -> MatryoshkaModel:
    """The network of a model's folder over its LLM, in eval mode, on ``device``.

    Args:
        folder: from :func:`mavsr.model.folder.read_model_folder`, which has compared its files.
        device: where weights go.

    Raises:
        InputError: the LLM or its tokenizer is not the one that the model was trained over, or a
            file does not fit the settings.
    """
    settings = folder.settings
    check_llm(folder, llm_folder(settings.llm, settings.llm_revision))
    network = MatryoshkaModel(settings, folder.dims)
    network.load(folder.path)
    if torch.device(device).type == "cpu" and network.llm.dtype == torch.float16:
        for parameter in own_format(network.llm):
            # Processors have no products in float16: twice as fast, and exact.
            parameter.data = parameter.data.float()
    return network.to(device).eval()
