"""docs/own_data.md as it stands there, on ten clips that the embedded corpus' generator makes."""

import json
import re
import subprocess
import sys

import pandas as pd
import pytest
from project import ROOT, SMOKE, Project

from mavsr.toy.portrait.clip import make_clip, write_script
from mavsr.toy.portrait.settings import PortraitSettings

WALK = (ROOT / "docs" / "own_data.md").read_text()
CLIPS = [(f"speaker{n % 5}", f"test/t{n % 5:03d}/{700 + n:05d}") for n in range(10)]
SCALES = ["(4,2)", "(16,2)"]


def example(language):
    [found] = re.findall(rf"```{language}\n(.*?)```", WALK, re.S)
    return found


@pytest.fixture
def project(smoke_run, tmp_path) -> Project:
    """A project with trained models, ten videos in the folders of their speakers."""
    project = Project.copied(smoke_run.folder, tmp_path / "project")
    for number, (speaker, name) in enumerate(CLIPS):
        folder = project.folder / "videos" / speaker
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"clip{number}.mp4").write_bytes(make_clip(PortraitSettings(), name)[0])
    return project


def call(project, *command):
    done = subprocess.run(
        command, cwd=project.folder, env=project.environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_from_videos_to_a_table(project):
    mavsr = (sys.executable, "-m", "mavsr")
    model = next(project.folder.glob("results/training/*avsr*.mtsk-ms.*/run.json")).parent
    videos = sorted(str(path) for path in project.folder.glob("videos/*/*.mp4"))
    drafts = ("--format", "json", "--output", "drafts")
    call(project, *mavsr, "transcribe", str(model), *videos, "--scale", "4,2", *drafts)
    call(project, sys.executable, "-c", example("python"))
    table = project.folder / "videos" / "table.csv"
    draft = pd.read_csv(table)
    assert set(draft.columns) == {"video", "text", "start", "end", "speaker"}
    # The smoke model hardly knows words. What people correct by hand is known here.
    said = {
        f"{speaker}/clip{n}.mp4": " ".join(
            word.name for word in write_script(PortraitSettings(), name).words
        )
        for n, (speaker, name) in enumerate(CLIPS)
    }
    whole = pd.DataFrame({"video": list(said), "text": list(said.values())})
    merged = whole.merge(draft.drop(columns="text"), on="video", how="left")
    assert merged.start.notna().sum() >= 8, "drafts lack most of the clips"
    merged.dropna().to_csv(table, index=False)
    config = project.folder / "mine.yaml"
    config.write_text(example("yaml"))
    given = [str(project.folder / SMOKE[1]), str(config)]
    told = call(project, *mavsr, "corpus", "check", "--configfile", *given)
    assert "nothing is left out" in told
    assert "training" in call(project, *mavsr, "plan", "--configfile", *given)
    targets = re.findall(r"^    make (\S+) CONFIG=mine.yaml", WALK, re.M)
    assert targets == ["results/report/mouths/mine_train.png", "results/table1.csv"]
    result = project.run("--configfile", *given, "--", *targets)
    assert result.returncode == 0, result.stdout
    scores = pd.read_csv(project.folder / "results" / "table1.csv")
    assert list(scores.columns) == ["corpus", "method", *SCALES]
    assert list(scores.corpus) == ["mine"] and scores[SCALES].notna().all().all()
    assert (project.folder / "results/report/mouths/mine_train.png").is_file()
    trained = next(project.folder.glob("results/training/mine.avsr*/run.json"))
    assert json.loads(trained.read_text())["model"]["method"] == "mtsk-ms"
