"""What holds for every file: format, types, size, and what must never be written."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from lanes import SLOW

ROOT = Path(__file__).parents[2]
TOOLS = Path(sys.executable).parent
RULE_FILES = sorted((ROOT / "workflow" / "rules").glob("*.smk"))
MODULES = sorted((ROOT / "src" / "mavsr").rglob("*.py"))
RULES = [
    (f"{path.stem}: {block.split(':')[0].split()[1]}", block)
    for path in RULE_FILES
    for block in re.findall(r"^(?:rule|checkpoint) .*(?:\n(?: .*)?)*", path.read_text(), re.M)
]

DOWNLOADS = {"download_corpus", "download_babble", "fetch_retinaface"}
"""Rules whose results are a server's bytes, whatever the code that fetches them."""


def run(*command):
    environment = {**os.environ, "PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(
        [str(TOOLS / command[0]), *command[1:]],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize(
    "command",
    [
        "ruff check .",
        "ruff format --check .",
        "mypy",
        "snakefmt --check Snakefile workflow",
        "snakemake --lint",
    ],
)
def test_tools_have_no_complaint(command):
    result = run(*command.split())
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(("name", "rule"), RULES, ids=[name for name, _ in RULES])
def test_every_rule_keeps_a_log_and_runs_a_command_of_the_package(name, rule):
    lines = [line for line in rule.splitlines() if line.strip()]
    assert "    log:" in lines
    assert "2> {log:q}" in rule
    assert "    resources:" in lines
    assert "    conda:" in lines
    assert "python -m mavsr." in rule
    if name.split(": ")[1] not in DOWNLOADS:
        code = re.search(r"    params:\n        code=code\((.+)\),", rule)[1]
        command = rule.split("python -m mavsr.")[1]
        if code.startswith("told."):  # the config chooses the module, once for digest and command
            assert re.search(rf"^        command={re.escape(code)},", rule, re.M)
            assert " mavsr.{resources.command} " in command
        else:
            assert code.strip('"') in command
    assert len(lines) - len(rule.split("    shell:")[1].strip().splitlines()) <= 37


def test_downloads_are_made_where_snakemake_runs():
    """On a cluster nodes may have no network."""
    text = (ROOT / "Snakefile").read_text()
    local = re.search(r"^localrules:\n((?:    \w+,\n)+)", text, re.M)[1].replace(",", "").split()
    fetching = {
        name.split(": ")[1] for name, rule in RULES if re.search(r"download\.get|get_file", rule)
    }
    assert fetching == DOWNLOADS
    assert set(local) >= DOWNLOADS


@pytest.mark.parametrize("name", SLOW)
def test_what_quick_tests_leave_out_is_there(name):
    file, _, test = name.partition("::")
    path = ROOT / "tests" / file
    assert path.exists()
    assert not test or f"def {test}(" in path.read_text(encoding="utf-8")


def test_all_rules_are_found():
    assert len(RULES) == sum(path.read_text().count("\nrule ") for path in RULE_FILES)


@pytest.mark.parametrize("path", RULE_FILES, ids=lambda path: path.name)
def test_rule_files_hold_rules_alone(path):
    text = path.read_text()
    assert not re.search(r"\b(def|class|include)\b *\w*[(:]", text)
    assert ("\nrule " in text) == (path.name != "common.smk")
    assert text.startswith('"""')


def test_smk_files_are_rules():
    assert set((ROOT / "workflow").rglob("*.smk")) == set(RULE_FILES)


def test_the_snakefile_is_short():
    assert len((ROOT / "Snakefile").read_text().splitlines()) < 80


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT / "src")))
def test_modules_are_short_and_say_what_they_are(path):
    text = path.read_text()
    assert len(text.splitlines()) < 300
    assert ast.get_docstring(ast.parse(text))


def test_files_of_tests_are_short_too():
    """One that has outgrown its idea is two."""
    files = (ROOT / "tests").rglob("*.py")
    assert not [path.name for path in files if len(path.read_text().splitlines()) >= 300]


def tracked_text():
    """(path, text) of every text file that git would carry."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if not path.is_file():
            continue
        try:
            yield name, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


# Written with a class of one letter, so that this file does not match itself.
FORBIDDEN = {
    "an absolute path of some machine": r"(?<![\w.$}~-])/(?:wor[k]|roo[t]|hom[e]|User[s]|mn[t])/\w",
    "an index of packages": r"(?i)(?:extra-)?inde[x]-url|trusted-hos[t]|find-link[s]",
    "a host of packages": r"(?i)\b(?:pyp[i]\.org|pythonhoste[d]\.org|anacond[a]\.org"
    r"|artifactor[y]|nexu[s]\.|\w+\.interna[l]\b)",
    "work to do": r"\b(?:TOD[O]|FIXM[E]|XX[X])\b",
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_names(what):
    pattern = re.compile(FORBIDDEN[what])
    found = [
        f"{name}: {match[0]}"
        for name, text in tracked_text()
        if name != "LICENSE"
        for match in [pattern.search(text)]
        if match
    ]
    assert not found


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("an absolute path of some machine", "see " + "/wor" + "k/x"),
        ("an absolute path of some machine", '"' + "/hom" + "e/ann"),
        ("an index of packages", "--inde" + "x-url"),
        ("a host of packages", "https://pyp" + "i.org/simple"),
        ("work to do", "# TOD" + "O later"),
    ],
)
def test_the_patterns_find_what_they_are_for(what, text):
    assert re.search(FORBIDDEN[what], text)
