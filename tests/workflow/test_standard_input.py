"""Nothing that a job runs can ask whoever started the workflow."""

import os
import subprocess


def test_a_job_reads_nothing_from_standard_input(project, tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "python").write_text("#!/bin/sh\ncat > asked\ntouch results/parameters.csv\n")
    (tools / "python").chmod(0o755)
    environment = project.environment
    environment["PATH"] = f"{tools}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        project.command("--", "results/parameters.csv"),
        cwd=project.folder,
        env=environment,
        input="y\n" * 9,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert (project.folder / "asked").read_text() == ""
