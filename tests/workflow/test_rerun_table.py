"""The table of docs/reruns.md says what an edit of the code makes run again."""

import re

from rerun_table import EDITS, ONLINE, PAGE, ROOT, WORDS, commands, page, reruns


def test_the_page_has_the_table_of_this_code():
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "docs/reruns.md is stale: run `python tests/workflow/rerun_table.py`"
    )


def test_words_make_nothing_run_and_code_what_runs_it():
    found = reruns()
    assert all(not found[edit] for edit in EDITS if edit[0] in WORDS)
    assert set(found["code", "mouths/align.py"]) == {"crop_mouths", "draw_mouths"}
    assert found["code", "features/online.py"] == [ONLINE]
    assert found["code", "evaluation/beams.py"] == ["decode", "decode_validation"]
    trained = {"train_model", ONLINE, "decode", "record_routing", "record_similarity"}
    assert trained <= set(found["code", "model/avsr.py"])
    layout = set(found["code", "report/layout.py"])
    assert "write_table" in layout
    assert not layout & {"train_model", "decode", "score_experiment"}


def test_every_rule_that_has_code_is_looked_at():
    rules = "".join(path.read_text() for path in (ROOT / "workflow" / "rules").glob("*.smk"))
    assert len(commands()) == len(re.findall(r"\bcode=code\(", rules)) + 1  # training has two
