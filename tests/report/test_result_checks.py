"""Checks of results: each one fails on the fault it is for."""

import json

import pandas as pd
import pytest

from mavsr.errors import InputError
from mavsr.evaluation.collect import collect, read_scores
from mavsr.evaluation.score import ScoringSettings, score
from mavsr.model.scales import Scale
from mavsr.report.check import check
from mavsr.report.cost import prefix_tokens

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
    path = root / "evaluation" / "model" / "clean" / "a4_v2.jsonl"
    path.parent.mkdir(parents=True)
    lines = [{"key": k, "reference": texts[k], "hypothesis": "one"} for k in sorted(LENGTHS)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    tokens = [prefix_tokens({"audio": 2 * n, "video": n}, Scale(4, 2), 7) for n in LENGTHS.values()]
    sidecar = {
        "origin": {"corpus": "portrait", "split": "test", "encoders": "a+v", "llm": "l"},
        "condition": "clean",
        **{"audio_rate": 4, "video_rate": 2, "references_too_long": 0, "seconds": 1.0},
        "model": {"task": "avsr", "method": "mtsk-ms", "compression": "avgpool", "seed": 0},
        **{"active_parameters": 1, "prompt_tokens": 7, "tokens": sum(tokens) / 3, "tflops": 1.0},
    }
    sidecar["origin"]["variant"] = ""
    path.with_suffix(".json").write_text(json.dumps(sidecar))
    make_scores(root)
    return root


def hypotheses(root):
    return root / "evaluation" / "model" / "clean" / "a4_v2.jsonl"


def make_scores(root):
    score([hypotheses(root)], root / "evaluation" / "one.csv", ScoringSettings())
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
    return pd.read_csv(root / "checks.csv")


def test_sound_results_pass_and_the_list_says_what_holds(results):
    listed = run(results)
    assert (listed.outcome == "holds").all()
    assert len(listed) == 3 + 1 + 3 + 4
    assert "tokens follow the formula" in set(listed.check)


def edit_lines(root, change):
    path = hypotheses(root)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps(line) + "\n" for line in change(lines)))


def lose(root):
    edit_lines(root, lambda lines: lines[1:])
    make_scores(root)


def invent(root):
    edit_lines(root, lambda lines: [*lines, {**lines[0], "key": "z"}])
    make_scores(root)


def other_reference(root):
    edit_lines(root, lambda lines: [{**lines[0], "reference": "nine"}, *lines[1:]])
    make_scores(root)


def other_hypothesis(root):
    edit_lines(root, lambda lines: [{**lines[0], "hypothesis": "x " * 9}, *lines[1:]])


def other_tokens(root):
    path = hypotheses(root).with_suffix(".json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"tokens": 99.0}))


def edit_scores(root, **values):
    table = read_scores(root / "wer.csv")
    table.assign(**values).to_csv(root / "wer.csv", index=False)


def repeat(root):
    table = read_scores(root / "wer.csv")
    pd.concat([table, table]).to_csv(root / "wer.csv", index=False)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lose, "every clip once: lacks 1 such as a"),
        (invent, "every clip once: has unknown 1 such as z"),
        (other_reference, "references are the transcripts: differs for 1 such as a"),
        (other_tokens, "tokens follow the formula: 99.0, not"),
        (repeat, "rows are unique: model"),
        (repeat, "a row for every row of the experiments: 2 rows for 1"),
        (repeat, "a row for every hypothesis file: 2 rows for 1 files"),
        (lambda root: edit_scores(root, wer=12.0), "WER is its counts: 12.0 for"),
        (lambda root: edit_scores(root, wer=12.0), "the experiments' WER: model"),
        (lambda root: edit_scores(root, wer_high=1e4, wer=1e3), "WER within its interval"),
        (lambda root: edit_scores(root, p_value=0.1), "p-value where there is a baseline: 0.1"),
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
