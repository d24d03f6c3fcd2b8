"""One model for the rates of several: the config's ``reuse_superset``.

A Matryoshka model of rates (4, 8, 16) can be used wherever one of (4, 16) is asked for. Which one
is used depends on the config alone, on the models that it asks for anyway: a graph that depended on
finished folders would be another one while they are being made.
"""

from collections.abc import Iterable
from dataclasses import fields

from mavsr.model.methods import method_of
from mavsr.model.named import Model
from mavsr.model.settings import ModelSettings

_SHARED = [field.name for field in fields(ModelSettings) if not field.name.endswith("_rates")]


def serving(asked: Iterable[Model]) -> dict[Model, Model]:
    """Every model that is asked for -> the one that is used in its place, mostly itself.

    Of several the one with the fewest scales is taken, then the first by name. What serves is
    served by nothing else, so no model is trained only to be replaced.

    Args:
        asked: the models of a config.
    """
    alike: dict[tuple[object, ...], list[Model]] = {}
    for model in asked:
        alike.setdefault(identity(model), []).append(model)
    used = {}
    for models in alike.values():
        largest = [m for m in models if not any(covers(other, m) for other in models if other != m)]
        for model in models:
            used[model] = _smallest(
                other for other in largest if other == model or covers(other, model)
            )
    return used


def covers(one: Model, other: Model) -> bool:
    """Whether ``one`` serves all scales of ``other``, from which it differs in rates at most."""
    return (
        method_of(one.settings.method).models == "one"
        and identity(one) == identity(other)
        and all(
            set(one.settings.rates(m)) >= set(other.settings.rates(m)) for m in ("audio", "video")
        )
    )


def identity(model: Model) -> tuple[object, ...]:
    """What models have in common that differ in rates alone."""
    settings = (getattr(model.settings, name) for name in _SHARED)
    names = model.corpus, model.encoders, model.llm, model.imported, model.tuned, model.mixed
    return *names, *settings


def _smallest(models: Iterable[Model]) -> Model:
    return min(models, key=lambda model: (len(model.settings.scales), model.name))
