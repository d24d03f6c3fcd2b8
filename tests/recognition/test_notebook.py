"""The notebook runs from its first cell to its last, and its objects show themselves."""

import ast
from pathlib import Path

import matplotlib
import nbformat
import pytest

import mavsr

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "elastic.ipynb"


METHODS = ["avsr.w+a.l.mtsk-mss", "avsr.w+a.l.mtsk-ms", "asr.w.l.mtsk-ms"]
"""Of models, in the middle of their names."""


@pytest.fixture
def project(train, tmp_path, monkeypatch):
    (tmp_path / "results" / "training").mkdir(parents=True)
    train().rename(tmp_path / "results" / "training" / "tiny.mtsk-ms")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(matplotlib, "get_backend", lambda **_: "agg")
    matplotlib.use("agg")


def run(source, names):
    """Run a cell as a notebook does; return the value of its last line."""
    body = ast.parse(source).body
    last = body.pop() if isinstance(body[-1], ast.Expr) else None
    exec(compile(ast.Module(body, []), "cell", "exec"), names)
    if last is not None:
        return eval(compile(ast.Expression(last.value), "cell", "eval"), names)
    return None


def test_it_runs(project, capsys):
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in cells), "clear the outputs"
    names = {}
    values = [run(cell.source, names) for cell in cells]
    shown = [value for value in values if hasattr(value, "_repr_html_")]
    assert len(shown) == 1
    html = shown[0]._repr_html_()
    for scale in ("a2_v1", "a4_v1", "a2_v3", "a4_v3"):
        assert f"<td>{scale}</td>" in html
    assert html.count("<img") >= 6 * sum(line.shot != "slide" for line in names["lines"])
    assert "http" not in html
    assert Path("talk.srt").read_text() in capsys.readouterr().out
    assert set(names["errors"]) == set(names["talk"].scales)


def first_cell():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    return next(cell.source for cell in notebook.cells if cell.cell_type == "code")


@pytest.mark.parametrize("order", [METHODS, METHODS[::-1]], ids=["as-listed", "backwards"])
def test_it_takes_ms_where_mss_is_too(order, tmp_path, monkeypatch):
    """The name of MSS begins as that of MS."""
    runs = [tmp_path / f"portrait.{name}.avgpool.a4.v2.s0" / "run.json" for name in order]
    monkeypatch.setattr(Path, "glob", lambda *_: iter(runs))

    def stop(folder):
        raise InterruptedError(folder.name)

    monkeypatch.setattr(mavsr, "load", stop)
    with pytest.raises(InterruptedError, match=r"avsr\.w\+a\.l\.mtsk-ms\.avgpool"):
        run(first_cell(), {})


def test_without_a_model_it_says_what_to_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"run `make results/table1\.csv` first"):
        run(first_cell(), {})
