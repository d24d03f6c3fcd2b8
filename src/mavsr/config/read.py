"""From YAML to a checked config, as Snakemake and every command see it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import to_jsonable_python

from mavsr.config.check import check_config
from mavsr.config.config import Config
from mavsr.config.explain import explain
from mavsr.config.local_models import read_locally
from mavsr.config.renamed import refuse_renamed
from mavsr.config.texts import adapter, restore_types
from mavsr.config.unique import read_unique
from mavsr.errors import InputError

DEFAULT = Path(__file__).parents[3] / "config.yaml"


def read_config(paths: Sequence[Path]) -> Config:
    """The config that Snakemake would see: config.yaml, changed by each file in turn, checked.

    Raises:
        InputError: a file is missing or no YAML mapping, has a key twice, or the config cannot be
            run.
    """
    config: dict[str, Any] = {}
    for path in [DEFAULT, *paths]:
        try:
            part = read_unique(path)
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise InputError(f"config {path} cannot be read ({error})") from error
        if not isinstance(part, Mapping):
            raise InputError(f"config {path} holds no `key: value`")
        config = merged(config, part)
    return parse_config(config)


def parse_config(config: Mapping[str, Any]) -> Config:
    """The checked config of merged YAML, which stays as it is.

    Raises:
        InputError: it cannot be run; the message names the key and the remedy.
    """
    own = merged({}, config)
    refuse_renamed(own)
    expand_homes(own)
    read_locally(own)
    restore_types(own)
    try:
        found = adapter().validate_python(own)
    except ValidationError as error:
        raise InputError("config: " + "\n        ".join(explain(error, Config))) from None
    check_config(found)
    return found


def plain(settings: Any) -> Any:
    """A config, or a part of it, as JSON knows it."""
    return to_jsonable_python(settings)


def expand_homes(section: Any, place: str = "") -> None:
    """Write out ``~`` at the beginning of values, in place: jobs would take it for a folder's name.

    Args:
        section: mapping or list of the config.
        place: its key, for messages.

    Raises:
        InputError: there is no such user.
    """
    for key in section if isinstance(section, Mapping) else range(len(section)):
        value, where = section[key], f"{place}.{key}".lstrip(".")
        if isinstance(value, Mapping | list):
            expand_homes(value, where)
        elif isinstance(value, str) and value.startswith("~"):
            try:
                section[key] = str(Path(value).expanduser())
            except RuntimeError as error:
                raise InputError(f"config: {where} is {value!r}: {error}") from error


def merged(config: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Mappings are merged, anything else replaced, as Snakemake does; nothing is shared."""
    found = dict(config)
    for key, value in change.items():
        old = found.get(key)
        if isinstance(value, Mapping):
            found[key] = merged(old if isinstance(old, Mapping) else {}, value)
        else:
            found[key] = _copied(value)
    return found


def _copied(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [merged({}, v) if isinstance(v, Mapping) else _copied(v) for v in value]
    return value
