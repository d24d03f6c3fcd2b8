"""Command: write a corpus' mouth crops in auto_avsr's layout, which the papers' public code reads.

``mavsr corpus export lrs3 /data/auto_avsr``; docs/data.md tells more.
"""

import hashlib
import json
import logging
import multiprocessing
import re
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import av
import numpy as np
import soundfile

from mavsr.command import progress, run_command
from mavsr.corpus.labels import write_labels
from mavsr.corpus.manifest import SPLITS
from mavsr.errors import InputError
from mavsr.files import atomic
from mavsr.media import FRAME_RATE, SAMPLE_RATE, decode_audio, decode_video
from mavsr.media.opening import ffmpeg_name
from mavsr.shards import Fields, read_shard

NO_TOKENS = "0"
"""In the column ``token_ids``, where auto_avsr has ids of its own SentencePiece units: its training
needs them, the LLMs' public code only wants numbers there."""
WORST_CRF = 51
LONGEST_FOLDER = 100
Row = tuple[str, str, int, str, str]
"""A line of the list: dataset, rel_path, frames, token_ids, text."""

_log = logging.getLogger(__name__)


def export(
    corpus: str,
    output: Path,
    dataset: str | None = None,
    crf: int = 10,
    workers: int = 1,
    results: Path = Path("results"),
) -> None:
    """Write the crops of all splits that are finished, for auto_avsr and the papers' public code.

    Below ``output``: ``<dataset>/<dataset>_video_seg16s/<split>/<speaker>/<key>.mp4`` and ``.wav``,
    and ``labels/<dataset>_<split>_transcript_lengths_seg16s.csv``. The column token_ids there holds
    a 0, not the ids of a SentencePiece model; commas in a text, which the public code cannot read,
    become spaces.

    Args:
        corpus: a name under `corpora`.
        output: folder to write into.
        dataset: what the layout calls the corpus; its name if not given.
        crf: quality of the H.264 videos, from 0 (best) to 51; auto_avsr's own is 23.
        workers: shards that are written at the same time.
        results: folder of the workflow's results.

    Raises:
        InputError: no split of the corpus is finished, or a shard is damaged.
    """
    dataset = dataset or corpus
    if not re.fullmatch(r"[A-Za-z0-9_-]+", dataset):
        raise InputError(f"dataset is {dataset!r}; it may hold letters, digits, '_' and '-'")
    if not 0 <= crf <= WORST_CRF:
        raise InputError(f"crf is {crf}; it must be from 0 to {WORST_CRF}")
    finished = _finished(results / "mouths" / corpus)
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        for split, shards in finished.items():
            write = partial(write_crops, output=output, dataset=dataset, split=split, crf=crf)
            # One worker is this process: an error within it is then seen where it happens.
            parts = pool.map(write, shards) if workers > 1 else map(write, shards)
            found = [row for part in progress(parts, len(shards), split) for row in part]
            rows = [row for row in found if row[-1]]
            for row in found:
                if not row[-1]:
                    _log.warning("%s is left out, as its text is commas alone", row[1])
            path = output / "labels" / f"{dataset}_{split}_transcript_lengths_seg16s.csv"
            with atomic(path) as unfinished:
                write_labels(unfinished, rows)
            _log.info("%s: %d clips in %s", split, len(rows), path)


def _finished(folder: Path) -> dict[str, list[Path]]:
    """Split -> shards, of the splits whose crops are all there."""
    indexes = {split: folder / split / "index.json" for split in SPLITS}
    finished = {
        split: [
            index.with_name(shard["file"]) for shard in json.loads(index.read_bytes())["shards"]
        ]
        for split, index in indexes.items()
        if index.is_file()
    }
    if not finished:
        wanted = " ".join(map(str, indexes.values()))
        raise InputError(
            f"{folder} holds no finished split; make the crops first: snakemake --cores 8 {wanted}"
        )
    for split in indexes.keys() - finished.keys():
        _log.warning("%s is left out, as %s is not there", split, indexes[split])
    return finished


def write_crops(shard: Path, output: Path, dataset: str, split: str, crf: int) -> list[Row]:
    """Write the clips of a shard that have a text, and return the lines of all."""
    return [
        _write_clip(key, fields, output, dataset, split, crf) for key, fields in read_shard(shard)
    ]


def _write_clip(key: str, fields: Fields, output: Path, dataset: str, split: str, crf: int) -> Row:
    about = json.loads(fields["json"])
    below = f"{dataset}_video_seg16s/{split}/{_folder_of(about['speaker'])}/{key}.mp4"
    text = " ".join(about["text"].replace(",", " ").split())
    crops = decode_video(fields["mkv"])
    row = dataset, below, len(crops), NO_TOKENS, text
    if not text:
        return row
    video = output / dataset / below
    with atomic(video) as unfinished:
        write_mp4(unfinished, crops, crf)
    with atomic(video.with_suffix(".wav")) as unfinished:
        audio = decode_audio(fields["flac"])
        soundfile.write(unfinished, audio, SAMPLE_RATE, format="WAV", subtype="PCM_16")
    return row


def _folder_of(speaker: str) -> str:
    """A speaker's name as a folder's, no two speakers in one."""
    if re.fullmatch(f"[A-Za-z0-9_-]{{1,{LONGEST_FOLDER}}}", speaker):
        return speaker
    readable = re.sub("[^A-Za-z0-9_-]+", "-", speaker).strip("-")[:LONGEST_FOLDER]
    digest = hashlib.sha256(speaker.encode()).hexdigest()[:8]
    return f"{readable}-{digest}" if readable else digest


def write_mp4(path: Path, crops: np.ndarray, crf: int) -> None:
    """Write frames uint8 (T, H, W, 3), H and W even, as H.264 at 25 frames per second."""
    # Without its rating of macroblocks by later use every run gives the same bytes.
    options = {"crf": str(crf), "x264-params": "no-mbtree=1"}
    with av.open(ffmpeg_name(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=FRAME_RATE, options=options)
        stream.height, stream.width = crops.shape[1:3]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        for pixels in crops:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels)))
        container.mux(stream.encode(None))


if __name__ == "__main__":
    run_command(export)
