"""Command: how many parameters each method trains and uses, beside what the papers print."""

from pathlib import Path

import pandas as pd

from mavsr.command import run_command
from mavsr.files import atomic
from mavsr.model.adapters.settings import MomeSettings
from mavsr.model.methods import METHODS
from mavsr.model.scales import Scale
from mavsr.model.settings import ModelSettings
from mavsr.report.cost import adapter_parameters
from mavsr.report.llm_shapes import LLMS, PAPER_RANKS, llm_config

REFERENCE = Path(__file__).parent / "published" / "parameters.csv"
"""Active parameters of the adapters in millions, as printed in the MoME paper (LRS2 table)."""
COLUMNS = {
    "llm": "name of the LLM",
    "method": "name of the method",
    "trainable": "adapter parameters that training changes, over all scales",
    "active": "adapter parameters that act on a token at (4,2), without projectors",
    "paper_active_millions": "the paper's figure for the same, empty where it prints none",
    "source": "the paper",
}
RATES = {"one": ((4, 16), (2, 5)), "per scale": ((4,), (2,)), "uncompressed": ((1,), (1,))}
"""How many models a method trains -> audio and video rates of one (Llama-MTSK, Sec. 4.1)."""


def paper_settings(method: str, llm: str) -> ModelSettings:
    """An audio-visual model of ``method`` over ``llm`` with the papers' sizes."""
    audio, video = RATES[METHODS[method].models]
    return ModelSettings(
        task="avsr",
        method=method,
        compression="avgpool",
        audio_rates=audio,
        video_rates=video,
        llm=llm,
        llm_revision=None,
        lora_rank=PAPER_RANKS[llm],
        lora_scale=1 / 8,
        projector_hidden=2048,
        projector_layer_norm=True,
        seed=0,
        mome=MomeSettings() if METHODS[method].adapter == "mome" else None,
    )


def parameters(output: Path) -> None:
    """Write ``output`` (CSV, columns as in ``COLUMNS``), counted on modules without memory.

    Args:
        output: the table.
    """
    rows = []
    for llm in LLMS:
        config = llm_config(llm)
        for method in METHODS:
            settings = paper_settings(method, llm)
            trainable, active = adapter_parameters(config, settings, Scale(4, 2))
            rows.append({"llm": llm, "method": method, "trainable": trainable, "active": active})
    printed = pd.read_csv(REFERENCE).rename(
        columns={"active_millions": "paper_active_millions", "paper": "source"}
    )
    table = pd.DataFrame(rows).merge(printed, how="left", on=["llm", "method"])
    with atomic(output) as partial:
        table[list(COLUMNS)].to_csv(partial, index=False)
    print(table.to_string(index=False))


if __name__ == "__main__":
    run_command(parameters)
