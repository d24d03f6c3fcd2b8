"""``code_changes``: what an edit of this project's code does to results that are there."""

import json

import pytest
from project import SMOKE
from snakemake.persistence import ParamsChange

from mavsr.workflow.keep import _params_but_code

TARGET = "results/parameters.csv"
"""Made from code alone, in seconds."""
KEEP = ("--config", "code_changes=keep")


def run(project, *arguments):
    result = project.run(*arguments)
    assert result.returncode == 0, result.stdout


def edit(project):
    path = project.folder / "src" / "mavsr" / "report" / "parameters.py"
    text = path.read_text()
    assert text.count("print(table.to_string(index=False))") == 1
    path.write_text(text.replace("print(table.to_string(index=False))", "print(len(table))"))


def test_an_edit_reruns_unless_results_are_kept(project):
    run(project, *SMOKE, "--", TARGET)
    edit(project)
    assert project.plan(*SMOKE, "--", TARGET) == {"parameters": 1}
    # A changed command of the rule is code too.
    rules = project.folder / "workflow" / "rules" / "report.smk"
    rules.write_text(rules.read_text().replace("report.parameters --", "report.parameters  --"))
    assert not project.plan(*SMOKE, *KEEP, "--", TARGET)
    # What is made under `keep` for another reason is of the code that made it, and so current.
    (project.folder / TARGET).unlink()
    run(project, *SMOKE, *KEEP, "--", TARGET)
    assert not project.plan(*SMOKE, "--", TARGET)


@pytest.mark.parametrize(
    ("old", "new", "counts"),
    [
        ({"'0123456789abcdef'"}, {"'fedcba9876543210'"}, False),
        (set(), set(), False),
        ({"'0123456789abcdef'", "4"}, {"'fedcba9876543210'", "5"}, True),
        ({"'{}'"}, {"'{\"seed\": 1}'"}, True),
        (set(), {"'a setting more'"}, True),
    ],
)
def test_under_keep_settings_count_as_ever(old, new, counts):
    found = ParamsChange(only_old=old, only_new=new, files={"a.csv"})
    kept = _params_but_code(lambda self, job, file=None: found)(None, None)
    assert bool(kept) is counts
    assert not counts or kept is found


def test_an_edit_while_a_run_goes_on_stops_the_job(project):
    """The plan is made, the source edited, the job begins: as in a run of hours."""
    snakefile = project.folder / "Snakefile"
    path = project.folder / "src" / "mavsr" / "report" / "parameters.py"
    changed = path.read_text().replace("print(table.to_string(index=False))", "print(len(table))")
    assert changed != path.read_text()
    meanwhile = f"open({json.dumps(str(path))}, 'w').write({json.dumps(changed)})"
    text = snakefile.read_text()
    assert text.count("onstart:\n") == 1
    snakefile.write_text(text.replace("onstart:\n", f"onstart:\n    {meanwhile}\n"))
    result = project.run(*SMOKE, "--", TARGET)
    assert result.returncode != 0
    log = (project.folder / "results" / "logs" / "report" / "parameters.log").read_text()
    assert "was edited after this run was planned" in log
    assert "Traceback" not in log
    assert not (project.folder / TARGET).exists()
