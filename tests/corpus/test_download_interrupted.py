"""Downloads that are killed, and two at once."""

import signal
import subprocess
import sys

import pytest
from downloads import TREE, run_get, start, tree
from processes import sizes, wait_until

from mavsr.errors import InputError


def test_two_commands_do_not_share_a_root(site, root):
    path = "/lrs 3/pretrain_partaa"
    site.faults[path] = [("hold", 10_000)]
    process = start(site, root)
    wait_until(lambda: site.sent(path), process)
    with pytest.raises(InputError, match="another download into"):
        run_get(site, root)
    site.go_on.set()
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_a_killed_download_goes_on_where_it_was(site, root):
    held = {"/lrs 3/pretrain_partab": 200_000, "/lrs 3/pretrain_partad": 70_000}
    site.faults = {path: [("hold", count)] for path, count in held.items()}
    process = start(site, root, parallel=3)
    parts = root / ".download" / "archives"

    def is_held():
        complete = list(parts.glob("[!.]*[!tn]"))  # neither .part nor .json
        begun = sizes(parts, "*.part")
        return len(complete) == 4 and len(begun) == 2 and min(begun) > 60_000

    wait_until(is_held, process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    kept = sizes(parts, "*.part")
    assert len(kept) == 2 and min(kept) > 60_000
    complete = [p for p in site.files if p not in held]
    assert not (root.parent / "tree.json").exists()
    site.go_on.set()
    site.asked.clear()
    again = start(site, root, parallel=3)
    output = again.communicate(timeout=60)[0]
    assert again.returncode == 0, output
    assert tree(root) == TREE
    assert not [a for a in site.asked if a.path in complete]
    assert site.sent() == sum(len(site.files[p]) for p in held) - sum(kept)
    assert "bytes are there already" in output


@pytest.mark.parametrize(
    ("module", "function"),
    [
        ("os", "utime"),  # a file was unpacked
        ("mavsr.corpus.download.place", "place"),  # all were
        ("shutil", "rmtree"),  # all are in place
        ("mavsr.files", "write_json"),  # a file has begun
    ],
)
def test_a_command_that_dies_anywhere_is_taken_up_again(site, root, module, function):
    process = start(site, root, parallel=1)
    process.kill()
    process.communicate()
    # Ends like kill -9, without any cleaning up, but at a chosen moment.
    script = f"""if True:
        import os, runpy, {module} as module
        module.{function} = lambda *arguments: os._exit(9)
        runpy.run_module("mavsr.corpus.download.get", run_name="__main__")"""
    died = subprocess.run([sys.executable, "-c", script, *process.args[3:]], capture_output=True)
    assert died.returncode == 9, died.stderr
    assert not (root.parent / "tree.json").exists()
    archives = root / ".download" / "archives"
    complete = {path.name.partition("-")[2] for path in archives.glob("[!.]*[!tn]")}
    assert "pretrain_partad" in complete or function == "write_json"
    site.asked.clear()
    run_get(site, root)
    assert tree(root) == TREE
    assert not {a.path.rpartition("/")[2] for a in site.asked} & complete
    assert not [*(root / ".download").glob("*.ready*"), *(root / ".download").glob(".*.partial")]
