"""What a run with --keep-going leaves of the jobs that failed."""

import subprocess
import sys

import pandas as pd

SMOKE = ("--configfile", "workflow/configs/smoke.yaml", "bad.yaml", "--")
INDEX, BABBLE = "results/mouths/portrait/test/index.json", "results/noise/portrait/babble.flac"


def test_the_rest_goes_on_and_the_failure_is_listed(project):
    (project.folder / "bad.yaml").write_text("mouths: {min_frames: 1000}\n")
    result = project.run("--keep-going", *SMOKE, INDEX, BABBLE)
    assert result.returncode == 1
    assert (project.folder / BABBLE).is_file()
    (row,) = pd.read_csv(project.folder / "results/logs/failed.csv").to_dict("records")
    assert (row["rule"], row["log"]) == (
        "index_mouths",
        "results/logs/mouths/portrait/test/index.log",
    )
    assert "mouths.max_dropped" in row["reason"]
    assert row["log"] in result.stdout
    said = subprocess.run(
        [sys.executable, "-m", "mavsr", "status", "--configfile", SMOKE[1]],
        cwd=project.folder,
        env=project.environment,
        capture_output=True,
        text=True,
    )
    assert said.returncode == 0, said.stderr
    assert "failed: index_mouths" in said.stdout
    assert row["reason"] in said.stdout
    (project.folder / "bad.yaml").write_text("mouths: {min_frames: 12}\n")
    assert project.run(*SMOKE, INDEX).returncode == 0
    assert not (project.folder / "results/logs/failed.csv").exists()
