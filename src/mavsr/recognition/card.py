"""The model card of an export: what it was made from and of, and how well it does."""

import logging
import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import safetensors
from huggingface_hub import EvalResult, ModelCardData

from mavsr.config.toy import TOYS
from mavsr.errors import InputError
from mavsr.evaluation.collect import read_scores
from mavsr.evaluation.units import RATE_NAMES
from mavsr.model.compressions import compression_of
from mavsr.model.export import new_folder, read_scale, write_scale
from mavsr.model.folder import PROJECTORS, ModelFolder, read_model_folder
from mavsr.model.methods import method_of
from mavsr.model.named import AUTHORS
from mavsr.model.scales import Scale
from mavsr.model.vocabulary import ADDED, PREFIX
from mavsr.numerics import numerics_of
from mavsr.report.names import label, scale_label
from mavsr.report.summary import rate_name

TASK = "automatic-speech-recognition"
LICENCES = (
    (TOYS, "made by this project's workflow: Apache-2.0"),
    (r"avhubert|av-hubert", "AV-HuBERT: Meta's non-commercial licence, which models inherit"),
    (r"whisper", "Whisper: MIT (OpenAI), Apache-2.0 (Hugging Face)"),
    (r"llama", "Llama: Meta's community licence of that version"),
    (r"lrs[23]", "LRS2 and LRS3: research only, by agreement"),
    (r"portrait", "made by this project's workflow: Apache-2.0"),
)
"""Part of a name or path -> what binds whoever passes on what was made of it."""
ENGLISH = r"lrs[23]|portrait"
"""Names of corpora in English: those that the authors trained on, and the embedded one."""


def export_for_hub(model: Path, scale: str, output: Path, scores: Path) -> None:
    """Export one scale, with a model card, as a folder ready to be uploaded to the hub.

    Args:
        model: folder of a trained model.
        scale: one of its scales.
        output: the folder; it must be new or empty.
        scores: ``results/wer.csv``, of which the model's rows are printed; it may be missing.

    Raises:
        InputError: as :func:`mavsr.model.export.export`; or ``scores`` is another kind of file.
    """
    folder = read_model_folder(model)
    chosen = read_scale(scale, folder.settings)
    table = _scores(scores)
    own = table[table.model == folder.path.resolve().name]
    if own.empty:
        logging.warning("%s has no WER of %s, so the card has none", scores, model)
    pairs = zip(own.get("audio_rate", []), own.get("video_rate", []), strict=True)
    own = own.assign(scale=[Scale(*map(_rate, pair)).name for pair in pairs])
    with new_folder(output) as partial:
        write_scale(folder, chosen, partial)
        (partial / "README.md").write_text(model_card(folder, chosen, own), encoding="utf-8")
    print(f"{output}: upload it with `hf upload <name> {output}`")


def _scores(path: Path) -> pd.DataFrame:
    """The rows of ``wer.csv``, or of a table like it; none if there is no such file."""
    if not path.is_file():
        return pd.DataFrame(columns=["model"])
    try:
        return read_scores(path, sealed=False)
    except InputError as error:
        # That one says how the file is removed and made again; this may be the user's own.
        raise InputError(
            f"--scores {path} is no whole table of scores; give one such as results/wer.csv"
        ) from error


def _rate(value: float | None) -> int | None:
    return None if value is None or pd.isna(value) else int(value)


def model_card(folder: ModelFolder, scale: Scale, scores: pd.DataFrame) -> str:
    """Markdown with the header that the hub reads.

    Args:
        folder: the trained model.
        scale: the exported one.
        scores: this model's rows of ``results/wer.csv``; none if nothing was scored.
    """
    settings, setup = folder.settings, folder.run.get("setup") or {}
    named = _name(folder)
    at = scores[scores.scale == scale.name]
    header = ModelCardData(
        language=_language(folder, setup),
        license="other",
        library_name="peft" if _has_lora(folder) else None,
        pipeline_tag=TASK,
        tags=[f"task-{settings.task}", "matryoshka", settings.method],
        base_model=None if Path(settings.llm).exists() else settings.llm,
        model_name=f"{named} at {scale.name}",
        eval_results=[
            EvalResult(
                TASK,
                row.corpus,
                f"{row.corpus}, {row.condition}",
                RATE_NAMES[row.unit].lower(),
                round(row.wer, 2),
            )
            for row in at.itertuples()
        ]
        or None,
    )
    made_of = _made_of(folder, setup)
    parts = [
        f"---\n{header.to_yaml()}\n---\n",
        f"# {named}, task {settings.task}, scale {scale.name}\n",
        "One scale of a Matryoshka speech recogniser: a LoRA or experts over a frozen LLM, and "
        f"projectors into it. It was trained at {_rates(folder)} by "
        f"{compression_of(settings.compression).words}; "
        "`export.json` has every setting.\n",
        "## Made of\n" + _table({"part": "name", **made_of}),
        "## Error rates\n" + _wers(scores),
        "## Licences of what it was made of\n" + _licences(made_of),
        "## Use\n" + _use(folder),
    ]
    return "\n".join(parts)


def _language(folder: ModelFolder, setup: Mapping) -> str | None:
    """``en`` where all that it was trained on is known to be English; nobody said it of others."""
    corpora = setup.get("corpora") or []
    known = [name for name in corpora if re.search(ENGLISH, name.lower())]
    is_known = bool(known) and len(known) == len(corpora)
    return "en" if is_known or "imported" in folder.run else None


def _name(folder: ModelFolder) -> str:
    """As tables have it."""
    if imported := folder.run.get("imported"):
        return f"{imported['kind']}{AUTHORS}"
    return label(folder.settings.method, folder.settings.variant)


def _has_lora(folder: ModelFolder) -> bool:
    return method_of(folder.settings.method).adapter == "lora"


def _use(folder: ModelFolder) -> str:
    """What reads the files, and what the LLM needs beside them to compute as measured."""
    reads = (
        "`peft.PeftModel.from_pretrained(llm, folder)` reads the adapter"
        if _has_lora(folder)
        else "`mome.safetensors` holds experts and router, `mome.json` their settings, which PEFT "
        "does not read"
    )
    text = f"{reads}; `projectors.safetensors` holds projectors and the embeddings of the markers."
    if changed := _changes_of_llm(folder):
        text += (
            f" The plain LLM is not enough for the model's own results: {'; '.join(changed)}. "
            "`mavsr transcribe` does all of it."
        )
    return f"{text}\n"


def _changes_of_llm(folder: ModelFolder) -> list[str]:
    """What an imported model does otherwise than its LLM with a LoRA; nothing of ours does."""
    with safetensors.safe_open(folder.path / PROJECTORS, "pt") as file:
        names = sorted(name for name in file.keys() if name.startswith(PREFIX))  # noqa: SIM118
        rows = max((file.get_slice(name).get_shape()[0] for name in names), default=0)
    found, listed = [], ", ".join(f"`{name}`" for name in names)
    if rows > len(ADDED):
        found.append(f"{listed} take the place of its tables, which averaging has changed")
    elif names:
        found.append(f"{listed} are further rows of its tables, which its softmax had")
    if (numerics := folder.settings.numerics) != "ours":
        rotary = ", rotary frequencies in bfloat16 among them" * numerics_of(numerics).rounded
        found.append(f"it computes in the numerics `{numerics}`{rotary}")
    return found


def _rates(folder: ModelFolder) -> str:
    scales = [scale_label(s.audio, s.video) for s in folder.settings.scales]
    return f"the rates {', '.join(scales)}"


def _made_of(folder: ModelFolder, setup: Mapping) -> dict[str, str]:
    """Part -> what it is called."""
    made_of = {"LLM": folder.run["model"]["llm"]}
    if quantization := folder.settings.quantization:
        made_of["LLM held in"] = f"{quantization}, in training and for these error rates"
    for modality, section in (setup.get("encoders") or {}).items():
        made_of[f"{modality} encoder"] = f"{section['kind']}, {section['path']}"
    if corpora := setup.get("corpora"):
        made_of["data"] = ", ".join(corpora)
    if imported := folder.run.get("imported"):
        made_of["weights"] = f"{imported['kind']} by its authors, {imported['checkpoint']}"
    return made_of


def _wers(scores: pd.DataFrame) -> str:
    if scores.empty:
        return "None was measured.\n"
    rows = {"corpus, split, condition, rates": f"{rate_name(scores)}, % (95 % interval)"}
    for row in scores.itertuples():
        place = f"{row.corpus}, {row.split}, {row.condition}, {row.scale}"
        known = "" if pd.isna(row.wer_low) else f" ({row.wer_low:.1f} to {row.wer_high:.1f})"
        rows[place] = f"{row.wer:.1f}{known}"
    return _table(rows)


def _licences(made_of: Mapping[str, str]) -> str:
    lines = []
    for part, name in made_of.items():
        found = [text for pattern, text in LICENCES if re.search(pattern, name.lower())][:2]
        lines.append(f"- {part}: {'; '.join(found) or f'see where {name} comes from'}")
    return "\n".join(lines) + "\n"


def _table(rows: Mapping[str, str]) -> str:
    (first, second), *others = rows.items()
    lines = [f"| {first} | {second} |", "|---|---|"]
    return "\n".join(lines + [f"| {key} | {value} |" for key, value in others]) + "\n"
