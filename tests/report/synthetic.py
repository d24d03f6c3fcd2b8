"""Made-up rows of ``wer.csv``, complete in their columns."""

import pandas as pd

from mavsr.evaluation.score import COLUMNS, COUNTS


def score(method, audio, video, wer, condition="clean", corpus="portrait", **changes):
    """A row; rates may be None."""
    task = {(False, True): "asr", (True, False): "vsr"}.get((audio is None, video is None), "avsr")
    row = {
        **{
            "corpus": corpus,
            "trained_on": changes.get("corpus", corpus),
            "split": "test",
            "condition": condition,
            "task": task,
        },
        **{"method": method, "variant": "", "encoders": "w+a", "llm": "llama"},
        **{"compression": "avgpool", "audio_rate": audio, "video_rate": video, "seed": 0},
        **{"utterances": 200, "words": 1000, "substitutions": 1, "deletions": 1, "insertions": 1},
        **{"unit": "word", "cer": wer / 2},
        **{"wer": wer, "wer_low": wer - 1.0, "wer_high": wer + 1.4, "speakers": None},
        **{"wer_low_speakers": None, "wer_high_speakers": None, "baseline": None},
        **{"p_value": None, "p_speakers": None, "seeds": 1, "p_seeds": None, "cut": 0.0},
        **{"active_parameters": 4096, "tokens": 80.0},
        **{"tflops": round(1 / (audio or 50) + 0.5 / (video or 50), 5), "seconds": 9.5},
        "model": f"{corpus}.{task}.{method}",
    }
    return {**row, **changes}


def table(rows):
    """Rows as :func:`mavsr.evaluation.collect.read_scores` gives them."""
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COUNTS)
