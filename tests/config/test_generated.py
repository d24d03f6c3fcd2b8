"""Generated files are up to date, and each key has one default and one definition."""

import ast
import json
from collections import Counter
from dataclasses import MISSING, fields
from pathlib import Path

import jsonschema
import pytest
import yaml

from mavsr.config import generate
from mavsr.config.config import Config
from mavsr.config.marks import leaves, sections
from mavsr.config.read import merged, plain, read_config

ROOT = Path(__file__).parents[2]
NAMED = {"corpora", "experiments", "encoders", "llms", "table4"}
OPTIONAL = {"imported", "noises"}
"""Named too, and empty where nothing is imported, and babble is all the noise."""


@pytest.mark.parametrize("path", generate.generated(), ids=str)
def test_generated_files_are_up_to_date(path):
    assert (ROOT / path).read_text() == generate.generated()[path], "run `make generate`"


def test_config_yaml_states_the_models_defaults_and_no_others():
    """It is what a person reads; a job by hand has the same defaults from the models."""
    written = yaml.safe_load((ROOT / "config.yaml").read_text())
    for name, _, _, default in sections(Config):
        if name in NAMED:
            assert default is MISSING
        elif name not in OPTIONAL:
            assert without_nothing(written[name]) == without_nothing(plain(default)), name
    (corpus,) = read_config([]).corpora.values()
    assert corpus.make == type(corpus.make)()


def without_nothing(part):
    """Without what is null or empty, which need not be written."""
    if not isinstance(part, dict):
        return part
    inside = {key: without_nothing(value) for key, value in part.items()}
    return {key: value for key, value in inside.items() if value not in (None, {}, [])}


@pytest.mark.parametrize("name", ["config.yaml", *map(str, Path("workflow/configs").glob("*"))])
def test_the_schema_for_editors_accepts_the_shipped_configs(name):
    written = yaml.safe_load((ROOT / name).read_text())
    jsonschema.validate(written, json.loads((ROOT / generate.SCHEMA).read_text()))
    wrong = merged(written, {"training": {"epoch": 3}})
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, generate.schema())


def test_every_key_says_what_it_is():
    assert not [leaf.path for leaf in leaves(Config) if not leaf.key.help]


def test_every_key_of_a_section_has_words_of_its_own():
    """Keys of an experiment's entry, and of a task's training, had those of what they lie in."""
    known = Counter((leaf.path[:-1], leaf.key.help) for leaf in leaves(Config))
    assert not [said for said, count in known.items() if count > 1]


@pytest.mark.parametrize(
    ("path", "section"),
    [
        ("experiments.*.[]", "setup"),
        *((f"experiments.*.[].{name}", name) for name in ("mome", "resampler", "rates")),
        *((f"training.per_task.{task}", "training") for task in ("asr", "omni")),
    ],
)
def test_what_goes_before_a_common_key_has_its_words(path, section):
    every = {".".join(leaf.path): leaf.key.help for leaf in leaves(Config)}
    common = {k.removeprefix(f"{section}."): v for k, v in every.items() if k.startswith(section)}
    own = {k.removeprefix(f"{path}."): v for k, v in every.items() if k.startswith(f"{path}.")}
    both = common.keys() & own.keys()
    assert len(both) == (len(own) if path != "experiments.*.[]" else len(common))
    for name in both:
        assert own[name] == f"Goes before `{section}.{name}`: {common[name]}"


def test_no_key_is_defined_twice():
    """A class of settings adds to what it derives from, and repeats none of its keys."""
    known: dict[str, set[str]] = {}
    for path in (ROOT / "src" / "mavsr" / "config").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                bases = [ast.unparse(base) for base in node.bases]
                own = {s.target.id for s in node.body if isinstance(s, ast.AnnAssign)}
                for base in bases:
                    assert not own & known.get(base, set()), (path, node.name)
                known[node.name] = own
    for path in (ROOT / "src" / "mavsr").rglob("*.py"):
        if path.parent.name == "config":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                own = {s.target.id for s in node.body if isinstance(s, ast.AnnAssign)}
                for base in map(ast.unparse, node.bases):
                    assert not own & known.get(base, set()), (path, node.name)


def test_no_default_is_written_anywhere_else():
    """Arguments and fields that are called like a key, in classes called settings, have none."""
    names = {leaf.path[-1] for leaf in leaves(Config)} - {"kind", "path", "seed", "name"}
    for path in (ROOT / "src" / "mavsr").rglob("*.py"):
        if path.parent.name == "config":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and node.name.endswith(("Settings", "Keys")):
                given = {
                    s.target.id
                    for s in node.body
                    if isinstance(s, ast.AnnAssign)
                    # None, or a constant of mavsr.config.
                    and not isinstance(s.value, ast.Name | type(None))
                    and not (isinstance(s.value, ast.Constant) and s.value.value is None)
                }
                assert not given & names, (path, node.name)


def test_defaults_are_checked_too():
    for _, _, _, default in sections(Config):
        if default is not MISSING and hasattr(type(default), "__dataclass_fields__"):
            values = {field.name: getattr(default, field.name) for field in fields(default)}
            assert type(default)(**values) == default
