"""``pages``: what the pages of errors and of clips show."""

from typing import Annotated

from mavsr.config.base import Key, settings
from mavsr.config.values import Count


@settings("pages")
class Pages:
    """Pages to look at; they hold media of the corpus, whose licence decides who may see them."""

    worst: Annotated[
        Count,
        Key(
            "Utterances with most errors on a model's page (results/errors), for each condition",
            ("write_errors",),
        ),
    ] = 25
    clips: Annotated[
        Count,
        Key(
            "Test clips of a corpus that get a page of their own (results/report/clips), evenly "
            "over their names",
            ("write_clips",),
        ),
    ] = 40
