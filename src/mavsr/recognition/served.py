"""What is decoded where a recording lacks audio or video: less, or black and silence for it.

A model whose scales also hear or see alone, as Omni-AVSR's do, goes on with what is there, at the
same rate (a4 for a4_v2). A model that was only trained on both gets black pictures or silence.
"""

from collections.abc import Collection, Iterable

from mavsr.model.scales import Scale, modalities_of


def served(scale: Scale, there: Collection[str], trained: Collection[Scale]) -> Scale | None:
    """The scale that is decoded of a part; None if nothing is there that ``scale`` takes.

    Args:
        scale: what was asked for.
        there: modalities of the part.
        trained: all scales of the model.

    """
    less = scale.only(there)
    return scale if less and less not in trained else less


def indispensable(scales: Iterable[Scale], trained: Collection[Scale]) -> tuple[str, ...]:
    """Modalities without which a model is not asked, since no scale is left for the rest.

    Args:
        scales: what was asked for.
        trained: all scales of the model.

    """
    scales = [*scales]
    found = modalities_of(scales)
    return tuple(m for m in found if not any(_goes_without(s, m, trained) for s in scales))


def _goes_without(scale: Scale, modality: str, trained: Collection[Scale]) -> bool:
    return scale.only({*scale.rates} - {modality}) in trained
