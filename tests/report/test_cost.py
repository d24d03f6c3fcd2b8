"""Parity with the papers' arithmetic: Table 4 of Llama-MTSK, and parameter counts of MoME."""

import pandas as pd
import pytest

from mavsr.model.adapters.base import count_parameters
from mavsr.model.adapters.registry import make_adapter
from mavsr.model.cost import matrix_parameters, prefix_tokens, teraflops
from mavsr.model.llm import load_llm
from mavsr.model.scales import Scale
from mavsr.report.adapter_sizes import lora_parameters
from mavsr.report.llm_shapes import LLMS, llm_config
from mavsr.report.published import published_cost
from mavsr.report.sources import ReportSettings, Sources
from mavsr.report.tables.cost import paper_tokens, table4

TABLE4 = published_cost()


LLAMA_32_1B, LLAMA_32_3B, LLAMA_31_8B = map(llm_config, LLMS)


@pytest.fixture(scope="module")
def matrices():
    return matrix_parameters(LLAMA_31_8B)


def test_matrices_of_llama_31_8b(matrices):
    assert matrices == 7_504_658_432


@pytest.mark.parametrize(
    ("config", "hidden", "kv", "intermediate", "layers"),
    [(LLAMA_32_1B, 2048, 512, 8192, 16), (LLAMA_32_3B, 3072, 1024, 8192, 28)],
)
def test_a_tied_head_is_counted_once(config, hidden, kv, intermediate, layers):
    layer = 2 * hidden * hidden + 2 * hidden * kv + 3 * hidden * intermediate
    assert matrix_parameters(config) == layers * layer + 128256 * hidden


@pytest.mark.parametrize(
    ("config", "rank", "count"),
    [(LLAMA_31_8B, 64, 27_262_976), (LLAMA_32_1B, 64, 6_815_744), (LLAMA_32_3B, 96, 27_525_120)],
)
def test_parameters_of_a_lora(config, rank, count):
    assert lora_parameters(config, rank) == count


def test_a_lora_counts_what_peft_makes(settings_of):
    llm = load_llm(settings_of().llm)[0]
    lora = make_adapter(llm, settings_of(method="mtsk-ms", lora_rank=8))
    assert count_parameters(lora.trainable()) == lora_parameters(llm.config, 8)
    assert matrix_parameters(llm.config) == sum(
        p.numel()
        for name, p in llm.named_parameters()
        if p.dim() == 2 and ".lora_" not in name and "embed_tokens" not in name
    )


@pytest.mark.parametrize(
    "row", TABLE4.itertuples(), ids=lambda r: f"a{r.audio_rate}_v{r.video_rate}"
)
def test_table_4_to_the_last_digit(row, matrices):
    scale = Scale(row.audio_rate, row.video_rate)
    flops = teraflops(matrices + lora_parameters(LLAMA_31_8B, 64), paper_tokens(scale))
    assert paper_tokens(scale) == row.tokens
    assert round(flops, 2) == row.tflops


def test_table_4_is_whole_and_beside_it_stand_the_published_values():
    assert len(TABLE4) == 5
    settings = ReportSettings(
        rates={"audio": [4, 16], "video": [2, 5]},
        table4={
            "llama-3.1-8b": {"shape": "llama-3.1-8b", "lora_rank": 64},
            "other": {"shape": "llama-3.2-3b", "lora_rank": 96},
        },
    )
    frame = table4(Sources(pd.DataFrame(), settings)).frame
    paper, other = frame[frame.llm == "llama-3.1-8b"], frame[frame.llm == "other"]
    assert (paper.tokens == paper["tokens published"]).all()
    assert (paper.tflops == paper["tflops published"]).all()
    assert paper[["audio_rate", "video_rate"]].to_numpy().tolist() == [
        [1, 1],
        [4, 2],
        [4, 5],
        [16, 2],
        [16, 5],
    ]
    assert other["tflops published"].isna().all()


def test_tokens_count_what_compression_leaves():
    lengths = {"audio": 99, "video": 50}
    assert prefix_tokens(lengths, Scale(4, 2), 9) == 9 + 24 + 25
    assert prefix_tokens(lengths, Scale(16), 9) == 9 + 6
    assert prefix_tokens(lengths, Scale(video=51), 9) == 9 + 1
