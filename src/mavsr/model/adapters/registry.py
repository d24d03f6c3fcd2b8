"""From a method's name to its adapter, put into an LLM."""

from importlib import import_module

from torch import nn

from mavsr.model.adapters.base import Adapter
from mavsr.model.methods import method_of
from mavsr.model.settings import ModelSettings


def make_adapter(llm: nn.Module, settings: ModelSettings) -> Adapter:
    """Put the adapter of ``settings.method`` into ``llm``, which is changed.

    Raises:
        InputError: the LLM lacks the layers that the adapter is for.
    """
    method = method_of(settings.method)
    module = import_module(f"mavsr.model.adapters.{method.adapter}")
    return module.make(llm, settings, **method.options)
