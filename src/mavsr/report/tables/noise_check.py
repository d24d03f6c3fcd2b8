"""Does seeing help? Audio-visual against audio-only WER under the same babble."""

import pandas as pd

from mavsr.errors import InputError
from mavsr.report.layout import Table
from mavsr.report.names import condition_label, label, scale_labels
from mavsr.report.sources import Sources
from mavsr.report.summary import rate_name

SAME = ("corpus", "llm", "compression", "method", "variant", "condition", "audio_rate")
"""What the two scores of a pair have in common."""


def noise_check(sources: Sources) -> Table:
    """The comparison, one row per audio-visual score."""
    scores = sources.select("noise_check")
    frame = compare(scores)
    shown = pd.DataFrame(
        {
            "corpus": frame.corpus,
            "method": [label(m, v) for m, v in zip(frame.method, frame.variant, strict=True)],
            "noise": frame.condition.map(condition_label),
            "rates": scale_labels(frame),
            "audio": frame.wer_audio.map("{:.1f}".format),
            "audio-visual": frame.wer_audio_visual.map("{:.1f}".format),
            "ratio": frame.ratio.map("{:.2f}".format),
        }
    )
    caption = (
        f"{rate_name(scores)} in % from audio alone and from audio and video, in the same noise "
        "(babble if no other is named), and the second over the first; (audio, video) rates."
    )
    return Table(frame, shown, caption)


def compare(scores: pd.DataFrame) -> pd.DataFrame:
    """Pair every noisy audio-visual score with the audio-only one of its set-up and audio rate.

    Args:
        scores: rows of ``wer.csv``.

    Returns:
        columns of ``SAME``, video_rate, wer_audio, wer_audio_visual and ratio (audio-visual over
        audio; below 1, seeing helps).

    Raises:
        InputError: there is no such pair, or there are two audio-only scores for one.
    """
    same = list(SAME)
    noisy = scores[scores.condition != "clean"]
    audio = noisy[noisy.task == "asr"][[*same, "wer"]]
    if (twice := audio[audio.duplicated(same)]).size:
        row = twice.iloc[0]
        raise InputError(
            f"noise_check has two audio-only scores of {label(row.method, row.variant)} at audio "
            f"rate {row.audio_rate} in {row.condition}; what differs otherwise belongs into an "
            "experiment of its own"
        )
    both = noisy[noisy.task == "avsr"][[*same, "video_rate", "wer"]]
    pairs = both.merge(audio, on=same, suffixes=("_audio_visual", "_audio"), validate="m:1")
    if pairs.empty:
        raise InputError(
            "no noisy condition has both an audio-visual and an audio-only score of one method; "
            "experiments.noise_check must ask for both"
        )
    pairs["ratio"] = (pairs.wer_audio_visual / pairs.wer_audio).round(3)
    return pairs[[*same, "video_rate", "wer_audio", "wer_audio_visual", "ratio"]]
