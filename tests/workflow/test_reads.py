"""Every key of the config changes exactly what its mark promises, and nothing else."""

import copy

import pytest
from marks import VARIANTS, Rules, written
from pydantic import TypeAdapter

from mavsr.config.config import Config
from mavsr.config.features import CACHING
from mavsr.config.marks import leaves
from mavsr.config.read import merged, parse_config, plain
from mavsr.report.catalogue import ALL_FIGURES, ALL_TABLES, FIGURES, TABLES
from mavsr.workflow.evaluations import choosable
from mavsr.workflow.reads import CONDITIONS, parse_mark

LEAVES = {".".join(leaf.path): leaf for leaf in leaves(Config)}
ALWAYS = "describe_run"
"""Shows every key."""
NAMED = ("corpora", "encoders", "llms", "table4", "noises")
OTHER = {
    "corpora.*.kind": {"lrs3": "portrait"},
    "encoders.*.kind": {"spare": "whisper"},
    "encoders.*.pad": {"toy-whisper": "none"},
    "encoders.*.revision": {"toy-whisper": "v2"},
    "corpora.*.validation_share": {"portrait": 0.1},
    "corpora.*.validation": {"lrs3": "other.txt"},
    **{f"corpora.*.splits.{s}": {"cropped": ["more.csv"]} for s in ("train", "val", "test")},
    "rates.audio": [4, 6],
    "rates.video": [1, 2],
    "setup.corpus": "lrs3",
    "setup.corpora": ["lrs2", "lrs3"],
    "setup.tests": ["lrs3", "mine"],
    "setup.seeds": [0, 1],
    "setup.audio_encoder": "second-ear",
    "setup.video_encoder": "spare",
    "setup.llm": "second-llm",
    "setup.conditions": ["snr_5"],
    "noises.*.file": {"factory": "other.mat"},
    "noises.*.folder": {"music": "other"},
    "noises.*.corpus": {"speech": "lrs3"},
    "use_experiments": ["table1"],
    "use_corpora": ["portrait"],
    "noise.snrs": [0],
    "toy.whisper.snrs": [0],
    "mouths.codec": {"x264": 20},
    "mouths.detector": "retinaface",
    "corpora.*.make.pretrain_clips": {"portrait": 0},
    "mouths.landmarks": "other points",
    "mouths.retinaface.weights": "https://h/other.pth",
    "mouths.retinaface.sha256": "1" * 64,
    "noise.babble.url": "https://h/other.mat",
    "noise.babble.sha256": "1" * 64,
    "training.betas": [0.8, 0.9],
    "training.per_task.vsr.learning_rate": 1e-4,
    **{f"training.per_task.{t}.rates_per_step": "drawn" for t in ("asr", "vsr", "avsr", "omni")},
    "mome.scale_weights": {"a4_v2": 2.0},
    "scoring.baseline": None,
    "encoders.*.path": {
        "toy-whisper": "results/toy/lrs2/whisper",
        "toy-avhubert": "results/toy/lrs2/avhubert.pt",
        **{"spare": "other.pt", "second-ear": "other"},
    },
    "llms.*.path": {"toy-llama": "results/toy/lrs2/llama", "second-llm": "other"},
    "llms.*.revision": {"toy-llama": "v2"},
    "llms.*.lora_targets": {"toy-llama": ["k_proj"]},
    "corpora.*.download.archives.[].parts.[].url": {
        "lrs2": [{"parts": [{"url": "https://h/z.zip"}]}]
    },
    "corpora.*.download.archives.[].parts.[].sha256": {
        "lrs2": [{"parts": [{"url": "https://h/a.zip", "sha256": "1" * 64}]}]
    },
    "corpora.*.download.archives.[].into": {
        "lrs2": [{"parts": [{"url": "https://h/a.zip"}], "into": "deep"}]
    },
    "corpora.*.download.files.[].url": {"lrs2": [{"url": "https://h/z"}]},
    "corpora.*.download.files.[].sha256": {"lrs2": [{"url": "https://h/b", "sha256": "1" * 64}]},
    "features.store": "pooled",
    "elastic.start": "a16_v5",
    "elastic.threshold": -1.5,
    "local_models": None,
}
"""Key -> another value, where one cannot be made up from its type."""
SIZES = {
    "toy.llama.hidden": 256,
    "toy.llama.heads": 8,
    "mome.top_k": 3,
    "resampler.queries": 16,
    "resampler.heads": 8,
    "resampler.width": 128,
    "decoding.sampling.top_p": 0.5,
}
REFUSED = {
    "online": ["setup.corpora"],
    "online, truncated": ["setup.corpora"],
    "resampled": ["features.store"],  # pooled does not keep the tokens that queries attend to
}
"""Variant -> keys whose other value does not go together with it."""


@pytest.fixture(scope="module")
def rules(tmp_path_factory):
    return Rules()


def other_value(path, leaf, value):
    """Another valid value of a key."""
    if path in SIZES:
        return SIZES[path]
    kinds = TypeAdapter(leaf.hint).json_schema()
    for kind in kinds.get("anyOf", [kinds]):
        only = [kind["const"]] if "const" in kind else []
        choices = [choice for choice in [*kind.get("enum", []), *only] if choice != value]
        if choices:
            return choices[0]
        if kind.get("type") == "boolean":
            return not value
        if kind.get("type") == "integer":
            return (value or 0) + 1 if (value or 0) + 1 <= kind.get("maximum", 1e9) else value - 1
        if kind.get("type") == "number":
            return value * 0.5 if value else 0.25
        if kind.get("type") == "string":
            return f"{value or ''}x"
    raise AssertionError(f"{path}: say in OTHER what else it may be")


def changes(path, leaf, config):
    """(name that is meant, change) of every place where a key stands in a config."""
    steps = path.split(".")
    if path.startswith("experiments."):
        return
    names = list(config[steps[0]]) if steps[1:2] == ["*"] else [None]
    typed = plain(parse_config(copy.deepcopy(config)))
    for name in names:
        keys = [name if step == "*" else step for step in steps]
        if "[]" in keys:
            keys = keys[: keys.index("[]")]
        part = typed
        for key in keys[:-1]:
            part = part.get(key) if isinstance(part, dict) else None
        if "per_task" in keys:
            part = {keys[-1]: None, **(part or {})}
        if not isinstance(part, dict) or keys[-1] not in part:
            continue  # another kind of corpus, or nothing is given here
        if path in OTHER:
            other = OTHER[path] if name is None else OTHER[path].get(name)
            if name is not None and other is None:
                continue
        else:
            other = other_value(path, leaf, part[keys[-1]])
        if other == part[keys[-1]]:
            continue
        change = {keys[-1]: other}
        for key in reversed(keys[:-1]):
            change = {key: change}
        yield change


def promised(leaf, job, configs, purpose):
    """Whether a mark says that a job reads a key, under one of two configs."""
    rule, wildcards = job
    for mark in getattr(leaf.key, purpose):
        name, conditions = parse_mark(mark)
        if name == rule and any(
            all(CONDITIONS[c](asked, dict(wildcards)) for c in conditions) for asked in configs
        ):
            return True
    return False


def concerns(path, change, job, asked):
    """Whether a job of a rule that reads a key reads it for the name that was changed."""
    section = path.split(".")[0]
    if path == "training.learning_rate":  # of VSR `per_task` has another
        model = asked.models.get(dict(job[1]).get("model", ""))
        return model is None or model.settings.task != "vsr"
    if path == "noise.babble.sha256" and job[0] == "import_babble":
        return False  # it is told the name alone, and runs again as its input is fetched anew
    if path == "rates.audio" and job[0] in CACHING:
        read = dict(job[1])
        return any(
            read["encoder"] in dict(m.encoders).values() and read["corpus"] in m.corpora
            for m in asked.models.values()
        )
    if section not in NAMED or section == "table4":
        return True
    (name,) = change[section]
    _, wildcards = job
    known = dict(wildcards)
    model = asked.models.get(known.get("model", ""))
    if section == "llms":
        return model is None or model.llm == name
    if section == "encoders" and ("encoder" in known or model):
        read = [known["encoder"]] if "encoder" in known else [e for _, e in model.encoders]
        return name in read
    if section == "noises":
        return known.get("noise") == name
    if section == "encoders" and known.keys() <= {"experiment"}:  # of costs
        wanted = asked.by_experiment.get(known.get("experiment"), asked.evaluations)
        return name in {encoder for e in wanted for _, encoder in e.model.encoders}
    if "name" in known:
        shown = asked.by_experiment.get((TABLES | FIGURES).get(known["name"]) or "", [])
        return name in {e.corpus for e in shown}
    return known.get("corpus", name) == name


SECOND = {
    "encoders": {"second-ear": {"kind": "whisper", "path": "w"}},
    "llms": {"second-llm": {"path": "l"}},
}


PLANNING = ("experiments.", "imported.", "local_models")
"""Keys that say which jobs there are, and nothing to a job; the last stands for others' paths."""


def test_every_key_is_read_by_exactly_the_rules_of_its_mark(rules):
    wrong, kept, walked = set(), set(), set()
    for variant in VARIANTS:
        config = merged(written(variant), SECOND)
        asked, before = rules.jobs(config)
        for path, leaf in LEAVES.items():
            if path in walked and not conditional(leaf):
                continue
            if path in REFUSED.get(variant, ()):
                continue
            for change in changes(path, leaf, config):
                walked.add(path)
                other, after = rules.jobs(merged(config, change))
                configs = (asked, other)
                if leaf.key.plans and before.keys() != after.keys():
                    kept.add(path)
                for job in before.keys() & after.keys():
                    if job[0] == ALWAYS:
                        assert before[job] != after[job]
                        continue
                    if leaf.key.plans and path != "rates.audio" and pools(configs, job):
                        continue  # other models, whose rates have another divisor
                    told = promised(leaf, job, configs, "decides")
                    runs = promised(leaf, job, configs, "runs")
                    meant = concerns(path, change, job, asked)
                    told = told or (leaf.key.plans and replanned(configs, job))
                    differs = [one != two for one, two in zip(before[job], after[job], strict=True)]
                    if any(differs):
                        kept.add(path)
                    allowed = [told and meant, runs and meant]
                    if differs != allowed:
                        wrong.add((variant, path, job[0], tuple(differs), tuple(allowed)))
    assert not wrong, "\n".join(map(str, sorted(wrong)))
    assert not set(LEAVES) - walked - {p for p in LEAVES if p.startswith(PLANNING)}
    assert not [p for p in walked - kept if not LEAVES[p].key.plans]


def pools(configs, job):
    """Whether the divisor of a job's rates differs between two configs."""
    wildcards = dict(job[1])
    if job[0] not in CACHING or configs[0].config.features.store != "pooled":
        return False
    before, after = (asked.pool(wildcards["encoder"], wildcards["corpus"]) for asked in configs)
    return before != after


def replanned(configs, job):
    """Whether other models give a job that is of many other things to read.

    These are encoders whose costs it counts, or scales to choose from, which it shows if there are.
    """
    known = dict(job[1])
    if job[0] in ("collect_costs", "cost_experiment"):
        before, after = (
            {e for w in wanted(a, known) for _, e in w.model.encoders} for a in configs
        )
        return before != after
    shown = (ALL_TABLES | ALL_FIGURES).get(known.get("name"))
    if shown is None or shown.trace not in ("adaptive", "confidence", "scales"):
        return False
    before, after = (bool(choosable(a.by_experiment[shown.experiment])) for a in configs)
    return before != after


def wanted(asked, known):
    """The evaluations of a job's experiment, or all."""
    return asked.by_experiment[known["experiment"]] if known else asked.evaluations


def conditional(leaf):
    """Whether a mark of a key holds for some jobs alone."""
    return any(" if " in mark for mark in (*leaf.key.decides, *leaf.key.runs))
