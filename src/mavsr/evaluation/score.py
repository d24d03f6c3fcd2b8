"""Command: score the hypotheses of an experiment into a tidy table, a row per file."""

from pathlib import Path
from typing import Any

import pandas as pd

from mavsr.command import run_command
from mavsr.config.scoring import ScoringSettings
from mavsr.errors import InputError
from mavsr.evaluation.baselines import system_of
from mavsr.evaluation.clusters import by_speaker, named
from mavsr.evaluation.compare import Scored, compare
from mavsr.evaluation.coverage import check_coverage, expected_clips
from mavsr.evaluation.hypotheses import Hypotheses, read_hypotheses
from mavsr.evaluation.units import counted_unit, text_form
from mavsr.evaluation.word_errors import count_errors
from mavsr.tables import write_csv

COLUMNS = {
    "corpus": "name of the corpus that is tested on",
    "trained_on": "names of the corpora of training, empty for imported models",
    "split": "split that was transcribed",
    "condition": "what was done to the clips, such as clean or snr_<dB> of babble",
    "task": "asr, vsr or avsr: of a model of several tasks, the one at this scale",
    "method": "such as mtsk-ms or mome-mhsa",
    "variant": "what tells models of one method apart, such as the experts of MoME; often empty",
    "encoders": "names of the encoders at work, audio first",
    "llm": "name of the LLM",
    "compression": "avgpool, stack or resampler",
    "audio_rate": "audio compression rate, empty without audio",
    "video_rate": "video compression rate, empty without video",
    "seed": "of the model",
    "utterances": "utterances scored",
    "words": "reference words",
    "substitutions": "words taken for others",
    "deletions": "words missed",
    "insertions": "words that nobody said",
    "unit": "what is counted above and in wer: word, or character (scoring.unit)",
    "wer": "error rate over these units, %",
    "wer_low": "lower end of its 95 % interval over utterances, %; empty for a single one",
    "wer_high": "upper end, %",
    "speakers": "speakers of these utterances, empty where the corpus names none",
    "wer_low_speakers": "lower end of the 95 % interval over speakers, %; empty if they are few",
    "wer_high_speakers": "upper end, %",
    "cer": "character error rate, %: edits over characters of the references, spaces left out",
    "baseline": "method of the system that p-values compare with, empty if there is none",
    "p_value": "over utterances, paired, against the baseline of the same seed",
    "p_speakers": "the same over speakers; empty if they are few",
    "seeds": "seeds of this system in the experiment",
    "p_seeds": "against the baseline, seeds of both pooled; empty unless both have several",
    "cut": "references longer than decoding.max_new_tokens, %",
    "active_parameters": "adapter parameters at work at this scale",
    "tokens": "LLM tokens of audio, video and prompt (as in the paper), mean per utterance",
    "tflops": "TFLOPs of the LLM over these tokens, mean per utterance",
    "seconds": "time spent decoding, over all calls, without starting and loading",
    "model": "name of the model's folder under results/training",
}
_DECIMALS = 4
"""Of rates in %. Tables print one; of values of two decimals one cell in twenty would be wrong."""
COUNTS = dict.fromkeys(
    ("audio_rate", "video_rate", "active_parameters", "speakers", "seeds"), "Int64"
)


def score(hypotheses: list[Path], results: Path, output: Path, scoring: ScoringSettings) -> None:
    """Write ``output`` (CSV, columns as in ``COLUMNS``).

    Args:
        hypotheses: files ``.../<model>/<condition>/<scale>.jsonl`` with a ``.json`` beside each.
        results: the folder ``results``, whose manifests and ledgers say which clips must be there.
        output: the table.
        scoring: normaliser, baseline and seed.

    Raises:
        InputError: hypotheses are damaged, lack a clip, have one too many, or have other
            references than the manifest.
    """
    expected: dict[tuple[str, str], pd.DataFrame] = {}
    rows: list[dict[str, Any]] = []
    found: list[Scored] = []
    for path in hypotheses:
        content = read_hypotheses(path)
        place = content.sidecar["origin"]["corpus"], content.sidecar["origin"]["split"]
        if place not in expected:
            expected[place] = expected_clips(results, *place)
        clips = expected[place]
        check_coverage(path, content, clips.text.to_dict())
        try:
            unit = counted_unit(scoring, content.references.values())
            form = text_form(scoring, unit)
            errors = count_errors(content.references, content.texts, form)
            by_character = count_errors(
                content.references, content.texts, text_form(scoring, "character")
            )
        except InputError as error:
            raise InputError(f"{path}: {error}") from error
        own = Scored(path, errors, by_speaker(errors, clips.speaker))
        counted = {"unit": unit, "cer": round(by_character.wer, _DECIMALS)}
        rows.append(counted | _row(content, own, clips.speaker, scoring.seed))
        found.append(own)
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    compare(table, found, scoring)
    write_csv(output, table.astype(COUNTS))


def _row(content: Hypotheses, own: Scored, speakers: pd.Series, seed: int) -> dict[str, Any]:
    sidecar, errors = content.sidecar, own.errors
    low, high = errors.interval(seed)
    names = speakers[list(errors.keys)]
    spread = own.speakers.interval(seed) if own.speakers else (float("nan"),) * 2
    return {
        **system_of(sidecar),
        "utterances": len(errors.keys),
        "words": int(errors.words.sum()),
        "substitutions": int(errors.substitutions.sum()),
        "deletions": int(errors.deletions.sum()),
        "insertions": int(errors.insertions.sum()),
        "wer": round(errors.wer, _DECIMALS),
        "wer_low": round(low, _DECIMALS),
        "wer_high": round(high, _DECIMALS),
        "speakers": names.nunique() if named(names) else None,
        "wer_low_speakers": round(spread[0], _DECIMALS),
        "wer_high_speakers": round(spread[1], _DECIMALS),
        "cut": round(100 * sidecar["references_too_long"] / len(errors.keys), 2),
        "active_parameters": sidecar["active_parameters"],
        "tokens": round(sidecar["tokens"], 1),
        "tflops": float(f"{sidecar['tflops']:.4g}"),
        "seconds": round(sidecar["seconds"], 1),
        "model": own.path.parent.parent.name,
    }


if __name__ == "__main__":
    run_command(score)
