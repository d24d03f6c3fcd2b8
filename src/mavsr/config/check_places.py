"""Where things lie that the workflow makes: no two at one place, nothing that no rule makes."""

from collections.abc import Iterator
from pathlib import Path

from mavsr.config.config import Config
from mavsr.config.toy import MADE, TOYS
from mavsr.errors import InputError


def check_places(config: Config) -> None:
    """Raise InputError, naming the key and the remedy, if something cannot lie where it is said."""
    _check_roots(config)
    for key, kind, path in _models(config):
        made = [MADE[kind].format(corpus=corpus) for corpus in config.corpora]
        if path.startswith(TOYS) and path not in made:
            place = MADE[kind].format(corpus="<corpus>")
            raise InputError(
                f"config: {key} is {path!r}; below {TOYS} lies what the workflow makes itself, "
                f"here {place}, where <corpus> is a name under `corpora` "
                f"({', '.join(config.corpora)}); correct it, or put models of yours elsewhere"
            )


def _models(config: Config) -> Iterator[tuple[str, str, str]]:
    """(key, kind, path) of every encoder and LLM."""
    for name, encoder in config.encoders.items():
        yield f"encoders.{name}.path", encoder.kind, encoder.path
    for name, llm in config.llms.items():
        yield f"llms.{name}.path", "llm", llm.path


def _check_roots(config: Config) -> None:
    """Raise InputError if a corpus lies in the folder of one that is made or downloaded.

    Making one removes the tree of another, and what is only read there is not waited for. Two may
    be downloaded into one folder: each waits for its own archives.
    """
    roots: dict[Path, list[str]] = {}
    for name, corpus in config.corpora.items():
        roots.setdefault(Path(corpus.root).resolve(), []).append(name)
    for names in roots.values():
        made = [name for name in names if config.corpora[name].kind == "portrait"]
        fetched = [name for name in names if config.corpora[name].download]
        if len(names) > 1 and (made or 0 < len(fetched) < len(names)):
            filled = (made or fetched)[0]
            other = next(n for n in names if n != filled and (made or n not in fetched))
            way = "makes" if made else "downloads"
            raise InputError(
                f"config: corpora.{other}.root is {config.corpora[other].root!r}, where the "
                f"workflow {way} {filled}; give each a root of its own"
                + ("" if made else ", or remove `download` once the files are there")
            )
