"""Check a config before anything runs: the schema first, then what ties its sections together."""

import difflib
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from mavsr.corpus.download.settings import DownloadSettings, RemoteFile, redacted, shown
from mavsr.corpus.readers import make_reader, reading_settings
from mavsr.errors import InputError
from mavsr.experiments import asked_models
from mavsr.model.methods import method_of
from mavsr.model.scales import TASKS
from mavsr.noise.condition import Condition
from mavsr.tokens import LARGEST_POOLED_RATE
from mavsr.trained import note_trained

_ROOT = Path(__file__).parents[2]
DEFAULT = _ROOT / "config.yaml"
SCHEMA = _ROOT / "workflow" / "schemas" / "config.schema.yaml"
ENCODES = {"whisper": "audio", "avhubert": "video"}
"""Kind of an encoder in the config -> the modality it encodes."""


def prepare_config(config: dict[str, Any]) -> None:
    """Bring a merged config, in place, into the form that everything reads, and check it.

    Raises:
        InputError: it cannot be run.
    """
    restore_types(config)
    expand_homes(config)
    check_config(config)


def restore_types(config: Mapping[str, Any]) -> None:
    """Turn text into numbers, in place, where the schema wants numbers.

    ``snakemake --config 'rates={audio: [4, 8]}'`` hands over everything inside braces as text, and
    YAML 1.1 takes ``1e-3`` for text.
    """
    for error in _validator().iter_errors(config):
        if error.validator == "type" and isinstance(error.instance, str):
            value = _meant(error.instance)
            if any(_validator().is_type(value, name) for name in _listed(error.validator_value)):
                *parents, last = error.absolute_path
                part: Any = config
                for key in parents:
                    part = part[key]
                part[last] = value


def _meant(text: str) -> Any:
    if re.fullmatch(r"[-+]?\d+[eE][-+]?\d+", text):
        return float(text)
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


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


def _listed(names: str | list[str]) -> list[str]:
    return [names] if isinstance(names, str) else names


@cache
def _validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(yaml.safe_load(SCHEMA.read_text()))


def read_config(paths: Sequence[Path]) -> dict[str, Any]:
    """The config that Snakemake would see: config.yaml, changed by each file in turn, checked.

    Raises:
        InputError: a file is missing or no YAML mapping, or the config cannot be run.
    """
    config: dict[str, Any] = {}
    for path in [DEFAULT, *paths]:
        try:
            part = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise InputError(f"config {path} cannot be read ({error})") from error
        if not isinstance(part, Mapping):
            raise InputError(f"config {path} holds no `key: value`")
        config = _merged(config, part)
    prepare_config(config)
    note_trained(config)
    return config


def _merged(config: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Mappings are merged, anything else replaced, as Snakemake does."""
    merged = dict(config)
    for key, value in change.items():
        old = merged.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            merged[key] = _merged(old, value)
        else:
            merged[key] = value
    return merged


def check_config(config: Mapping[str, Any]) -> None:
    """Raise InputError, naming the key and the remedy, if ``config`` cannot be run."""
    validator = _validator()
    errors = sorted(validator.iter_errors(config), key=lambda e: ([*map(str, e.path)], e.validator))
    if errors:
        # A url may hold a password, which it must not; the message must not either.
        raise InputError("config: " + redacted("\n        ".join(map(_explain, errors))))
    _check_detector(config["mouths"])
    _check_references(config)
    if not asked_models(config):
        raise InputError(
            f"config: use_experiments: {_listed_or_all(config['use_experiments'])} and "
            f"use_corpora: {_listed_or_all(config['use_corpora'])} leave nothing to run, as no "
            "entry of these experiments is on these corpora; change one, or set it to null"
        )


def _listed_or_all(names: Sequence[str] | None) -> str:
    return ", ".join(names or ["all"])


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


def _check_detector(mouths: Mapping[str, Any]) -> None:
    detector, retinaface = mouths["detector"], mouths["retinaface"]
    if detector == "landmarks" and mouths["landmarks"] is None:
        raise InputError(
            "config: mouths.detector is 'landmarks', but mouths.landmarks names no folder"
        )
    if detector == "retinaface" and retinaface["weights"] is None:
        raise InputError(
            "config: mouths.detector is 'retinaface', but mouths.retinaface.weights names no file "
            "or URL"
        )
    if "://" in (retinaface["weights"] or "") and retinaface["sha256"] is None:
        raise InputError(
            "config: mouths.retinaface.weights is a URL; give the file's mouths.retinaface.sha256"
        )


def _check_references(config: Mapping[str, Any]) -> None:
    for name, corpus in config["corpora"].items():
        _check_corpus(name, corpus)
    for number, name in enumerate(config["use_experiments"] or []):
        _check_name(name, f"use_experiments[{number}]", config["experiments"], "experiments")
    for number, name in enumerate(config["use_corpora"] or []):
        _check_name(name, f"use_corpora[{number}]", config["corpora"], "corpora")
    _check_downloads(config)
    if (baseline := config["scoring"]["baseline"]) is not None:
        _check_methods([baseline], "scoring.baseline")
    for modality, rates in config["rates"].items():
        _check_ascending(rates, f"rates.{modality}")
    for name, entries in config["experiments"].items():
        for number, entry in enumerate(entries):
            for modality, rates in entry.get("rates", {}).items():
                _check_ascending(rates, f"experiments.{name}[{number}].rates.{modality}")
            _check_methods(entry["methods"], f"experiments.{name}[{number}].methods")
            setup = {key: (value, f"setup.{key}") for key, value in config["setup"].items()}
            # Complain where the value stands: in the entry, or in what it inherits.
            setup |= {k: (v, f"experiments.{name}[{number}].{k}") for k, v in entry.items()}
            for condition in setup["conditions"][0]:
                Condition.parse(condition)
            _check_name(*setup["corpus"], config["corpora"], "corpora")
            _check_name(*setup["llm"], config["llms"], "llms")
            for modality in TASKS[setup["task"][0]]:
                _check_encoder(*setup[f"{modality}_encoder"], config["encoders"], modality)
            used = name in (config["use_experiments"] or config["experiments"])
            pooled = used and config["features"]["store"] == "pooled"
            if pooled and "audio" in TASKS[setup["task"][0]]:
                rates = {**config["rates"], **entry.get("rates", {})}["audio"]
                _check_pooling(f"experiments.{name}[{number}]", setup["compression"][0], rates)


def _check_corpus(name: str, corpus: Mapping[str, Any]) -> None:
    try:
        make_reader(reading_settings(corpus))
    except InputError as error:
        raise InputError(f"config: corpora.{name}: {error}") from error


def _check_downloads(config: Mapping[str, Any]) -> None:
    place = "noise.babble"
    try:
        if isinstance(babble := config["noise"]["babble"], Mapping):
            RemoteFile(**babble)
        elif "://" in (babble or ""):
            raise InputError(f"to download {shown(babble)}, write {{url: ..., sha256: null}}")
        for name, corpus in config["corpora"].items():
            place = f"corpora.{name}.download"
            if section := corpus.get("download"):
                DownloadSettings.of_config(section)
                if corpus["kind"] == "portrait":
                    raise InputError("a corpus of kind portrait is made, not downloaded; remove it")
    except InputError as error:
        raise InputError(f"config: {place}: {error}") from None


def _check_methods(methods: list[str], place: str) -> None:
    for method in methods:
        try:
            method_of(method)
        except InputError as error:
            raise InputError(f"config: {place}: {error}") from None


def _check_ascending(rates: list[int], place: str) -> None:
    if list(rates) != sorted(set(rates)):
        raise InputError(f"config: {place} is {rates}: list each rate once, ascending")


def _check_name(name: str, place: str, known: Mapping[str, Any], section: str) -> None:
    if name not in known:
        raise InputError(
            f"config: {place} is {name!r}, which is not under `{section}` ({', '.join(known)})"
        )


def _check_pooling(place: str, compression: str, rates: Sequence[int]) -> None:
    if compression == "stack":
        raise InputError(
            f"config: {place} stacks audio tokens, which features.store: pooled does not keep; "
            "use store: full"
        )
    if rates[-1] > LARGEST_POOLED_RATE:
        raise InputError(
            f"config: {place} has the audio rate {rates[-1]}; features.store: pooled is exact up "
            f"to {LARGEST_POOLED_RATE}, so use store: full"
        )


def _check_encoder(name: str, place: str, encoders: Mapping[str, Any], modality: str) -> None:
    _check_name(name, place, encoders, "encoders")
    kind = encoders[name]["kind"]
    if ENCODES[kind] != modality:
        raise InputError(
            f"config: {place} is {name!r}, a {kind} encoder, which does not encode {modality}"
        )
