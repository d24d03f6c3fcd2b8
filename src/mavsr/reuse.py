"""One model for the rates of several: the config's ``reuse_superset``.

A Matryoshka model of rates (4, 8, 16) can be used wherever one of (4, 16) is asked for. Which one
is used depends on the config first: on the models that it asks for anyway. Only where that names
none of more rates do the finished models of earlier configs count.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace

from mavsr.model.methods import method_of
from mavsr.model.named import Model
from mavsr.model.settings import ModelSettings

Rates = Mapping[str, Sequence[int]]
"""``audio`` and ``video`` -> the rates of a model."""
_SHARED = [field.name for field in fields(ModelSettings) if not field.name.endswith("_rates")]


def serving(asked: Iterable[Model], trained: Mapping[str, Rates]) -> dict[Model, Model]:
    """Every model that is asked for -> the one that is used in its place, mostly itself.

    Of several the one with the fewest scales is taken, then the first by name. What serves is
    served by nothing else, so no model is trained only to be replaced.

    Args:
        asked: the models of a config.
        trained: name -> rates of finished models.
    """
    alike: dict[tuple[object, ...], list[Model]] = {}
    for model in asked:
        alike.setdefault(identity(model), []).append(model)
    used = {}
    for models in alike.values():
        largest = [m for m in models if not any(covers(other, m) for other in models if other != m)]
        for model in models:
            config_names = _smallest(
                other for other in largest if other == model or covers(other, model)
            )
            used[model] = _trained(config_names, trained)
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
    return model.corpus, model.encoders, model.llm, *settings


def at_rates(model: Model, rates: Rates) -> Model:
    """The same model at other rates."""
    audio, video = tuple(rates["audio"]), tuple(rates["video"])
    return replace(model, settings=replace(model.settings, audio_rates=audio, video_rates=video))


def _trained(model: Model, trained: Mapping[str, Rates]) -> Model:
    """The finished model that serves ``model``; itself if it is finished, or if there is none."""
    if model.name in trained or method_of(model.settings.method).models != "one":
        return model
    found = []
    for name, rates in trained.items():
        if all(set(rates[m]) >= set(model.settings.rates(m)) for m in rates):
            candidate = at_rates(model, rates)
            if candidate.name == name:
                found.append(candidate)
    return _smallest(found) if found else model


def _smallest(models: Iterable[Model]) -> Model:
    return min(models, key=lambda model: (len(model.settings.scales), model.name))
