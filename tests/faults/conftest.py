"""A small results folder with every kind of file, made by the jobs' own functions."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from evaluated import SIDECAR, lines_of
from tiny import save_avhubert, save_whisper
from trees import manifest_row

from mavsr.corpus.manifest import read_manifest, write_manifest
from mavsr.corpus.scan import write_dropped
from mavsr.encoders import EncoderSettings, load_encoder
from mavsr.encoders.base import Encoder
from mavsr.evaluation.collect import collect
from mavsr.evaluation.hypotheses import write_hypotheses
from mavsr.evaluation.routing import COLUMNS as ROUTING
from mavsr.evaluation.score import ScoringSettings, score
from mavsr.features.extract import Target, encode_shard
from mavsr.features.index import index as index_features
from mavsr.features.join import UtteranceSource
from mavsr.features.settings import ExtractSettings
from mavsr.files import sha256
from mavsr.media import SAMPLES_PER_FRAME, encode_audio
from mavsr.model.cost import prefix_tokens
from mavsr.model.scales import Scale
from mavsr.mouths.align import mouth_crops
from mavsr.mouths.clip import CropSettings, encode
from mavsr.mouths.index import index as index_mouths
from mavsr.mouths.ledger import Entry, write_ledger
from mavsr.mouths.summary import summarise
from mavsr.noise.apply import apply
from mavsr.noise.condition import Condition
from mavsr.noise.listing import listing
from mavsr.records import write_record
from mavsr.report.cost_table import COLUMNS as COSTS
from mavsr.shards import write_shard
from mavsr.tables import write_csv

TEXTS = {"clip_a": "red one", "clip_b": "green two", "clip_c": "blue three"}
FRAMES = {"clip_a": 14, "clip_b": 20, "clip_c": 17}


@dataclass
class Place:
    """Where everything lies, and the jobs that were run to make it."""

    root: Path
    encoders: dict[str, Encoder] = field(default_factory=dict)
    settings: dict[str, EncoderSettings] = field(default_factory=dict)

    @property
    def manifest(self) -> Path:
        return self.root / "corpus/portrait/test.parquet"

    @property
    def dropped(self) -> Path:
        return self.root / "corpus/portrait/dropped.csv"

    @property
    def crops(self) -> Path:
        return self.root / "mouths/portrait/test/00000.tar"

    @property
    def ledger(self) -> Path:
        return self.crops.with_suffix(".csv")

    @property
    def joined_ledger(self) -> Path:
        return self.crops.with_name("ledger.csv")

    @property
    def babble(self) -> Path:
        return self.root / "noise/babble.flac"

    @property
    def recordings(self) -> Path:
        return self.root / "noise/named/hum.parquet"

    @property
    def noisy(self) -> Path:
        return self.root / "noise/portrait/test/snr_0/00000.tar"

    @property
    def hypotheses(self) -> Path:
        return self.root / "evaluation/model/clean/a4_v2.jsonl"

    @property
    def routing(self) -> Path:
        return self.root / "evaluation/model/clean/routing.csv"

    @property
    def scores(self) -> Path:
        return self.root / "evaluation/table1.csv"

    @property
    def costs(self) -> Path:
        return self.root / "evaluation/table1_cost.csv"

    @property
    def wer(self) -> Path:
        return self.root / "wer.csv"

    def features(self, modality: str) -> Path:
        return self.root / "features" / modality[0] / "portrait/test/clean"

    def scratch(self, name: str) -> Path:
        return self.root.parent / "scratch" / name

    def crop(self) -> None:
        """What crop_mouths writes, of clips that are noise to eye and ear."""
        draw = np.random.default_rng(0)
        landmarks = np.array([[40, 40], [60, 40], [50, 52], [50, 62]], float)

        def samples():
            for key, frames in FRAMES.items():
                pictures = draw.integers(0, 256, (frames, 100, 100, 3), np.uint8)
                sound = draw.uniform(-0.5, 0.5, SAMPLES_PER_FRAME * frames).astype(np.float32)
                about = {"text": TEXTS[key], "speaker": "s"}
                found = np.repeat(landmarks[None], frames, axis=0)
                crops = mouth_crops(pictures, found)
                yield key, encode(crops, sound, found, about, CropSettings())

        write_shard(self.crops, samples())
        rows = [
            Entry(key, "test", 0, True, "", frames, 1.0, 0.0, frames / 25, 0.0)
            for key, frames in FRAMES.items()
        ]
        write_ledger(self.ledger, rows)

    def close_crops(self, index: Path, ledger: Path) -> None:
        index_mouths(
            [self.crops], [self.ledger], self.dropped, self.manifest, "test", index, ledger, 1.0
        )

    def mix(self, output: Path) -> None:
        apply(self.crops, self.babble, ["snr_0"], [output], ledger=self.ledger)

    def mix_recordings(self, output: Path) -> None:
        apply(self.crops, self.recordings, ["hum_0"], [output], ledger=self.ledger)

    def encode(self, modality: str, shard: Path, output: Path) -> None:
        extraction, clean = ExtractSettings(), Condition.parse("clean")
        made_by = {"weights": modality, "dtype": extraction.dtype}
        target = Target(clean, output, made_by)
        encode_shard(shard, self.encoders[modality], [target], extraction, sorted(TEXTS))

    def close_features(self, modality: str, index: Path, samples: Path) -> None:
        shards = [self.features(modality) / "00000.tar"]
        index_features(shards, index, samples, {}, self.joined_ledger)

    def score(self, output: Path) -> None:
        score([self.hypotheses], self.root, output, ScoringSettings())


@pytest.fixture(scope="session")
def place(tmp_path_factory) -> Place:
    base = tmp_path_factory.mktemp("faults")
    place = Place(base / "results")
    place.scratch("").mkdir()
    rows = [
        manifest_row(key, text=text, split="test", duration_s=FRAMES[key] / 25)
        for key, text in TEXTS.items()
    ]
    write_manifest(place.manifest, pd.DataFrame(rows))
    write_dropped(place.dropped, [])
    place.crop()
    place.close_crops(place.crops.with_name("index.json"), place.joined_ledger)
    summarise([place.joined_ledger], place.root / "mouths/portrait/ledger_summary.csv")
    babble = np.random.default_rng(1).uniform(-0.5, 0.5, 32_000).astype(np.float32)
    place.babble.parent.mkdir(parents=True)
    place.babble.write_bytes(encode_audio(babble))
    place.mix(place.noisy)
    hum = base / "hum" / "a.flac"
    hum.parent.mkdir()
    hum.write_bytes(place.babble.read_bytes())
    listing(hum.parent, place.recordings)
    given = {
        "audio": EncoderSettings("whisper", str(save_whisper(base / "w", chunk_s=1))),
        "video": EncoderSettings("avhubert", str(save_avhubert(base / "v.pt"))),
    }
    for modality, settings in given.items():
        place.encoders[modality] = load_encoder(settings)
        place.settings[modality] = settings
        weights = Path(settings.path)
        record = weights / "toy.json" if weights.is_dir() else weights.with_suffix(".json")
        weights = weights / "model.safetensors" if weights.is_dir() else weights
        write_record(record, {"weights_sha256": sha256(weights)})
        folder = place.features(modality)
        place.encode(modality, place.crops, folder / "00000.tar")
        place.close_features(modality, folder / "index.json", folder / "samples.parquet")
    texts = read_manifest(place.manifest).set_index("key").text.to_dict()
    write_hypotheses(place.hypotheses, lines_of(texts, heard="red"), sidecar(place))
    shares = [("0", "a4_v2", "text", expert, expert, 0.25 * expert) for expert in range(3)]
    write_csv(place.routing, pd.DataFrame(shares, columns=list(ROUTING)))
    costs = dict.fromkeys(COSTS, 1.5) | {"audio_rate": 4, "video_rate": 2, "variant": ""}
    write_csv(place.costs, pd.DataFrame([costs]))
    place.score(place.scores)
    collect([place.scores], place.wer)
    return place


def sidecar(place: Place) -> dict:
    """Of hypotheses over the features of this folder."""
    indexes = {m: place.features(m) / "index.json" for m in ("audio", "video")}
    lengths = UtteranceSource(place.manifest, indexes).lengths().values()
    tokens = [prefix_tokens(found, Scale(4, 2), SIDECAR["prompt_tokens"]) for found in lengths]
    versions = {"versions": {"mavsr": "1"}, "python": "3", "machine": "m", "commit": None}
    return SIDECAR | versions | {"tokens": sum(tokens) / len(tokens)}
