"""Checks of results: each one fails on the fault it is for."""

import pandas as pd
import pytest
from evaluated import SIDECAR, lines_of, write_ledger_of

from mavsr.errors import InputError
from mavsr.evaluation.collect import KEY, collect, read_scores
from mavsr.evaluation.hypotheses import read_hypotheses, write_hypotheses
from mavsr.evaluation.score import COLUMNS, ScoringSettings, score
from mavsr.model.cost import prefix_tokens
from mavsr.model.scales import Scale
from mavsr.records import read_json, write_record
from mavsr.report.check import check
from mavsr.tables import read_csv

LENGTHS = {"a": 12, "b": 9, "c": 30}


@pytest.fixture
def results(write_features, tmp_path):
    """A results folder with one decoded model, scored."""
    manifest, indexes = write_features("test", LENGTHS)
    root = tmp_path / "results"
    (root / "corpus" / "portrait").mkdir(parents=True)
    manifest.rename(root / "corpus" / "portrait" / "test.parquet")
    for modality, index in indexes.items():
        place = root / "features" / modality[0] / "portrait" / "test" / "clean"
        place.parent.mkdir(parents=True)
        index.parent.rename(place)
    texts = pd.read_parquet(root / "corpus" / "portrait" / "test.parquet").set_index("key").text
    write_ledger_of(root / "mouths" / "portrait" / "test" / "ledger.csv", LENGTHS)
    tokens = [prefix_tokens({"audio": 2 * n, "video": n}, Scale(4, 2), 7) for n in LENGTHS.values()]
    write_hypotheses(
        hypotheses(root), lines_of(texts, heard="one"), SIDECAR | {"tokens": sum(tokens) / 3}
    )
    make_scores(root)
    return root


def hypotheses(root):
    return root / "evaluation" / "model" / "clean" / "a4_v2.jsonl"


def make_scores(root):
    score([hypotheses(root)], root, root / "evaluation" / "one.csv", ScoringSettings())
    collect([root / "evaluation" / "one.csv"], root / "wer.csv")


def run(root):
    check(
        root / "wer.csv",
        [root / "evaluation" / "one.csv"],
        [hypotheses(root)],
        root,
        root / "checks.csv",
        ScoringSettings(),
    )
    return read_csv(root / "checks.csv", "list of checks")


def test_sound_results_pass_and_the_list_says_what_holds(results):
    listed = run(results)
    assert (listed.outcome == "holds").all()
    assert len(listed) == 4 + 1 + 1 + (len(COLUMNS) - len(KEY)) + 1 + 4
    assert "tokens follow the formula" in set(listed.check)


def edit_lines(root, change):
    found = read_hypotheses(hypotheses(root))
    lines = [
        {"key": k, "reference": found.references[k], "hypothesis": t}
        for k, t in found.texts.items()
    ]
    write_hypotheses(hypotheses(root), change(lines), found.sidecar)


def lose(root):
    edit_lines(root, lambda lines: lines[1:])


def invent(root):
    edit_lines(root, lambda lines: [*lines, {**lines[0], "key": "z"}])


def other_reference(root):
    edit_lines(root, lambda lines: [{**lines[0], "reference": "nine"}, *lines[1:]])


def other_hypothesis(root):
    edit_lines(root, lambda lines: [{**lines[0], "hypothesis": "x " * 9}, *lines[1:]])


def other_tokens(root):
    path = hypotheses(root).with_suffix(".json")
    write_record(path, read_json(path, "sidecar") | {"tokens": 99.0})


def edit_scores(root, **values):
    table = read_scores(root / "wer.csv", sealed=False)
    table.assign(**values).to_csv(root / "wer.csv", index=False)


def repeat(root):
    table = read_scores(root / "wer.csv", sealed=False)
    pd.concat([table, table]).to_csv(root / "wer.csv", index=False)


def test_many_insertions_are_no_fault_but_are_told(results, caplog):
    edit_lines(results, lambda lines: [{**line, "hypothesis": "x " * 99} for line in lines])
    make_scores(results)
    assert (run(results).outcome == "holds").all()
    assert "read what was recognised" in caplog.text


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lose, "every clip once: lacks 1 clip: a"),
        (invent, "every clip once: has unknown 1 clip: z"),
        (other_reference, "references are the transcripts: differ for 1 clip: a"),
        (other_tokens, "tokens follow the formula: 99.0, not"),
        (repeat, "rows are unique: model"),
        (repeat, "a row for every row of the experiments: 2 rows for 1"),
        (repeat, "a row for every hypothesis file: 2 rows for 1 files"),
        (lambda root: edit_scores(root, wer=12.0), "WER is its counts: 12.0 for"),
        (lambda root: edit_scores(root, wer=12.0), "the experiments' wer: model"),
        (lambda root: edit_scores(root, tflops=2.0), "the experiments' tflops: model"),
        (
            lambda root: edit_scores(root, wer=1e3),
            "WER within its interval, if there is one: 66.6667 to 1000.0 to",
        ),
        (lambda root: edit_scores(root, p_value=0.1), r"p-values where there is a baseline: \[0.1"),
        (lambda root: edit_scores(root, utterances=7), r"are \[3, .*, in wer.csv \[\[7, "),
        (repeat, r"one row in wer.csv with its counts: .*, in wer.csv \[\[3, .*\], \[3, "),
        (other_hypothesis, r"are \[3, .*, in wer.csv \[\[3, "),
    ],
)
def test_each_fault_is_found_and_named(results, spoil, message):
    spoil(results)
    with pytest.raises(InputError, match=message):
        run(results)
    assert not (results / "checks.csv").exists()
