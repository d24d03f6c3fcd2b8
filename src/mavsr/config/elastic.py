"""``elastic``: rates that adapt to the utterance."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field, Strict

from mavsr.config.base import Key, settings
from mavsr.config.values import NotNegative

ADAPT = ("adapt_scales",)


def _scale(text: str) -> str:
    if not re.fullmatch(r"a[1-9]\d*_v[1-9]\d*|[av][1-9]\d*", text):
        raise ValueError("write a scale such as a16_v5, a16 or v5")
    return text


@settings("elastic")
class ElasticSettings:
    """Decode at a coarse scale first, and at the finest what that is unsure of."""

    start: Annotated[
        Annotated[str, Strict(), AfterValidator(_scale)] | None,
        Key("Scale that is decoded first, such as a16_v5; null takes a model's cheapest", ADAPT),
    ] = None
    threshold: Annotated[
        Annotated[float, Strict(), Field(le=0, allow_inf_nan=False)] | None,
        Key(
            "Log-probability of a transcript below which it is decoded again; null chooses on the "
            "validation split",
            ADAPT,
        ),
    ] = None
    tolerance: Annotated[
        NotNegative,
        Key(
            "Where the threshold is chosen: points of WER that the validation split may lose "
            "against the finest scale",
            ADAPT,
        ),
    ] = 0.3
