"""What ties the sections of a config together."""

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from mavsr.config.check_places import check_places
from mavsr.config.config import Config
from mavsr.config.experiments import Entry
from mavsr.config.noise import TESTED
from mavsr.errors import InputError
from mavsr.model.compressions import compression_of
from mavsr.model.methods import method_of
from mavsr.model.scales import MODALITIES
from mavsr.noise.condition import BABBLE, parts
from mavsr.tokens import LARGEST_POOLED_RATE

MEASURED = ("validation", "adaptive", "confidence", "differences", "cost")
"""What is measured of an experiment, in files called ``<experiment>_<what>``."""


def check_config(config: Config) -> None:
    """Raise InputError, naming the key and the remedy, if the sections do not fit each other."""
    for key, known in (("use_experiments", config.experiments), ("use_corpora", config.corpora)):
        for number, name in enumerate(getattr(config, key) or []):
            _check_name(name, f"{key}[{number}]", known, key.removeprefix("use_"))
    for name, entries in config.experiments.items():
        for number, entry in enumerate(entries):
            _check_entry(config, entry, f"experiments.{name}[{number}]", config.is_used(name))
    _check_imported(config)
    _check_experiments(config)
    check_places(config)
    for name, noise in config.noises.items():
        if noise.corpus not in (None, TESTED):
            _check_name(noise.corpus, f"noises.{name}.corpus", config.corpora, "corpora")
    if not any(
        config.is_run(entry)
        for name, entries in config.experiments.items()
        if config.is_used(name)
        for entry in entries
    ):
        raise InputError(
            f"config: use_experiments: {', '.join(config.use_experiments or ['all'])} and "
            f"use_corpora: {', '.join(config.use_corpora or ['all'])} leave nothing to run, as no "
            "entry of these experiments is on these corpora; change one, or set it to null"
        )


def _check_entry(config: Config, entry: Entry, place: str, used: bool) -> None:
    """Raise InputError if an entry of an experiment does not fit the other sections.

    Args:
        config: all sections.
        entry: one of ``experiments``.
        place: its key path.
        used: whether its experiment runs; how models of others are decoded is not looked at.
    """
    for name in entry.imported:
        _check_imported_model(config, name, place)
        if used:
            _check_conditions(config, entry, config.imported[name].task, place)
    _check_setup(config, entry, place)
    task = entry.over(config.setup).task
    if entry.methods and used:
        _check_conditions(config, entry, task, place)
    if used and config.features.store == "pooled":
        _check_stored_tokens(config, entry, place)


def _check_imported_model(config: Config, name: str, place: str) -> None:
    """Raise InputError if an imported model of an entry, or a part of it, is not there."""
    _check_name(name, f"{place}.imported", config.imported, "imported")
    model = config.imported[name]
    _check_name(model.llm, f"imported.{name}.llm", config.llms, "llms")
    for modality in MODALITIES[model.task]:
        key = f"imported.{name}.{modality}_encoder"
        _check_encoder(config, model.encoder(modality) or "", key, modality)


def _check_setup(config: Config, entry: Entry, place: str) -> None:
    """Raise InputError if the setup of an entry, its own or inherited, is not of this config."""
    setup = entry.over(config.setup)
    # Complain where the value stands: in the entry, or in what it inherits.
    where = {
        field.name: f"{place if getattr(entry, field.name) is not None else 'setup'}.{field.name}"
        for field in fields(setup)
    }
    for method in entry.methods:
        try:
            method_of(method)
        except InputError as error:
            raise InputError(f"config: {place}.methods: {error}") from None
    for corpus, _ in setup.trained:
        place_of = where["corpora" if setup.corpora else "corpus"]
        _check_name(corpus, place_of, config.corpora, "corpora")
        if entry.methods:
            _check_splits(config, corpus, place_of, "train", "val")
    for corpus in setup.tested:
        _check_name(corpus, where["tests"], config.corpora, "corpora")
        _check_splits(config, corpus, where["tests"], "test")
    if len(setup.trained) > 1 and config.features.mode == "online" and entry.methods:
        raise InputError(
            f"config: {where['corpora']} names several corpora, which features.mode: online cannot "
            "train on; use mode: cached"
        )
    _check_name(setup.llm, where["llm"], config.llms, "llms")
    try:
        entry.mome.over(config.mome, config.llms[setup.llm])
        entry.resampler.over(config.resampler)
    except InputError as error:
        raise InputError(f"config: {place}: {error}") from None
    for modality in MODALITIES[setup.task]:
        name, key = getattr(setup, f"{modality}_encoder"), where[f"{modality}_encoder"]
        _check_encoder(config, name, key, modality)


def _check_stored_tokens(config: Config, entry: Entry, place: str) -> None:
    """Raise InputError if a model of an entry needs audio tokens that are not kept one by one."""
    setup = entry.over(config.setup)
    if entry.methods and "audio" in MODALITIES[setup.task]:
        _check_pooling(place, setup.compression, entry.rates.over(config.rates).audio)
    for name in entry.imported:
        model = config.imported[name]
        if "audio" in MODALITIES[model.task]:
            _check_pooling(f"imported.{name}", model.compression, model.rates.audio)


def _check_conditions(config: Config, entry: Entry, task: str, place: str) -> None:
    """Raise InputError if a condition of an entry means nothing for a task, or names no noise."""
    where = f"{place}.conditions" if entry.conditions is not None else "setup.conditions"
    for name in entry.over(config.setup).conditions:
        for part in parts(name):
            if part.noise not in (BABBLE, *config.noises):
                known = ", ".join(config.noises) or "nothing there"
                raise InputError(
                    f"config: {where}: {name} is about a noise {part.noise!r}, which is not under "
                    f"`noises` ({known}); babble is snr_{part.number:g}"
                )
            talking = config.noises[part.noise].corpus if part.noise != BABBLE else None
            if talking is not None and talking in config.corpora:
                _check_splits(config, talking, f"noises.{part.noise}.corpus", "test")
            if lacking := set(part.needs) - set(MODALITIES[task]):
                raise InputError(
                    f"config: {where}: {name} means nothing for {place}, whose task {task} has no "
                    f"{lacking.pop()}; leave it out, or give the entry `conditions` of its own"
                )


def _check_experiments(config: Config) -> None:
    """Raise InputError if an experiment is called as what is measured of another one."""
    for name in config.experiments:
        for measured in MEASURED:
            if f"{name}_{measured}" in config.experiments:
                raise InputError(
                    f"config: experiments.{name}_{measured} is called as what the workflow "
                    f"measures of experiments.{name}; choose another name"
                )


def _check_imported(config: Config) -> None:
    """Raise InputError if an imported model is decoded first on one corpus and first on another.

    Results on its first corpus lie under the model's name alone, which does not say which that is.
    Nor may the config have its LLM quantised, which nothing would do.
    """
    corpora: dict[str, set[str]] = {}
    for experiment, entries in config.experiments.items():
        for entry in entries if config.is_used(experiment) else ():
            for name in entry.imported:
                corpora.setdefault(name, set()).add(entry.over(config.setup).tested[0])
    for name, found in corpora.items():
        llm = config.imported[name].llm
        if quantization := config.llms[llm].quantization:
            raise InputError(
                f"config: imported.{name}.llm is {llm}, whose quantization is {quantization}; an "
                "imported model is decoded over its LLM as it is: name an entry of llms without "
                "quantization"
            )
        if len(found) > 1:
            raise InputError(
                f"config: imported.{name} is decoded on {' and '.join(sorted(found))}, and the "
                "results of both would lie in one folder; name both in `tests` of its entries, in "
                "one order, or import it again under another name"
            )


def _check_encoder(config: Config, name: str, place: str, modality: str) -> None:
    _check_name(name, place, config.encoders, "encoders")
    encoder = config.encoders[name]
    if encoder.modality != modality:
        raise InputError(
            f"config: {place} is {name!r}, a {encoder.kind} encoder, which does not encode "
            f"{modality}"
        )


def _check_splits(config: Config, corpus: str, place: str, *needed: str) -> None:
    """Raise InputError if ready-made crops have no list of a split that is needed."""
    splits = config.corpora[corpus].reading.get("splits", {})
    for split in needed:
        if splits and not splits[split]:
            raise InputError(
                f"config: {place} needs the split {split!r} of {corpus}, and "
                f"corpora.{corpus}.splits.{split} names nothing; add its lists or archives"
            )


def _check_name(name: str, place: str, known: Iterable[Any], section: str) -> None:
    if name not in known:
        raise InputError(
            f"config: {place} is {name!r}, which is not under `{section}` ({', '.join(known)})"
        )


def _check_pooling(place: str, compression: str, rates: tuple[int, ...]) -> None:
    if not compression_of(compression).pools:
        raise InputError(
            f"config: {place} has compression {compression}, which needs every audio token, and "
            "features.store: pooled does not keep them; use store: full"
        )
    if rates[-1] > LARGEST_POOLED_RATE:
        raise InputError(
            f"config: {place} has the audio rate {rates[-1]}; features.store: pooled is exact up "
            f"to {LARGEST_POOLED_RATE}, so use store: full"
        )
