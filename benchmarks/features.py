"""What encoding costs, and what the feature cache saves, as ratios measured in one run.

    python benchmarks/features.py

- *encoding*: the workflow's job against a plain loop (read, encode, write, one clip after another,
  in processes of the same kind), and two jobs on two cores against one. Networks have the sizes of
  the embedded default's toy models, and random weights; clips are made. Starting processes and
  loading encoders is left out. The ways take turns, so that a busy machine slows all of them.
- *cache*: clips per second read at random against encoded, and MB/s of one process over tokens of
  real width that lie in the page cache.
- *memory*: peak of a job over a shard of n clips and one of 4n.
"""

import json
import multiprocessing
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperModel

from mavsr.command import run_command
from mavsr.config.read import read_config
from mavsr.encoders import Encoder, EncoderSettings, load_encoder
from mavsr.encoders.avhubert import AVHubertConfig, AVHubertEncoder, save_checkpoint
from mavsr.encoders.batches import BatchPlan, encode_stream
from mavsr.features.cache import FeatureCache
from mavsr.features.content import pack
from mavsr.features.extract import Target, encode_shard
from mavsr.features.header import FIELD
from mavsr.features.index import index
from mavsr.features.settings import ExtractSettings
from mavsr.features.views import clean_view
from mavsr.media import decode_audio, decode_video, encode_audio, encode_lossless
from mavsr.noise.condition import Condition
from mavsr.shards import read_shard, write_shard

WIDE = {"weights": "of a benchmark", "dtype": "float16", "pool": 1}


def features(clips: int = 24, repeats: int = 9) -> None:
    """Print every ratio, over ``repeats`` rounds.

    Args:
        clips: in a shard.
        repeats: rounds in which the ways take turns.

    """
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        encoders = make_encoders(folder)
        shards = [make_shard(folder / f"in{n}.tar", clips, n) for n in range(2)]
        for name, settings in encoders.items():
            compare_encoding(name, settings, shards, folder, repeats)
        measure_reading(folder)
        measure_memory(encoders, folder, clips)


def make_encoders(folder: Path) -> dict[str, EncoderSettings]:
    """Random weights in the sizes of the embedded default's toy models."""
    sizes = read_config([]).toy
    hears, sees = sizes.whisper, sizes.avhubert
    torch.manual_seed(0)
    config = WhisperConfig(
        d_model=hears.dim,
        encoder_layers=hears.layers,
        encoder_attention_heads=hears.heads,
        encoder_ffn_dim=4 * hears.dim,
        decoder_layers=1,
        decoder_attention_heads=hears.heads,
        max_source_positions=50 * hears.chunk_s,
    )
    WhisperModel(config).save_pretrained(folder / "whisper")
    extractor = WhisperFeatureExtractor(chunk_length=hears.chunk_s)
    extractor.save_pretrained(folder / "whisper")
    names = ("dim", "layers", "heads", "resnet_width", "conv_pos")
    video = AVHubertConfig(**{name: getattr(sees, name) for name in names}, ffn_dim=4 * sees.dim)
    save_checkpoint(folder / "v.pt", AVHubertEncoder(video).public_state_dict(), video)
    return {
        "whisper": EncoderSettings("whisper", str(folder / "whisper")),
        "avhubert": EncoderSettings("avhubert", str(folder / "v.pt")),
    }


def make_shard(path: Path, clips: int, seed: int = 0, shortest: int = 25) -> Path:
    """Sound and smooth moving pictures of up to 99 frames, as the mouths stage stores them."""
    draw = np.random.default_rng(seed)
    grid = np.linspace(0, 6, 96)

    def samples():
        for number in range(clips):
            frames = int(draw.integers(shortest, 100))
            phase = np.cumsum(draw.uniform(0, 0.4, frames))[:, None, None]
            pictures = 127 + 100 * np.sin(grid[:, None] + grid * draw.uniform(0.2, 2) + phase)
            sound = draw.normal(0, 0.1, 640 * frames).astype(np.float32)
            yield (
                f"s{seed}k{number:05d}",
                {
                    "mkv": encode_lossless(np.repeat(pictures[..., None], 3, 3).astype(np.uint8)),
                    "flac": encode_audio(sound),
                    "json": json.dumps({"frames": frames}).encode(),
                },
            )

    write_shard(path, samples())
    return path


def samples_of(shard: Path, modality: str) -> Iterator[tuple[str, torch.Tensor]]:
    for key, fields in read_shard(shard):
        if modality == "audio":
            yield key, torch.from_numpy(decode_audio(fields["flac"]))
        else:
            yield key, clean_view(decode_video(fields["mkv"]))


def write_tokens(output: Path, tokens: Iterable[tuple[str, torch.Tensor]]) -> None:
    contents = ((key, safetensors.torch.save({"features": rows.half()})) for key, rows in tokens)
    write_shard(output, ((key, {FIELD: content}) for key, content in contents))


def plain_loop(shard: Path, output: Path) -> None:
    """Read, encode, write: as one would write it down."""
    encoder = _loaded[0]
    samples = samples_of(shard, encoder.modality)
    write_tokens(output, ((key, encoder.encode([sample])[0]) for key, sample in samples))


def batches_of_8(shard: Path, output: Path) -> None:
    """The plain loop with padded batches, as on a GPU; made clips are shorter than 4 s."""
    encoder = _loaded[0]
    samples = samples_of(shard, encoder.modality)
    write_tokens(output, encode_stream(samples, encoder, BatchPlan(batch_s=8 * 4, window=64)))


def job(shard: Path, output: Path) -> None:
    """The workflow's job, without starting its process and loading the encoder."""
    made_by = {"dtype": "float16", "weights": "random"}
    target = Target(Condition("clean"), output, made_by)
    encode_shard(shard, _loaded[0], [target], ExtractSettings())


_loaded: list[Encoder] = []


def start_worker(settings: EncoderSettings) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # no progress bars
    torch.set_num_threads(1)
    _loaded.append(load_encoder(settings))


def processor_seconds(way: Callable[[Path, Path], None], shard: Path, output: Path) -> float:
    """Processor time of one shard, in the process that encodes it."""
    started = time.process_time()
    way(shard, output)
    return time.process_time() - started


def seconds_of(function: Callable[[], object]) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def times_faster(reference: Sequence[float], way: Sequence[float]) -> str:
    """Ratio of two ways that took turns: the median of the rounds, and their range."""
    ratios = [one / other for one, other in zip(reference, way, strict=True)]
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def compare_encoding(
    name: str, settings: EncoderSettings, shards: Sequence[Path], folder: Path, repeats: int
) -> None:
    """Every way runs in the same two processes; the plain loop in one at a time."""
    outputs = [folder / name / f"{shard.stem}.tar" for shard in shards]
    work = list(zip(shards, outputs, strict=True))
    ways = {"plain loop": plain_loop, "batches of 8": batches_of_8, "one worker": job}
    wall: dict[str, list[float]] = {}
    processor: dict[str, list[float]] = {}
    with multiprocessing.get_context("spawn").Pool(2, start_worker, (settings,)) as pool:
        for number in range(repeats + 1):  # the first warms up
            for label, way in [*ways.items(), ("two workers", job)]:
                calls = [(way, *item) for item in work]
                started = time.perf_counter()
                if label == "two workers":
                    used = pool.starmap(processor_seconds, calls, chunksize=1)
                else:
                    used = [pool.apply(processor_seconds, call) for call in calls]
                if number:
                    wall.setdefault(label, []).append(time.perf_counter() - started)
                    processor.setdefault(label, []).append(sum(used))
    clips = sum(1 for shard in shards for _ in read_shard(shard))
    for label in wall:
        print(
            f"{name}, {label}: {clips / min(wall[label]):.1f} clips/s, "
            f"{times_faster(wall['plain loop'], wall[label])} of the plain loop "
            f"({times_faster(processor['plain loop'], processor[label])} in processor time)"
        )
    print(f"{name}: two workers against one", times_faster(wall["one worker"], wall["two workers"]))
    index(outputs, folder / name / "index.json", folder / name / "samples.parquet", {})
    cache = FeatureCache(folder / name)
    read = min(seconds_of(lambda: [cache[key] for key in cache.keys]) for _ in range(repeats))
    print(f"{name}: reading the cache against encoding {min(wall['plain loop']) / read:.0f}")


def measure_reading(folder: Path, clips: int = 200, width: int = 1024) -> None:
    """MB/s of one process that reads tokens of clips of five seconds in random order."""
    place = folder / "wide"
    content = pack(torch.randn(250, width), WIDE, torch.float16)
    write_shard(place / "0.tar", ((f"k{n:05d}", {FIELD: content}) for n in range(clips)))
    index([place / "0.tar"], place / "index.json", place / "samples.parquet", {})
    cache = FeatureCache(place)
    keys = list(cache.keys)
    random.Random(0).shuffle(keys)
    read = min(seconds_of(lambda: [cache[key] for key in keys]) for _ in range(4))
    megabytes = clips * len(content) / 1e6
    print(
        f"cache: {megabytes / read:,.0f} MB/s in one process, from page cache, checksums included"
    )


def measure_memory(encoders: dict[str, EncoderSettings], folder: Path, clips: int) -> None:
    for name, settings in encoders.items():
        peaks = []
        for factor in (1, 4):
            # All of one length: a longer clip would take more, whatever the shard.
            shard = make_shard(folder / f"memory{factor}.tar", factor * clips, shortest=99)
            given = {"kind": settings.kind, "path": settings.path}
            output = str(folder / "memory.tar")
            words = ["--shards", str(shard), "--encoder", json.dumps(given)]
            peaks.append(peak_of([*words, "--conditions", "clean", "--outputs", output]))
        print(
            f"{name}: peak memory {peaks[0]:.0f} MB for {clips} clips, {peaks[1]:.0f} MB for "
            f"{4 * clips}, {peaks[1] / peaks[0]:.2f} times"
        )


PEAK = """
from pathlib import Path
from mavsr.command import run_command
from mavsr.features.extract import extract
run_command(extract)
status = Path("/proc/self/status").read_text()
print(status.split("VmHWM:")[1].split()[0])
"""


def peak_of(arguments: Sequence[str]) -> float:
    """Peak resident memory of a job, MB; what the system counts for a child includes its parent."""
    command = [sys.executable, "-c", PEAK, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(done.stdout.split()[-1]) / 1e3


if __name__ == "__main__":
    run_command(features)
