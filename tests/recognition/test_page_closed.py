"""A page that is closed while the model works for it."""

import pytest

from mavsr.page.work import Task, Worker


@pytest.mark.parametrize("closed", [True, False])
def test_files_that_go_with_a_closed_page_are_no_defect(tmp_path, caplog, closed):
    there = [True]

    def steps():
        there[0] = not closed
        (tmp_path / "gone" / "part0.mkv").write_bytes(b"")
        yield

    with Worker() as worker:
        task = worker.add(Task(steps(), lambda: there[0]))
        while not task.over:
            pass
    assert task.error == "a file cannot be read or written (No such file or directory)"
    assert ("unforeseen error" in caplog.text) != closed
