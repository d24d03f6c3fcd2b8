"""What the section ``features`` of a config asks of the rules."""

import json
import re
from pathlib import Path

import pytest
from test_dag import read_config

from mavsr.config.read import parse_config
from mavsr.errors import InputError
from mavsr.plan.files import stage_files
from mavsr.workflow.experiments import all_models

SHARD = "results/features/{}/portrait/train/view_0/00000.tar"
NOISY = "results/noise/portrait/train/view_0/00000.tar"


def commands(project, module, *arguments):
    """Command lines of the jobs that run ``module``, of a dry run."""
    shown = project.run("--dry-run", "--printshellcmds", *arguments)
    assert shown.returncode == 0, shown.stdout
    return [row for row in shown.stdout.splitlines() if f" {module} " in row]


def option(command, name):
    return json.loads(re.search(rf"--{name} '(.*?)'", command)[1])


def test_what_changes_the_tokens_and_nothing_else_is_a_setting(project):
    features = "features={store: pooled, long_clips: split, batch_s: 9}"
    config = ["--config", "use_experiments=[table1]", features, "--"]
    targets = [SHARD.format("toy-whisper"), SHARD.format("toy-avhubert")]
    found = {
        option(command, "encoder")["kind"]: command
        for command in commands(project, "mavsr.features.extract", *config, *targets)
    }
    assert option(found["whisper"], "settings") == {
        "dtype": "float16",
        "precision": "float32",
        "pool": 4,
    }
    assert "pool" not in option(found["avhubert"], "settings")
    assert {"seed", "flip"} < option(found["avhubert"], "settings").keys()
    for command in found.values():
        assert "--settings.batch_s 9.0 --settings.long_clips split" in command


def test_one_job_makes_all_views_of_a_shard_each_of_its_own_noise(project):
    def views(path):
        return f"{path} {path.replace('view_0', 'view_1')}"

    heard, seen = SHARD.format("toy-whisper"), SHARD.format("toy-avhubert")
    noisy, crops = views(NOISY), "results/mouths/portrait/train/00000.tar"
    targets = [path.replace("view_0", "view_1") for path in (heard, seen)]
    (mixing,) = commands(project, "mavsr.noise.apply", "--", *targets)
    assert f"--shard {crops} " in mixing
    assert f" --conditions view_0 view_1 --outputs {noisy} " in mixing
    encoding = commands(project, "mavsr.features.extract", "--", *targets)
    found = {option(command, "encoder")["kind"]: command for command in encoding}
    for kind, read, made in (("whisper", noisy, heard), ("avhubert", crops, seen)):
        assert f"--shards {read} --ledger " in found[kind]
        assert f"--conditions view_0 view_1 --outputs {views(made)} " in found[kind]


def test_plan_and_status_count_the_jobs_that_there_are(project):
    config = read_config(project)
    config["features"]["views"] = 3
    stages = stage_files(parse_config(config), Path("results"))
    jobs = project.plan("--config", "features={views: 3}", "--", "features")
    assert len(stages["noise"]) == jobs["mix_noise"] + jobs["mix_views"]
    encoding = ("extract_features", "extract_views", "index_features")
    assert len(stages["features"]) == sum(jobs[rule] for rule in encoding)
    # Of a job for two views the third is not there.
    shards = [path for s in ("noise", "features") for path in stages[s] if path.suffix == ".tar"]
    views = {path.parent.name for path in shards if path.parent.parent.name == "train"}
    assert views == {"view_2"}


def test_online_training_needs_crops_and_encoders_but_no_cached_views(project):
    config = read_config(project)
    name = next(n for n, m in all_models(parse_config(config)).items() if m.settings.task == "asr")
    online = ["--config", "features={mode: online}", "--"]
    target = f"results/training/{name}/run.json"
    (command,) = commands(project, "mavsr.training.train_online", *online, target)
    given = option(command, "online")
    assert given["mouths"] == "results/mouths/portrait/train/index.json"
    assert given["babble"] == "results/noise/portrait/babble.flac"
    defaults = {"pad": "chunk", "numerics": "ours"}
    assert given["audio_encoder"] == config["encoders"]["toy-whisper"] | defaults
    assert "video_encoder" not in given
    assert given["noise"]["snrs"] == config["noise"]["snrs"]
    assert " --audio " not in command and " --audio_val " in command
    jobs = project.plan(*online, target)
    assert (jobs["extract_features"], jobs["index_features"]) == (1, 1)
    assert not {"extract_views", "mix_views", "mix_noise"} & set(jobs)
    assert jobs["index_mouths"] == 2
    # A view that somebody asks for all the same has its noise.
    (command,) = commands(project, "mavsr.features.extract", *online, SHARD.format("toy-whisper"))
    assert f"--shards {NOISY} --ledger " in command


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"compression": "stack"}, "has compression stack, which needs every audio token"),
        ({"rates": {"audio": [4, 48]}}, "has the audio rate 48"),
    ],
)
def test_a_pooled_store_is_refused_where_it_would_not_be_exact(project, change, message):
    config = read_config(project)
    config["experiments"]["more"] = [{"methods": ["mtsk-ms"], **change}]
    config["use_experiments"] = ["table1", "more"]
    parse_config(config)
    config["features"]["store"] = "pooled"
    with pytest.raises(InputError, match=rf"experiments\.more\[0\] {message}"):
        parse_config(config)
    config["experiments"]["more"][0]["task"] = "vsr"  # no sound, nothing to pool
    parse_config(config)
