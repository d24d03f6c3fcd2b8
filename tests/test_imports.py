"""The package's import graph: no circles, and lower layers never import higher ones."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "mavsr"
LAYERS = [
    # Facts and names that everything may know.
    (
        *("errors", "numerics", "tokens", "seeds", "provenance"),
        *("model.scales", "model.methods", "model.compressions", "noise.condition"),
    ),
    # What code a job runs, whatever it is.
    ("workflow.parsed", "workflow.wordless", "workflow.code", "workflow.planned"),
    # Every key of the config.
    ("config",),
    # How files are written and read, and how a command is called.
    (
        "files",
        "shards",
        "checkpoints",
        "hub",
        "made_weights",
        "records",
        "tables",
        "remedies",
        "command",
        "pickles",
        "media",
    ),
    # What a run says while it runs, apart from any config.
    ("status.lock", "status.failures", "status.snakelog"),
    # The stages, in the order of the data, as far as they know each other.
    ("corpus", "mouths", "noise", "encoders", "features", "model", "training", "evaluation"),
    ("report", "cluster"),
    # The embedded corpus and its models, which no stage knows of.
    ("toy",),
    # What knows the whole config.
    ("workflow",),
    ("plan", "status", "recognition", "importing", "seal", "corpus.check"),
    ("page",),
    ("cli", "__main__"),
]
"""From low to high; the longest name that fits a module counts."""


def module_of(path):
    name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
    return name.removesuffix(".__init__") if name != "__init__" else ""


MODULES = {module_of(path): path for path in PACKAGE.rglob("*.py")}


def imports(name):
    """Modules of the package that a module imports, at its top or later."""
    for node in ast.walk(ast.parse(MODULES[name].read_text())):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found = [f"{node.module}.{alias.name}" for alias in node.names] + [node.module]
            found = found[:-1] if f"{found[0]}".removeprefix("mavsr.") in MODULES else found
        else:
            continue
        for one in found:
            inside = one.removeprefix("mavsr.")
            if one.startswith("mavsr.") and inside in MODULES:
                yield inside


GRAPH = {name: set(imports(name)) - {name} for name in MODULES}


def layer(name):
    fitting = [
        (len(prefix), number)
        for number, names in enumerate(LAYERS)
        for prefix in names
        if name == prefix or name.startswith(f"{prefix}.")
    ]
    assert fitting, f"{name} is in no layer"
    return max(fitting)[1]


@pytest.mark.parametrize("name", sorted(set(MODULES) - {""}))
def test_lower_layers_never_import_higher_ones(name):
    higher = {other for other in GRAPH[name] if layer(other) > layer(name)}
    assert not higher


def test_there_are_no_circles():
    done, path = set(), []

    def visit(name):
        assert name not in path, " -> ".join([*path[path.index(name) :], name])
        if name in done:
            return
        path.append(name)
        for other in sorted(GRAPH[name]):
            visit(other)
        path.pop()
        done.add(name)

    for name in sorted(GRAPH):
        visit(name)


def test_planning_needs_no_network_library():
    """Every job on a cluster starts Snakemake twice: seconds of imports there are hours in all."""
    seen, waiting = set(), ["workflow.start", "workflow.inputs", "workflow.params"]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += GRAPH[name]
    for name in seen:
        tree = ast.parse(MODULES[name].read_text())
        named = [a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names]
        named += [n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
        assert not {one.split(".")[0] for one in named} & {"torch", "transformers"}, name
