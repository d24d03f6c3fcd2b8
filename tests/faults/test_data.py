"""Damaged data are never used: each kind of file, damaged in each way, read by what reads it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from damages import Row
from fault_table import check_row

from mavsr.corpus.manifest import read_manifest
from mavsr.encoders import EncoderSettings, load_encoder
from mavsr.evaluation.collect import collect
from mavsr.evaluation.score import ScoringSettings
from mavsr.features.join import UtteranceSource
from mavsr.features.online import Clips, OnlineSettings
from mavsr.features.verify import damaged_shards
from mavsr.mouths.contact_sheet import draw
from mavsr.mouths.summary import summarise
from mavsr.report.check import check
from mavsr.report.cost_table import read_costs
from mavsr.report.run import describe
from mavsr.tables import read_csv


def written(place, job: Callable[..., None], *names: str) -> Callable[[], list[bytes]]:
    """Runs a job that writes these scratch files; returns what is in them."""

    def read() -> list[bytes]:
        paths = [place.scratch(name) for name in names]
        for path in paths:
            path.unlink(missing_ok=True)
        job(*paths)
        return [path.read_bytes() for path in paths]

    return read


def utterances(place) -> list[object]:
    """What training and decoding read of a split."""
    indexes = {m: place.features(m) / "index.json" for m in ("audio", "video")}
    source = UtteranceSource(place.manifest, indexes)
    found = [source[key] for key in source]
    return [(u.key, u.text, *(t.numpy().tobytes() for t in u.tokens.values())) for u in found]


def fresh_crops(place) -> list[object]:
    """What training with online features reads."""
    settings = OnlineSettings(
        place.crops.with_name("index.json"),
        video_encoder=EncoderSettings("avhubert", str(place.root.parent / "v.pt")),
    )
    clips = Clips(place.manifest, settings)
    return [clips.frames, *(clips.read(key, ("flac", "mkv")) for key in sorted(clips.places))]


def check_results(place, output: Path) -> None:
    check(place.wer, [place.scores], [place.hypotheses], place.root, output, ScoringSettings())


def describe_run(place, output: Path) -> None:
    summary = place.root / "mouths/portrait/ledger_summary.csv"
    checks = place.root / "checks.csv"
    if not checks.exists():
        check_results(place, checks)
    describe({"a": 1}, [place.hypotheses.with_suffix(".json")], [summary], checks, output)


ROWS: dict[str, Callable] = {
    "manifest, features jobs' split": lambda p: Row(
        "manifest (Parquet)", "training, decoding", p.manifest, lambda: utterances(p)
    ),
    "manifest, scoring": lambda p: Row(
        "manifest (Parquet)", "scoring", p.manifest, written(p, p.score, "a.csv")
    ),
    "list of dropped clips": lambda p: Row(
        "list of dropped clips (CSV)",
        "index of crops",
        p.dropped,
        written(p, p.close_crops, "i.json", "l.csv"),
    ),
    "crops, noise": lambda p: Row("shard of crops", "noise", p.crops, written(p, p.mix, "n.tar")),
    "crops, features": lambda p: Row(
        "shard of crops",
        "features of video",
        p.crops,
        written(p, lambda out: p.encode("video", p.crops, out), "v.tar"),
    ),
    "crops, index": lambda p: Row(
        "shard of crops",
        "index of crops",
        p.crops,
        written(p, p.close_crops, "i.json", "l.csv"),
    ),
    "crops, contact sheet": lambda p: Row(
        "shard of crops",
        "contact sheet",
        p.crops,
        written(p, lambda out: draw(p.joined_ledger, [p.crops], out), "s.png"),
    ),
    "crops, online": lambda p: Row(
        "shard of crops", "training, online features", p.crops, lambda: fresh_crops(p)
    ),
    "index of crops": lambda p: Row(
        "index of crops (JSON)",
        "training, online features",
        p.crops.with_name("index.json"),
        lambda: fresh_crops(p),
    ),
    "ledger, index": lambda p: Row(
        "ledger of a shard (CSV)",
        "index of crops",
        p.ledger,
        written(p, p.close_crops, "i.json", "l.csv"),
    ),
    "ledger, noise": lambda p: Row(
        "ledger of a shard (CSV)", "noise", p.ledger, written(p, p.mix, "n.tar")
    ),
    "joined ledger, scoring": lambda p: Row(
        "ledger of a split (CSV)", "scoring", p.joined_ledger, written(p, p.score, "a.csv")
    ),
    "joined ledger, summary": lambda p: Row(
        "ledger of a split (CSV)",
        "summary",
        p.joined_ledger,
        written(p, lambda out: summarise([p.joined_ledger], out), "u.csv"),
    ),
    "babble": lambda p: Row("babble (FLAC)", "noise", p.babble, written(p, p.mix, "n.tar")),
    "list of noise": lambda p: Row(
        "list of noise (Parquet)", "noise", p.recordings, written(p, p.mix_recordings, "n.tar")
    ),
    "noisy shard": lambda p: Row(
        "shard of noisy audio",
        "features of audio",
        p.noisy,
        written(p, lambda out: p.encode("audio", p.noisy, out), "a.tar"),
    ),
    "features, index": lambda p: Row(
        "shard of features",
        "index of features",
        p.features("audio") / "00000.tar",
        written(p, lambda *out: p.close_features("audio", *out), "i.json", "s.parquet"),
    ),
    "features, training": lambda p: Row(
        "shard of features",
        "training, decoding",
        p.features("video") / "00000.tar",
        lambda: utterances(p),
    ),
    "table of features": lambda p: Row(
        "table of features (Parquet)",
        "training, decoding",
        p.features("audio") / "samples.parquet",
        lambda: utterances(p),
    ),
    "index of features, training": lambda p: Row(
        "index of features (JSON)",
        "training, decoding",
        p.features("video") / "index.json",
        lambda: utterances(p),
    ),
    "index of features, verify": lambda p: Row(
        "index of features (JSON)",
        "`mavsr features verify`",
        p.features("video") / "index.json",
        lambda: damaged_shards(p.features("video") / "index.json"),
    ),
    "audio encoder": lambda p: Row(
        "toy encoder (safetensors)",
        "features of audio",
        Path(p.settings["audio"].path) / "model.safetensors",
        lambda: load_encoder(p.settings["audio"]).fingerprint,
    ),
    "video encoder": lambda p: Row(
        "toy encoder (torch)",
        "features of video",
        Path(p.settings["video"].path),
        lambda: load_encoder(p.settings["video"]).fingerprint,
    ),
    "record of an encoder": lambda p: Row(
        "record of a toy encoder (JSON)",
        "features of audio",
        Path(p.settings["audio"].path) / "toy.json",
        lambda: load_encoder(p.settings["audio"]).fingerprint,
    ),
    "routing": lambda p: Row(
        "routing (CSV)",
        "figure of experts",
        p.routing,
        lambda: read_csv(p.routing, "routing").to_csv(),
    ),
    "hypotheses": lambda p: Row(
        "hypotheses (JSON lines)", "scoring", p.hypotheses, written(p, p.score, "a.csv")
    ),
    "sidecar": lambda p: Row(
        "sidecar of hypotheses (JSON)",
        "scoring",
        p.hypotheses.with_suffix(".json"),
        written(p, p.score, "a.csv"),
    ),
    "scores": lambda p: Row(
        "scores of an experiment (CSV)",
        "`wer.csv`, tables, figures",
        p.scores,
        written(p, lambda out: collect([p.scores], out), "w.csv"),
    ),
    "costs": lambda p: Row(
        "costs of an experiment (CSV)",
        "tables that choose scales",
        p.costs,
        lambda: read_costs(p.costs).to_csv(),
    ),
    "scores, check": lambda p: Row(
        "`wer.csv`", "checks", p.wer, written(p, lambda out: check_results(p, out), "c.csv")
    ),
    "list of checks": lambda p: Row(
        "list of checks (CSV)",
        "page of the run",
        p.root / "checks.csv",
        written(p, lambda out: describe_run(p, out), "r.html"),
    ),
    "summary": lambda p: Row(
        "summary of ledgers (CSV)",
        "page of the run",
        p.root / "mouths/portrait/ledger_summary.csv",
        written(p, lambda out: describe_run(p, out), "r.html"),
    ),
}
"""Name of a test -> the kind of file, its reader, and how that is run."""


@pytest.mark.parametrize("name", ROWS)
def test_damage_is_named_or_changes_nothing(place, name):
    if name == "list of checks":
        check_results(place, place.root / "checks.csv")
    check_row(ROWS[name](place))


def test_the_manifest_of_these_tests_is_whole(place):
    assert len(read_manifest(place.manifest)) == 3
