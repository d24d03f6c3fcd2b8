"""Command: score hypothesis files into one tidy table, a row per model, condition and scale."""

import json
from pathlib import Path

import pandas as pd

from mavsr.command import run_command
from mavsr.evaluation.score import score_file
from mavsr.files import atomic
from mavsr.model.settings import ModelSettings

COLUMNS = {
    "corpus": "name of the corpus",
    "task": "asr, vsr or avsr",
    "method": "name of the method, such as mtsk-ms",
    "variant": "what tells models of a method apart, such as r23k4s1b12; empty for LoRA methods",
    "condition": "clean, or snr_<dB> of babble",
    "audio_rate": "audio compression rate, empty without audio",
    "video_rate": "video compression rate, empty without video",
    "utterances": "utterances scored",
    "words": "reference words",
    "wer": "word error rate, %",
    "wer_low": "lower end of its 95 % bootstrap interval, %",
    "wer_high": "upper end, %",
    "tokens": "LLM tokens of audio, video and prompt (as in the paper), mean per utterance",
    "tflops": "TFLOPs of the LLM over these tokens, mean per utterance",
    "model": "name of the model's folder under results/training",
}


def collect(hypotheses: list[Path], output: Path) -> None:
    """Write ``output`` (CSV, columns as in ``COLUMNS``) from hypothesis files and their sidecars.

    Args:
        hypotheses: files ``.../<model>/<condition>/<scale>.jsonl`` with a ``.json`` beside each.
        output: the table.
    """
    rows = []
    for path in hypotheses:
        errors = score_file(path)
        sidecar = json.loads(path.with_suffix(".json").read_text())
        low, high = errors.interval()
        rows.append(
            {
                "corpus": sidecar["corpus"],
                "task": sidecar["model"]["task"],
                "method": sidecar["model"]["method"],
                "variant": ModelSettings.from_dict(sidecar["model"]).variant,
                "condition": sidecar["condition"],
                "audio_rate": sidecar["audio_rate"],
                "video_rate": sidecar["video_rate"],
                "utterances": len(errors.words),
                "words": int(errors.words.sum()),
                "wer": round(errors.wer, 2),
                "wer_low": round(low, 2),
                "wer_high": round(high, 2),
                "tokens": round(sidecar["tokens"], 1),
                "tflops": float(f"{sidecar['tflops']:.4g}"),
                "model": path.parent.parent.name,
            }
        )
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table = table.astype({"audio_rate": "Int64", "video_rate": "Int64"})
    with atomic(output) as partial:
        table.to_csv(partial, index=False)


if __name__ == "__main__":
    run_command(collect)
