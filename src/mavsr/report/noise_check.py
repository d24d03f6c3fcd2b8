"""Command: does seeing help? Audio-visual against audio-only WER under the same babble."""

from pathlib import Path

import pandas as pd

from mavsr.command import run_command
from mavsr.errors import InputError
from mavsr.files import atomic
from mavsr.report.selection import select_models


def compare(scores: pd.DataFrame) -> pd.DataFrame:
    """Pair every noisy audio-visual score with the audio-only one of its method and audio rate.

    Args:
        scores: rows of ``wer.csv``.

    Returns:
        columns corpus, method, condition, audio_rate, video_rate, wer_audio, wer_audio_visual and
        ratio (audio-visual over audio; below 1, seeing helps).

    Raises:
        InputError: there is no such pair.
    """
    same = ["corpus", "method", "condition", "audio_rate"]
    noisy = scores[scores.condition != "clean"]
    audio = noisy[noisy.task == "asr"][[*same, "wer"]]
    both = noisy[noisy.task == "avsr"][[*same, "video_rate", "wer"]]
    pairs = both.merge(audio, on=same, suffixes=("_audio_visual", "_audio"), validate="m:1")
    if pairs.empty:
        raise InputError(
            "no noisy condition has both an audio-visual and an audio-only score of one method; "
            "experiments.noise_check must ask for both"
        )
    pairs["ratio"] = (pairs.wer_audio_visual / pairs.wer_audio).round(3)
    return pairs[[*same, "video_rate", "wer_audio", "wer_audio_visual", "ratio"]]


def noise_check(scores: Path, models: list[str], output: Path) -> None:
    """Write the comparison as CSV and print it.

    Args:
        scores: ``wer.csv``.
        models: names of the models of ``experiments.noise_check``; other rows are left out.
        output: the table.
    """
    table = compare(select_models(pd.read_csv(scores), models))
    with atomic(output) as partial:
        table.to_csv(partial, index=False)
    print(table.to_string(index=False))


if __name__ == "__main__":
    run_command(noise_check)
