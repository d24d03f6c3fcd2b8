"""What stops jobs sooner or later: said before hours of work, not after them.

That is the user's own files that are missing, parts of finished features that are lost, and folders
of other users. Workflow and stages let it pass while a run is only planned, so that a dry run needs
no data. A real run asks here first; ``python -m mavsr.corpus.check`` does too.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from mavsr.config.config import Config
from mavsr.config.local_models import is_hub_name
from mavsr.errors import InputError
from mavsr.provenance import is_installed
from mavsr.records import read_json
from mavsr.remedies import rebuild_command
from mavsr.workflow.experiments import all_evaluations
from mavsr.workflow.needs import used_splits
from mavsr.workflow.paths import TOYS

Job = tuple[str, Mapping[str, str]]
"""Name of a rule and the wildcards of one of its jobs; ``llm`` among them where it uses one."""
SAMPLES = "samples.parquet"
NAMED = 5
"""Lost files that a message names; more would hide what to do about them."""


def missing_files(config: Config, jobs: Iterable[Job]) -> list[str]:
    """What is not there of the user's own files that ``jobs`` read, each once, with the remedy.

    Files that the workflow makes or downloads do not count. Of a hub model ``config.json`` is
    fetched: so a gated one without a token shows before hours of features.
    """
    concerns: dict[str, dict[tuple[str, ...], Mapping[str, str]]] = {rule: {} for rule in _CHECKS}
    for rule, wildcards in jobs:
        if rule in _CHECKS:
            named = {key: wildcards[key] for key in _CONCERNED if key in wildcards}
            concerns[rule][tuple(named.values())] = named
    found = [
        sorted({line for named in those.values() for line in _CHECKS[rule](config, named)})
        for rule, those in concerns.items()
    ]
    return list(dict.fromkeys(line for lines in found for line in lines))


def check_files(config: Config, jobs: Iterable[Job]) -> None:
    """Raise InputError that names everything in :func:`missing_files`, if there is anything."""
    if missing := missing_files(config, jobs):
        raise InputError(
            "this run needs what is not there:\n"
            + "\n".join(missing)
            + "\nTo run what can be run without, ask for its files by name (docs/data.md)"
        )


def check_writable(outputs: Iterable[Path]) -> None:
    """Raise InputError if a folder that a run writes into is another user's.

    Args:
        outputs: files that the run makes; their folders may be missing yet.
    """
    folders = {next(place for place in path.parents if place.is_dir()) for path in outputs}
    if refused := sorted(str(place) for place in folders if not os.access(place, os.W_OK)):
        more = f" and {len(refused) - NAMED} more" if len(refused) > NAMED else ""
        raise InputError(
            f"this run would write into {', '.join(refused[:NAMED])}{more}, where you may not. "
            "`snakemake -n` says for each job why it would run. Features of another user are used "
            "as they are if corpus, mouths, noise and toy below results/ are that user's too "
            "(docs/reruns.md)"
        )


def check_features(indexes: Iterable[Path]) -> None:
    """Raise InputError that names what is lost of finished features, and what makes it anew.

    Snakemake does not look: jobs that read features depend on ``index.json``, which stands for all
    of the split's shards.

    Args:
        indexes: ``index.json`` of features that are read and not made by this run.
    """
    lost = {index: parts for index in indexes if (parts := _lost_parts(index))}
    if lost:
        files = [str(path) for parts in lost.values() for path in parts]
        more = f" and {len(files) - NAMED} more" if len(files) > NAMED else ""
        raise InputError(
            f"finished features have lost {', '.join(files[:NAMED])}{more}.\n"
            f"Make them anew first: {rebuild_command(*lost)}\n"
            "If they come out as they were, nothing that was made of them is made again"
        )


def _lost_parts(index: Path) -> list[Path]:
    """What is missing of the features of a split, or the index itself if it cannot be read."""
    try:
        names = [entry["file"] for entry in read_json(index, "index", sealed=False)["shards"]]
    except (InputError, KeyError, TypeError):
        return [index]
    parts = [index.with_name(name) for name in (SAMPLES, *names)]
    return [path for path in parts if not path.is_file()]


def _tree(config: Config, wildcards: Mapping[str, str]) -> Iterator[str]:
    name = wildcards["corpus"]
    corpus = config.corpora[name]
    if corpus.kind == "portrait" or corpus.download:
        return
    from mavsr.corpus.readers import make_reader  # as below: PyAV and OpenCV behind it

    try:
        make_reader(corpus.reading).check(Path(corpus.root))
    except InputError as error:
        yield f"corpora.{name}: {error}"
    else:
        yield from _splits_listed(config, name)
    listed = corpus.reading.get("validation")
    if listed not in (None, "test") and not Path(listed).is_file():
        yield f"corpora.{name}.validation: {listed} is neither 'test' nor a file"


def _splits_listed(config: Config, name: str) -> Iterator[str]:
    """What a table of clips lacks of the splits that are used."""
    table = Path(str(config.corpora[name].reading.get("transcripts")))
    if config.corpora[name].kind != "folder" or not table.is_file():
        return
    from mavsr.corpus.table import read_table

    rows, has_splits = read_table(table)
    listed = {row.split for row in rows}
    for split in used_splits(all_evaluations(config)).get(name, ()) if has_splits else ():
        if split not in listed:
            yield (
                f"corpora.{name}.transcripts: {table} has no row whose split is {split!r}, which "
                "experiments use; add some, or change corpora and tests of the experiments"
            )


def _babble(config: Config, wildcards: Mapping[str, str]) -> Iterator[str]:
    babble = config.noise.babble
    if isinstance(babble, str) and not Path(babble).is_file():
        yield (
            f"noise.babble: {babble} is not a file; put NOISEX-92's babble there, or set null to "
            "mix one from the training voices (docs/data.md)"
        )


def _noise_file(config: Config, wildcards: Mapping[str, str]) -> Iterator[str]:
    for name in _noises(config, wildcards):
        path = config.noises[name].file
        if path is not None and not Path(path).is_file():
            yield f"noises.{name}.file: {path} is not a file (docs/data.md)"


def _noise_folder(config: Config, wildcards: Mapping[str, str]) -> Iterator[str]:
    for name in _noises(config, wildcards):
        path = config.noises[name].folder
        if path is None:
            continue
        from mavsr.noise.listing import recordings  # PyAV behind it

        try:
            recordings(Path(path))
        except InputError as error:
            yield f"noises.{name}.folder: {error}"


def _noises(config: Config, wildcards: Mapping[str, str]) -> list[str]:
    """The noise that a job makes; all of them if it names none."""
    return [wildcards["noise"]] if "noise" in wildcards else list(config.noises)


def _detector(config: Config, wildcards: Mapping[str, str]) -> Iterator[str]:
    mouths = config.mouths
    if "corpus" in wildcards and config.corpora[wildcards["corpus"]].kind == "crops":
        return
    if mouths.detector == "landmarks" and not (mouths.landmarks and mouths.landmarks.is_dir()):
        yield f"mouths.landmarks: {mouths.landmarks} is not a folder"
    if mouths.detector == "retinaface":
        weights = mouths.retinaface.weights or ""
        if not mouths.retinaface.is_remote and not Path(weights).is_file():
            yield (
                f"mouths.retinaface.weights: {weights} is not a file; put the ResNet-50 weights of "
                "retinaface-pytorch there, or give their URL and sha256 (docs/data.md)"
            )


def _encoder(config: Config, wildcards: Mapping[str, str]) -> Iterator[str]:
    name = wildcards["encoder"]
    encoder = config.encoders[name]
    place = f"encoders.{name}.path: "
    if encoder.path.startswith(TOYS):
        return
    if encoder.kind == "whisper":
        yield from _model(place, "Whisper", encoder.path, encoder.revision)
    elif encoder.kind == "avhubert" and not Path(encoder.path).exists():
        yield (
            f"{place}{encoder.path} does not exist; download AV-HuBERT's checkpoint and put it "
            "there, or correct the path (docs/data.md)"
        )


def _llm(config: Config, wildcards: Mapping[str, str]) -> Iterator[str]:
    name = wildcards["llm"]
    llm = config.llms[name]
    if not llm.path.startswith(TOYS):
        yield from _model(f"llms.{name}.path: ", "LLM", llm.path, llm.revision)
    if llm.quantization and not is_installed("bitsandbytes"):
        yield (
            f"llms.{name}.quantization: {llm.quantization} needs bitsandbytes, which is not "
            "installed; run `make quantization`, or set it to null"
        )


def _model(place: str, kind: str, path: str, revision: str | None) -> Iterator[str]:
    """What is wrong with a folder, or with the name of a hub model, which is asked for."""
    if Path(path).is_dir():
        return
    if not is_hub_name(path):
        yield f"{place}{path} does not exist"
        return
    from mavsr.hub import check_hub  # half a second of imports, which toys do not need

    try:
        check_hub(kind, path, revision)
    except InputError as error:
        yield f"{place}{error}"


_CONCERNED = ("corpus", "encoder", "llm", "noise")
"""Wildcards that tell what of the user's own a job wants: jobs that share them are asked once."""
_CHECKS: dict[str, Callable[[Config, Mapping[str, str]], Iterator[str]]] = {
    "scan_corpus": _tree,
    "crop_mouths": _detector,
    "import_babble": _babble,
    "import_noise": _noise_file,
    "list_noise": _noise_folder,
    "extract_features": _encoder,
    "train_model": _llm,
    "decode": _llm,
    "decode_validation": _llm,
}
"""Rule, in the order of the stages -> what its jobs want of the user's own."""
