"""Types of the names of noises and conditions, which training knows nothing of."""

from typing import Annotated

from pydantic import AfterValidator, Strict, WithJsonSchema

from mavsr.config.values import written
from mavsr.noise.condition import RESERVED, WAYS, parts

NoiseName = written(
    rf"(?!(?:{'|'.join(sorted(RESERVED))})$)[A-Za-z][A-Za-z0-9-]*",
    f"letters, digits and '-', a letter first; {', '.join(sorted(RESERVED))} have other meanings",
)


def _condition(name: str) -> str:
    parts(name)
    return name


ConditionName = Annotated[
    str,
    Strict(),
    AfterValidator(_condition),
    WithJsonSchema(
        {"type": "string", "pattern": r"^[A-Za-z][A-Za-z0-9_.+-]*$", "description": WAYS}
    ),
]
"""What is done to the clips of a test."""
