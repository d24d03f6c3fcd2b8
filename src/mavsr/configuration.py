"""Check a config before anything runs: the schema first, then what ties its sections together."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from mavsr.errors import InputError
from mavsr.model.scales import TASKS

SCHEMA = Path(__file__).parents[2] / "workflow" / "schemas" / "config.schema.yaml"


def check_config(config: Mapping[str, Any]) -> None:
    """Raise InputError, naming the key and the remedy, if ``config`` cannot be run."""
    schema = yaml.safe_load(SCHEMA.read_text())
    validator = jsonschema.Draft202012Validator(schema)
    errors = sorted(validator.iter_errors(config), key=lambda e: ([*map(str, e.path)], e.validator))
    if errors:
        raise InputError("config: " + "\n        ".join(map(_explain, errors)))
    _check_references(config)


def _explain(error: jsonschema.ValidationError) -> str:
    place = ".".join(map(str, error.path)) or "the top level"
    if error.validator == "additionalProperties":
        known = list(error.schema["properties"])
        unknown = next(key for key in error.instance if key not in known)
        near = difflib.get_close_matches(unknown, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(known)}"
        return f"unknown key {unknown!r} at {place}; {hint}"
    if error.validator == "required":
        return f"{error.message} at {place}"
    what = error.schema.get("description")
    return f"{place} is {error.instance!r}: {error.message}" + (f" ({what})" if what else "")


def _check_references(config: Mapping[str, Any]) -> None:
    for modality, rates in config["rates"].items():
        _check_ascending(rates, f"rates.{modality}")
    if config["setup"].get("rates"):
        raise InputError("config: setup.rates is not a key; set `rates` at the top level")
    for name, entries in config["experiments"].items():
        for number, entry in enumerate(entries):
            place = f"experiments.{name}[{number}]"
            setup = {**config["setup"], **entry}
            for modality, rates in entry.get("rates", {}).items():
                _check_ascending(rates, f"{place}.rates.{modality}")
            _check_name(setup["corpus"], config["corpora"], f"{place}.corpus", "corpora")
            _check_name(setup["llm"], config["llms"], f"{place}.llm", "llms")
            for modality in TASKS[setup["task"]]:
                _check_encoder(config, setup[f"{modality}_encoder"], modality, place)


def _check_ascending(rates: list[int], place: str) -> None:
    if list(rates) != sorted(set(rates)):
        raise InputError(f"config: {place} is {rates}: list each rate once, ascending")


def _check_name(name: str, known: Mapping[str, Any], place: str, section: str) -> None:
    if name not in known:
        raise InputError(
            f"config: {place} is {name!r}, which is not under `{section}` ({', '.join(known)})"
        )


def _check_encoder(config: Mapping[str, Any], name: str, modality: str, place: str) -> None:
    _check_name(name, config["encoders"], f"{place}.{modality}_encoder", "encoders")
    kind = config["encoders"][name]["kind"]
    if (kind == "whisper") != (modality == "audio"):
        raise InputError(
            f"config: {place}.{modality}_encoder is {name!r}, a {kind} encoder, which does not "
            f"encode {modality}"
        )
