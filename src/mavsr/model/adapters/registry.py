"""From a method's name to its adapter, put into an LLM."""

from importlib import import_module
from typing import Any

from torch import nn

from mavsr.model.adapters.base import Adapter
from mavsr.model.methods import method_of
from mavsr.model.settings import ModelSettings


def make_adapter(llm: nn.Module, settings: ModelSettings) -> Adapter:
    """Put the adapter of ``settings.method`` into ``llm``, which is changed.

    Raises:
        InputError: the LLM lacks the layers that the adapter is for.
    """
    options = method_of(settings.method).options
    return adapter_module(settings.method).make(llm, settings, **options)


def adapter_module(method: str) -> Any:
    """The module of a method's adapter.

    It has ``make(llm, settings, **options)``, which returns an :class:`Adapter`, and
    ``export(folder, settings, scale, output)``, which takes from a saved adapter's ``folder`` what
    one scale needs and writes it to ``output``.
    """
    return import_module(f"mavsr.model.adapters.{method_of(method).adapter}")
