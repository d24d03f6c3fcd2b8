"""Changes of the smoke config, the jobs each asks for after it has run, and how these are counted.

A change is made, its jobs are counted in a dry run, and it is taken back. Results that would take
minutes are made up: empty files that ``--touch`` declares done. Snakemake decides by names, times
and records, and so does not see the difference.
"""

import re
from pathlib import Path

import yaml
from project import SMOKE
from snakemake.utils import update_config

ROOT = Path(__file__).parents[2]
SMOKE_CONFIG = SMOKE[1]

# Of the whole smoke config.
CROPS = {
    **{"crop_mouths": 4, "index_mouths": 3, "draw_mouths": 3, "summarise_mouths": 1},
    **{"mix_noise": 1, "mix_views": 2, "make_whisper": 1, "make_avhubert": 1},
}
FEATURES = {"extract_features": 5, "extract_views": 4, "index_features": 7}
MODELS = {
    "train_model": 7,
    "decode": 14,
    "record_routing": 1,
    "record_similarity": 1,
    "draw_losses": 1,
    "collect_costs": 1,
}
SCORES = {
    **{
        "score_experiment": 3,
        "collect_scores": 1,
        "check_results": 1,
        "write_results": 1,
        "all": 1,
    },
    **{"write_table": 2, "draw_figure": 3},
}
# Of an experiment that no table shows, beside its models and transcripts.
MORE = {
    "score_experiment": 1,
    "collect_scores": 1,
    "collect_costs": 1,
    "check_results": 1,
    "write_results": 1,
    "all": 1,
}
TABLE1 = MORE | {"write_table": 1}
"""Table 1 alone has other rows; so has the noise check, where another ratio is asked for."""


def more(**entry):
    """Changes that add an experiment of one small model."""
    return {
        "use_experiments": ["table1", "noise_check", "mome_experts", "more"],
        "experiments": {"more": [{"methods": ["mtsk-ms"], "task": "asr", **entry}]},
    }


def noise_check(*conditions):
    """Entries of that experiment under other conditions."""
    entry = {"methods": ["mtsk-ms"], "conditions": list(conditions)}
    return [entry, {**entry, "task": "asr"}]


def default(*keys):
    part = yaml.safe_load((ROOT / "config.yaml").read_text())
    for key in keys:
        part = part[key]
    return part


def another_corpus():
    """A second one like the smoke config's."""
    corpus = default("corpora", "portrait")
    smoke = yaml.safe_load((ROOT / SMOKE_CONFIG).read_text())
    update_config(corpus, smoke["corpora"]["portrait"])
    return corpus | {"root": "results/corpus/other/tree"}


AVSR = ["llama-avsr", "mtsk-ms", "mtsk-ss", "mtsk-mss"]
CHANGES = {
    "an audio rate": {"rates": {"audio": [4, 8, 16]}},
    "a video rate": {"rates": {"video": [2, 5]}},
    "a method": {
        "experiments": {"table1": [{"methods": AVSR}, {"methods": ["mome-ffn", "mome-mhsa"]}]}
    },
    "a seed": more(seed=1),
    "a test SNR": {"experiments": {"noise_check": noise_check("snr_-5", "snr_5")}},
    "a fault of the video": more(task="avsr", conditions=["drop_50"]),
    "an absent modality": more(task="avsr", conditions=["no_video"]),
    "a corpus": {"corpora": {"other": another_corpus()}, **more(corpus="other")},
    "an encoder": {
        "encoders": {"second": default("encoders", "toy-whisper")},
        **more(audio_encoder="second"),
    },
    "an LLM": {"llms": {"second": default("llms", "toy-llama")}, **more(llm="second")},
    "a view": {"features": {"views": 2}},
}
"""What is changed -> what differs from the smoke config."""

ADDED = {
    # Llama-AVSR has a model more; MS, SS, MSS, MoME and MS by ear are others.
    "an audio rate": {
        **{"train_model": 1 + 4 + 1, "decode": 1 + 4 * 3 + 3 + 3},
        **{"record_routing": 1, "record_similarity": 1, "draw_losses": 1},
        # Table 4 has the tokens of every rate.
        **(SCORES | {"write_table": 3, "collect_costs": 1}),
    },
    "a video rate": {
        **{"train_model": 2 + 4, "decode": 2 + 4 * 4 + 4},
        **{"record_routing": 1, "record_similarity": 1, "draw_losses": 1},
        **(SCORES | {"write_table": 3, "collect_costs": 1}),
    },
    "a method": {"train_model": 1, "decode": 2, "draw_losses": 1, **TABLE1},
    "a seed": {"train_model": 1, "decode": 2, "draw_losses": 1, **MORE},
    "a test SNR": {
        **{"mix_noise": 1, "extract_features": 1, "index_features": 1, "decode": 2 + 2},
        **TABLE1,
    },
    # Of a model that is there.
    "a fault of the video": {"extract_features": 1, "index_features": 1, "decode": 2, **MORE},
    "an absent modality": {"decode": 2, **MORE},
    "a corpus": {
        **{"make_portrait": 1, "scan_corpus": 1},
        **{"crop_mouths": 4, "index_mouths": 3, "draw_mouths": 3, "summarise_mouths": 1},
        **{"make_babble": 1, "mix_views": 2},
        **{"extract_features": 2, "extract_views": 2, "index_features": 3},
        **{"train_model": 1, "decode": 2, "draw_losses": 1, **MORE},
    },
    "an encoder": {
        **{"extract_features": 2, "extract_views": 2, "index_features": 3},
        **{"train_model": 1, "decode": 2, "draw_losses": 1, **MORE},
    },
    "an LLM": {"train_model": 1, "decode": 2, "draw_losses": 1, **MORE},
    # One job makes all views of a shard: that which is there is made again.
    "a view": {
        **{"mix_views": 2, "extract_views": 4, "index_features": 4},
        **(MODELS | SCORES),
    },
}
"""What is added -> rule -> jobs."""


def plan(project, change=None, *more):
    """Rule -> jobs under the smoke config and a change of it."""
    return project.plan(*config_files(project, change or {}), *more)


def config_files(project, change):
    (project.folder / "change.yaml").write_text(yaml.safe_dump(change))
    return (*SMOKE, "change.yaml")


def pretend(project, change):
    """Leave everything as if the changed config had run, with empty files for what is new."""
    files = config_files(project, change)
    shown = project.run("--dry-run", *files)
    assert shown.returncode == 0, shown.stdout
    for line in re.findall(r"^    output: (.*)$", shown.stdout, re.M):
        for path in (project.folder / name for name in line.split(", ")):
            if path.name == "adapters":
                path.mkdir(parents=True, exist_ok=True)
            elif not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
    done = project.run("--touch", *files)
    assert done.returncode == 0, done.stdout
    assert not project.plan(*files)
