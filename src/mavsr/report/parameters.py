"""Command: how many parameters each method trains and uses, beside what the papers print."""

from pathlib import Path

import pandas as pd

from mavsr.command import run_command
from mavsr.files import atomic
from mavsr.model.adapters.settings import MomeSettings
from mavsr.model.methods import METHODS
from mavsr.model.scales import Scale
from mavsr.model.settings import SECTIONS, ModelSettings
from mavsr.report.adapter_sizes import adapter_parameters
from mavsr.report.llm_shapes import LLMS, PAPER_BOTTLENECKS, PAPER_RANKS, llm_config
from mavsr.report.published import DOUBTS, published_parameters, quoted

COLUMNS = {
    "llm": "name of the LLM",
    "method": "name of the method",
    "variant": "sizes of its experts, as in wer.csv",
    "trainable": "adapter parameters that training changes, over all scales",
    "active": "adapter parameters that act on a token at (4,2), without projectors",
    "paper_active_millions": "the paper's figure for the same, empty where it prints none",
    "source": "table and row of MoME's",
    "doubt": "why the figure is doubtful",
}
RATES = {"one": ((4, 16), (2, 5)), "per scale": ((4,), (2,)), "uncompressed": ((1,), (1,))}
"""How many models a method trains -> audio and video rates of one (Llama-MTSK, Sec. 4.1)."""


NARROW = ("mome-mhsa", "mome-layer")
"""Methods of which the paper has a row with b = 1."""


def paper_settings(method: str, llm: str, bottleneck: int | None = None) -> ModelSettings:
    """A model of ``method`` for audio and video over ``llm`` with the papers' sizes.

    Args:
        method: its name.
        llm: one of :data:`mavsr.report.llm_shapes.LLMS`.
        bottleneck: b of its experts; None takes the paper's for this LLM.
    """
    own = METHODS[method].section
    sections = {"mome": MomeSettings(bottleneck=bottleneck or PAPER_BOTTLENECKS[llm])}
    audio, video = RATES[METHODS[method].models]
    return ModelSettings(
        task="omni" if METHODS[method].omni else "avsr",
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
        **({own: sections.get(own, SECTIONS[own]())} if own else {}),
    )


def parameters(output: Path) -> None:
    """Write ``output`` (CSV, columns as in ``COLUMNS``), counted on modules without memory.

    Args:
        output: the table.
    """
    rows = []
    for llm in LLMS:
        config = llm_config(llm)
        for method, bottleneck in [*((m, None) for m in METHODS), *((m, 1) for m in NARROW)]:
            settings = paper_settings(method, llm, bottleneck)
            trainable, active = adapter_parameters(config, settings, Scale(4, 2))
            head = {"llm": llm, "method": method, "variant": settings.variant}
            rows.append({**head, "trainable": trainable, "active": active})
    printed = published_parameters().rename(columns={"active_millions": "paper_active_millions"})
    printed["source"] = [
        f"{quoted(t)}, {row}" for t, row in zip(printed.table, printed.row, strict=True)
    ]
    printed["doubt"] = printed.doubt.map(lambda word: DOUBTS.get(word, ""))
    table = pd.DataFrame(rows).merge(printed, how="left", on=["llm", "method", "variant"])
    with atomic(output) as partial:
        table[list(COLUMNS)].to_csv(partial, index=False)
    print(table.to_string(index=False))


if __name__ == "__main__":
    run_command(parameters)
