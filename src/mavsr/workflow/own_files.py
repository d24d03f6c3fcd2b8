"""What jobs want of the user's own, rule by rule, and what to do where it is missing."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from mavsr.config.config import Config
from mavsr.config.local_models import is_hub_name
from mavsr.errors import InputError
from mavsr.noise.folder import recordings
from mavsr.provenance import is_installed
from mavsr.workflow.experiments import all_evaluations
from mavsr.workflow.needs import needed_splits
from mavsr.workflow.paths import ADAPTERS, PROJECTORS, RUN, TOYS

Check = Callable[[Config, Mapping[str, str]], Iterator[str]]
"""Config and wildcards of a job -> what is not there of the user's own, with the remedy."""


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
    table = config.corpora[name].reading.get("transcripts")
    for split in needed_splits(config, all_evaluations(config)).get(name, ()) if table else ():
        if not _lists(config, name, split):
            yield (
                f"corpora.{name}.transcripts: {table} has no row whose split is {split!r}, which "
                "experiments use; add some, or change corpora and tests of the experiments"
            )


def _voices(config: Config, wildcards: Mapping[str, str]) -> Iterator[str]:
    name = wildcards["corpus"]
    if not _lists(config, name, "train"):
        yield (
            f"noise.babble: null mixes babble from training voices, and corpora.{name} has none; "
            "set it to a recording (docs/data.md)"
        )


def _lists(config: Config, name: str, split: str) -> bool:
    """Whether a split of a corpus may have clips, as far as its lists or its table say."""
    reading = config.corpora[name].reading
    if splits := reading.get("splits"):
        return bool(splits[split])
    table = Path(str(reading.get("transcripts")))
    if config.corpora[name].kind != "folder" or not table.is_file():
        return True
    from mavsr.corpus.table import read_table

    rows, has_splits = read_table(table)
    return not has_splits or any(row.split == split for row in rows)


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


def _decoded(config: Config, wildcards: Mapping[str, str]) -> Iterator[str]:
    yield from _imported(config, wildcards)
    yield from _llm(config, wildcards)


def _imported(config: Config, wildcards: Mapping[str, str]) -> Iterator[str]:
    if "imported" in wildcards:
        yield from lost_import(wildcards["imported"])


def lost_import(name: str, results: Path = Path("results")) -> list[str]:
    """A line if an imported model, or a part of it, is not there.

    Args:
        name: under ``imported``.
        results: folder of the results.
    """
    parts = (pattern.format(model=name) for pattern in (RUN, PROJECTORS, ADAPTERS))
    files = [results / part.removeprefix("results/") for part in parts]
    lost = [str(file) for file in files if not file.exists()]
    return [
        f"imported.{name}: {file} does not exist; import the model under this name, or take it out "
        "of the experiments (docs/released.md)"
        for file in lost[:1]
    ]


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


CONCERNED = ("corpus", "encoder", "llm", "noise", "imported")
"""Wildcards that tell what of the user's own a job wants: jobs that share them are asked once."""
CHECKS: dict[str, Check] = {
    "scan_corpus": _tree,
    "crop_mouths": _detector,
    "make_babble": _voices,
    "import_babble": _babble,
    "import_noise": _noise_file,
    "list_noise": _noise_folder,
    "extract_features": _encoder,
    "extract_views": _encoder,
    "train_model": _llm,
    "decode": _decoded,
    "decode_validation": _decoded,
    "record_routing": _imported,
    "record_similarity": _imported,
}
"""Rule, in the order of the stages -> what its jobs want of the user's own."""
