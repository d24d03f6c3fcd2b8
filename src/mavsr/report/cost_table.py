"""Columns of the tables of costs, and how they are read: tables need no more of them."""

from pathlib import Path

import pandas as pd

from mavsr.tables import read_csv

COLUMNS = {
    **dict.fromkeys(("corpus", "split", "condition", "task", "method", "variant"), "as in wer.csv"),
    **dict.fromkeys(("encoders", "llm", "compression"), "as in wer.csv"),
    **dict.fromkeys(("audio_rate", "video_rate", "seed", "utterances"), "as in wer.csv"),
    "speech_s": "length of an utterance, s, mean",
    "read_tokens": "tokens that the LLM reads before the transcript, BOS and markers too, mean",
    "written_tokens": "tokens of the transcript, its end among them, mean",
    "beam_tokens": "tokens that all beams together read, mean",
    "encoder_tflops": "TFLOPs of the frozen encoders per utterance, mean; Whisper pads",
    "projector_tflops": "of compressors and projectors",
    "prefix_tflops": "of the LLM before the transcript; the output head counts once",
    "generated_tflops": "of the transcript as if there were one beam; part of the next",
    "beam_tflops": "of all that beams read",
    "total_tflops": "encoders, projectors, prefix and beams",
    "seconds": "of decoding per utterance, mean, in batches, without encoders and starting",
    "real_time_factor": "the same per second of speech",
    "peak_gb": "most memory: of tensors on a GPU, else of the whole process, GB",
    "hardware": "processor, and GPU if there was one",
    "threads": "of the processor that decoding used",
    "model": "name of the model's folder under results/training",
}
RATES = dict.fromkeys(("audio_rate", "video_rate"), "Int64")


def read_costs(path: Path) -> pd.DataFrame:
    """A table of :mod:`mavsr.report.costs`.

    Raises:
        InputError: it is missing or damaged.
    """
    return read_csv(path, "costs", types=RATES).fillna({"variant": ""})
