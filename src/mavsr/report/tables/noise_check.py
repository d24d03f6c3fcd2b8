"""Does seeing help? Audio-visual against audio-only WER under the same babble."""

import pandas as pd

from mavsr.errors import InputError
from mavsr.report.layout import Table
from mavsr.report.names import condition_label, label, scale_labels
from mavsr.report.sources import Sources


def noise_check(sources: Sources) -> Table:
    """The comparison, one row per audio-visual score."""
    frame = compare(sources.select("noise_check"))
    shown = pd.DataFrame(
        {
            "corpus": frame.corpus,
            "method": frame.method.map(label),
            "noise": frame.condition.map(condition_label),
            "rates": scale_labels(frame),
            "audio": frame.wer_audio.map("{:.1f}".format),
            "audio-visual": frame.wer_audio_visual.map("{:.1f}".format),
            "ratio": frame.ratio.map("{:.2f}".format),
        }
    )
    caption = (
        "WER in % from audio alone and from audio and video, in the same noise (babble if no other "
        "is named), and the second over the first; (audio, video) rates."
    )
    return Table(frame, shown, caption)


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
