"""``cost``: what scales are chosen by, and how decoding is timed."""

from typing import Annotated, Literal

from mavsr.config.base import Key, settings

Budget = Literal["flops", "llm_flops", "tokens", "seconds"]
BUDGET: Budget = "flops"


@settings("cost")
class CostSettings:
    """What decoding costs."""

    budget: Annotated[
        Budget,
        Key(
            "What the budgets of results/elastic.csv are in, per utterance: FLOPs of encoders, "
            "projectors and LLM with all beams; those of the LLM's prefix alone (llm_flops, as in "
            "Table 4); tokens that the LLM reads before the transcript; or the seconds that "
            "decoding took, by which the table differs from run to run",
            ("write_table if chosen",),
        ),
    ] = BUDGET
