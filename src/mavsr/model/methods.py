"""The methods by name: which adapter each puts into the LLM, and how many models it trains.

To add a method, write its adapter as a module of :mod:`mavsr.model.adapters` and add an entry here;
experiments then name it in their ``methods``. Nothing here imports torch: the workflow reads it.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from mavsr.errors import InputError


@dataclass(frozen=True)
class Method:
    """One way to train a Matryoshka model, or a baseline."""

    adapter: str
    """Module of :mod:`mavsr.model.adapters` whose ``make`` builds the adapter."""
    options: Mapping[str, object] = field(default_factory=dict)
    """What that module is told beside the model's settings."""
    models: Literal["one", "per scale", "uncompressed"] = "one"
    """One model for all rates, one for each rate or pair of rates, or one trained at rate 1 and
    pooled at test time."""
    omni: bool = False
    """Whether it trains one model for ASR, VSR and AVSR (task ``omni``), or one for each task."""
    section: str | None = None
    """Section of the config and field of the model's settings that says more of its adapter."""


METHODS = {
    "llama-avsr": Method("lora", {"shared": True}, models="per scale"),
    "mtsk-ms": Method("lora", {"shared": True}),
    "mtsk-ss": Method("lora", {"own": True}),
    "mtsk-mss": Method("lora", {"shared": True, "own": True}),
    "mome-mhsa-i": Method("mome", {"block": "mhsa"}, models="per scale", section="mome"),
    "mome-mhsa": Method("mome", {"block": "mhsa"}, section="mome"),
    "mome-ffn": Method("mome", {"block": "ffn"}, section="mome"),
    "mome-layer": Method("mome", {"block": "layer"}, section="mome"),
    "avgpool-at-inference": Method("lora", {"shared": True}, models="uncompressed"),
    "llama-mt": Method("lora", {"shared": True}, models="per scale", omni=True),
    "omni-s": Method("lora", {"shared": True}, omni=True),
    "omni-t": Method("lora", {"by_task": True}, omni=True),
    "omni-st": Method("lora", {"shared": True, "by_task": True}, omni=True),
    "omni-mome": Method("mome", {"block": "mhsa"}, omni=True, section="mome"),
}
"""Name -> method, in the order of the papers' tables."""


def method_of(name: str) -> Method:
    """The method called ``name``.

    Raises:
        InputError: there is none.
    """
    if name not in METHODS:
        near = difflib.get_close_matches(name, METHODS, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise InputError(f"method {name!r} is unknown; {hint}choose from {', '.join(METHODS)}")
    return METHODS[name]
