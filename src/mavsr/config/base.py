"""How a section of the config is written: a frozen dataclass that checks itself when it is made."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar, dataclass_transform

from pydantic import ConfigDict, ValidationError
from pydantic.dataclasses import dataclass as checked_dataclass

from mavsr.config.explain import explain
from mavsr.errors import InputError

T = TypeVar("T")


@dataclass(frozen=True)
class Key:
    """What a key is for; it stands in the ``Annotated[...]`` of its field.

    Jobs are named by their rule, and by a condition where not all of the rule's jobs are meant:
    ``"extract_features if video"`` (:data:`mavsr.workflow.reads.CONDITIONS`).
    """

    help: str
    decides: tuple[str, ...] = ()
    """Jobs whose result depends on the value: a change reruns them."""
    runs: tuple[str, ...] = ()
    """Jobs that it tells how to run: time or memory, but no result beyond rounding."""
    plans: bool = False
    """Whether it decides which jobs there are, or what they are called or read."""
    unit: str = ""

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> Any:
        """Its words, for editors."""
        return {**handler(schema), "description": self.help}


@dataclass_transform(frozen_default=True)
def settings(place: str = "") -> Callable[[type[T]], type[T]]:
    """Decorator: a frozen dataclass whose values are checked by pydantic when it is made.

    Made by itself it raises InputError. As a part of a config it lets pydantic collect the errors
    of all parts.

    Args:
        place: key path of the section, for messages.
    """

    def decorate(plain: type[T]) -> type[T]:
        made: Any = checked_dataclass(plain, frozen=True, config=ConfigDict(extra="forbid"))
        check = made.__init__

        @wraps(check)
        def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
            try:
                check(self, *args, **kwargs)
            except ValidationError as error:
                raise InputError("; ".join(explain(error, type(self), place))) from None

        made.__init__ = __init__
        return made

    return decorate
