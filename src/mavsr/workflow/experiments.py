"""From the config to the list of models and evaluations it asks for.

A model's name says what it is: corpus, task, encoders, LLM, method (with the sizes of its experts),
compression, rates and seed. So a changed config asks for new paths and leaves old results where
they are. How models are trained in common (learning rate, epochs) is not in their names: changing
that retrains them in place. What an entry's own ``training`` states is.
"""

from dataclasses import fields, replace
from itertools import product
from typing import Any

from mavsr.config.config import Config
from mavsr.config.experiments import AllRates, Entry, Setup
from mavsr.config.training import TrainingSettings
from mavsr.errors import InputError
from mavsr.model.compressions import compression_of
from mavsr.model.methods import method_of
from mavsr.model.named import TUNED, Model, mixture_name
from mavsr.model.scales import MODALITIES, Scale, all_scales, tasks_of
from mavsr.model.settings import ModelSettings
from mavsr.noise.condition import parts
from mavsr.workflow.evaluations import Evaluation, check_start, choices, models_of
from mavsr.workflow.reuse import serving


def evaluations(config: Config, experiment: str) -> list[Evaluation]:
    """What ``experiment`` asks for, in the order of the config, without repetitions."""
    return evaluations_by_experiment(config)[experiment]


def evaluations_by_experiment(config: Config) -> dict[str, list[Evaluation]]:
    """Name of an experiment -> what it asks for, in the order of the config, without repetitions.

    Entries on a corpus that ``use_corpora`` does not name are left out, so are tests on such a
    corpus, and experiments that ``use_experiments`` does not name. Under ``reuse_superset`` a model
    may be one of more rates, which another experiment asks for.
    """
    asked = {name: _asked(config, name) for name in config.experiments}
    check_start(config, asked)
    if not config.reuse_superset:
        return asked
    models = dict.fromkeys(e.model for found in asked.values() for e in found)
    used = serving(models)
    return {
        name: list(dict.fromkeys(replace(e, model=used[e.model]) for e in found))
        for name, found in asked.items()
    }


def _asked(config: Config, experiment: str) -> list[Evaluation]:
    if not config.is_used(experiment):
        return []
    found: dict[Evaluation, None] = {}
    for number, entry in enumerate(config.experiments[experiment]):
        setup, rates = entry.over(config.setup), entry.rates.over(config.rates)
        for name in entry.imported:
            model = imported_model(config, name, setup.tested[0])
            chosen = _chosen(model.settings.scales, entry.scales)
            tested = config.tested(setup, trained=False)
            for corpus, condition, scale in product(tested, setup.conditions, chosen):
                found[Evaluation(model, condition, scale, corpus)] = None
        tested = config.tested(setup)
        for method in entry.methods if tested else ():
            try:
                models = [
                    model
                    for seed in setup.every_seed
                    for model in _models(config, entry, setup, rates, method, seed)
                ]
                training_settings(config, models[0][0])  # complains of what does not go together
            except InputError as error:
                raise InputError(f"config: experiments.{experiment}[{number}]: {error}") from None
            every = list(dict.fromkeys(scale for _, served in models for scale in served))
            chosen = _chosen(every, entry.scales)
            for model, served in models:
                own = [scale for scale in served if scale in chosen]
                for corpus, condition, scale in product(tested, setup.conditions, own):
                    if _concerns(condition, scale):
                        found[Evaluation(model, condition, scale, corpus)] = None
    return list(found)


def _concerns(condition: str, scale: Scale) -> bool:
    """Whether a condition means anything at a scale: of a model of several tasks not all do."""
    return all(set(part.needs) <= set(scale.rates) for part in parts(condition))


def _chosen(scales: list[Scale], wanted: str) -> list[Scale]:
    """Of a method's scales, those that an experiment decodes of each task.

    Args:
        scales: in their order.
        wanted: ``all``, ``first`` or ``ends``.
    """
    by_task: dict[str, list[Scale]] = {}
    for scale in scales:
        by_task.setdefault(scale.task, []).append(scale)
    return [scale for own in by_task.values() for scale in _of_one_task(own, wanted)]


def _of_one_task(scales: list[Scale], wanted: str) -> list[Scale]:
    ends = list(dict.fromkeys([scales[0], scales[-1]]))
    return {"all": scales, "first": scales[:1], "ends": ends}[wanted]


def validations(config: Config) -> list[Evaluation]:
    """The evaluations that are repeated on the validation split, without repetitions."""
    return list(dict.fromkeys(choices(evaluations_by_experiment(config))))


def all_evaluations(config: Config) -> list[Evaluation]:
    """The evaluations of every experiment, without repetitions."""
    found = [e for wanted in evaluations_by_experiment(config).values() for e in wanted]
    return list(dict.fromkeys(found))


def all_models(config: Config) -> dict[str, Model]:
    """Name -> every model that an experiment needs."""
    return models_of(all_evaluations(config))


def trained_models(config: Config) -> dict[str, Model]:
    """Name -> every model that is trained here."""
    return {name: model for name, model in all_models(config).items() if not model.imported}


def imported_model(config: Config, name: str, corpus: str) -> Model:
    """The model of an entry of ``imported``, to be decoded on a corpus.

    Its settings say which scales it has. What decoding reads stands in its ``run.json``.
    """
    imported = config.imported[name]
    llm, modalities = config.llms[imported.llm], MODALITIES[imported.task]
    settings = ModelSettings(
        task=imported.task,
        method=imported.method,
        compression=imported.compression,
        audio_rates=imported.rates.audio if "audio" in modalities else (),
        video_rates=imported.rates.video if "video" in modalities else (),
        llm=llm.path,
        llm_revision=llm.revision,
        lora_rank=llm.lora_rank,
        lora_scale=llm.lora_scale,
        projector_hidden=config.projector.hidden,
        projector_layer_norm=config.projector.layer_norm,
        seed=0,
    )
    encoders = tuple((m, imported.encoder(m) or "") for m in modalities)
    return Model(corpus, encoders, imported.llm, settings, name, imported.label)


def training_settings(config: Config, model: Model) -> TrainingSettings:
    """How a model is trained: as all, but for what its task and its entry state."""
    common = {f.name: getattr(config.training, f.name) for f in fields(TrainingSettings)}
    per_task = getattr(config.training.per_task, model.settings.task)
    own = {key: value for key, value in model.tuned if key in common}
    return TrainingSettings(**{**common, **(per_task.given if per_task else {}), **own})


def _models(
    config: Config, entry: Entry, setup: Setup, rates: AllRates, method: str, seed: int
) -> list[tuple[Model, list[Scale]]]:
    """The models by which ``method`` covers all rates, each with the scales it is decoded at."""
    modalities = MODALITIES[setup.task]
    own = {m: getattr(rates, m) if m in modalities else () for m in ("audio", "video")}
    scales = all_scales(setup.task, own["audio"], own["video"])
    match method_of(method).models:
        case "per scale":
            trained = _one_per_rates(setup.task, own)
        case "uncompressed":
            trained = [({m: (1,) if m in modalities else () for m in own}, scales)]
        case _:
            trained = [(own, scales)]
    common = {**_settings(config, entry, setup, method), "seed": seed}
    encoders = {"audio": setup.audio_encoder, "video": setup.video_encoder}
    return [
        (
            Model(
                mixture_name(setup.trained),
                tuple((m, encoders[m]) for m in modalities),
                setup.llm,
                ModelSettings(**common, audio_rates=at["audio"], video_rates=at["video"]),
                tuned=_tuned(entry, setup.task, method),
                mixed=setup.trained if len(setup.trained) > 1 else (),
            ),
            served,
        )
        for at, served in trained
    ]


def _one_per_rates(
    task: str, rates: dict[str, tuple[int, ...]]
) -> list[tuple[dict[str, tuple[int, ...]], list[Scale]]]:
    """Rates of one model for each rate or pair of rates, and the scales that it is decoded at.

    Models of several tasks have one-modality scales in common; the first of them is decoded there.
    """
    found: list[tuple[dict[str, tuple[int, ...]], list[Scale]]] = []
    served: set[Scale] = set()
    (*_, most) = tasks_of(task)
    for pair in all_scales(most, rates["audio"], rates["video"]):
        at: dict[str, tuple[int, ...]] = {
            m: (pair.rates[m],) if m in MODALITIES[task] else () for m in rates
        }
        own = [s for s in all_scales(task, at["audio"], at["video"]) if s not in served]
        served |= set(own)
        found.append((at, own))
    return found


def _tuned(entry: Entry, task: str, method: str) -> tuple[tuple[str, Any], ...]:
    """Training settings that an entry states, those that its models do not read left out."""
    given = entry.training.given if entry.training else {}
    lora, both = method_of(method).adapter == "lora", len(MODALITIES[task]) == 2
    reads = {"lora_rank": lora, "audio_dropout": both, "video_dropout": both}
    return tuple((key, given[key]) for key in TUNED if key in given and reads.get(key, True))


def _settings(config: Config, entry: Entry, setup: Setup, method: str) -> dict[str, Any]:
    """Settings of a model but for its rates and seed; what its method does not read is left out."""
    llm, lora = config.llms[setup.llm], method_of(method).adapter == "lora"
    sections = {method_of(method).section, compression_of(setup.compression).section}
    rank = dict(_tuned(entry, setup.task, method)).get("lora_rank", llm.lora_rank)
    return {
        "task": setup.task,
        "method": method,
        "compression": setup.compression,
        "llm": llm.path,
        "llm_revision": llm.revision,
        "quantization": llm.quantization,
        "lora_rank": rank if lora else None,
        "lora_scale": llm.lora_scale if lora else None,
        "lora_targets": llm.lora_targets if lora else None,
        "projector_hidden": config.projector.hidden,
        "projector_layer_norm": config.projector.layer_norm,
        "mome": entry.mome.over(config.mome, llm) if "mome" in sections else None,
        "resampler": entry.resampler.over(config.resampler) if "resampler" in sections else None,
    }
