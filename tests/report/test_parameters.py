"""Parameter counts of the methods over the papers' LLMs, on modules without memory."""

import pandas as pd
import pytest

from mavsr.model.methods import METHODS
from mavsr.model.scales import Scale
from mavsr.report.adapter_sizes import adapter_parameters, lora_parameters
from mavsr.report.llm_shapes import LLMS, PAPER_RANKS, llm_config
from mavsr.report.parameters import COLUMNS, NARROW, paper_settings, parameters
from mavsr.report.published import published_parameters

LORA = {"llama-3.2-1b": 6_815_744, "llama-3.2-3b": 27_525_120, "llama-3.1-8b": 27_262_976}


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("parameters") / "parameters.csv"
    parameters(path)
    return pd.read_csv(path)


@pytest.mark.parametrize("llm", LLMS)
def test_active_parameters_of_lora_methods(table, llm):
    active = table[table.llm == llm].set_index("method").active
    one = LORA[llm]
    assert one == lora_parameters(llm_config(llm), PAPER_RANKS[llm])
    assert (active["llama-avsr"], active["mtsk-ms"], active["mtsk-ss"]) == (one, one, one)
    assert active["mtsk-mss"] == 2 * one
    assert active["avgpool-at-inference"] == one
    assert (active["omni-s"], active["omni-t"], active["omni-st"]) == (one, one, 2 * one)


@pytest.mark.parametrize("llm", LLMS)
def test_trainable_parameters_of_lora_methods(table, llm):
    trainable = table[table.llm == llm].set_index("method").trainable
    loras = {"llama-avsr": 1, "mtsk-ms": 1, "mtsk-ss": 4, "mtsk-mss": 5, "avgpool-at-inference": 1}
    loras |= {"llama-mt": 1, "omni-s": 1, "omni-t": 3, "omni-st": 4}
    assert {method: trainable[method] / LORA[llm] for method in loras} == loras


@pytest.mark.parametrize("method", ["mome-mhsa", "mome-ffn", "mome-layer"])
def test_mome_on_llama_32_3b_is_the_papers(method):
    trainable, active = adapter_parameters(
        llm_config("llama-3.2-3b"), paper_settings(method, "llama-3.2-3b"), Scale(16, 5)
    )
    expert = 2 * 3072 * 12 + 12 + 3072
    assert active == 28 * ((4 + 1) * expert + 23 * 3072) == 12_732_048
    assert trainable == 28 * ((23 + 1) * expert + 23 * 3072)


def test_every_printed_figure_is_met(table):
    printed = table.dropna(subset="paper_active_millions")
    assert len(printed) == len(published_parameters()) == 25
    for row in printed.itertuples():
        met = abs(row.active / 1e6 - row.paper_active_millions) < 0.05
        assert met == pd.isna(row.doubt), row


def test_figures_in_print_name_their_row_and_their_doubt(table):
    row = table[(table.llm == "llama-3.2-1b") & (table.variant == "r23k4s1b1")].iloc[-1]
    assert (row.method, row.active, row.paper_active_millions) == ("mome-layer", 1_245_264, 0.9)
    assert row.source == "Table 1, MoME-23/4-LAYER (b=1)"
    assert "15/3 experts" in row.doubt


@pytest.mark.parametrize(
    ("llm", "count"), [("llama-3.2-1b", 3_539_584), ("llama-3.1-8b", 14_157_056)]
)
def test_experts_of_an_llm_are_as_wide_as_the_printed_counts_say(table, llm, count):
    own = table[(table.llm == llm) & (table.variant == "r23k4s1b8")]
    assert set(own.method) == {"mome-mhsa-i", "mome-mhsa", "mome-ffn", "mome-layer", "omni-mome"}
    assert set(own.active) == {count}


def test_the_table_has_a_row_per_llm_and_method(table):
    assert list(table.columns) == list(COLUMNS)
    assert len(table) == len(LLMS) * (len(METHODS) + len(NARROW))
    assert not table.duplicated(["llm", "method", "variant"]).any()
