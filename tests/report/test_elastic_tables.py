"""Tables that choose among scales: by budget, and by utterance."""

import pandas as pd
import pytest
from synthetic import score, table
from tabled import KINDS, build

from mavsr.errors import InputError
from mavsr.report.sources import ReportSettings, Sources
from mavsr.report.table import table_builder
from mavsr.report.tables.elastic import policy


def test_the_policy_is_the_front_of_one_model():
    points = [(1.0, 20.0), (2.0, 22.0), (3.0, 15.0), (4.0, 15.0), (5.0, 9.0), (5.0, 12.0)]
    rows = [score("mtsk-ms", 4, n + 1, wer, tflops=cost) for n, (cost, wer) in enumerate(points)]
    assert policy(table(rows)).tflops.tolist() == [1.0, 3.0, 5.0]
    assert policy(table(rows)).wer.tolist() == [20.0, 15.0, 9.0]


def chosen(scores, validation=None, budget="flops", **changes):
    """The elastic table; on validation WER is what it is in the test, if nothing else is said."""
    validation = scores.assign(split="val") if validation is None else validation
    costs = scores.assign(
        total_tflops=1 + scores.tflops, seconds=2 - scores.tflops, **changes
    ).drop(columns=["tflops", "tokens", "wer"])
    sources = Sources(
        scores, ReportSettings(kinds=KINDS, budget=budget), validation=validation, costs=costs
    )
    return table_builder("elastic")(sources)


def test_the_elastic_table_leaves_out_models_of_one_scale(scores):
    frame = chosen(scores, budget="llm_flops").frame
    assert "Llama-AVSR" not in set(frame.method)
    own = frame[frame.method == "Llama-MTSK MS"]
    assert own.scale.tolist() == ["(16,5)", "(16,2)", "(4,5)", "(4,2)"]
    assert own.budget.tolist() == own.tflops.tolist()
    assert own.budget.is_monotonic_increasing
    built = chosen(scores.assign(tflops=scores.tflops / 1e4), budget="llm_flops")
    assert built.frame.budget.max() < 1e-4
    assert built.shown["MFLOPs from"].astype(float).between(1, 1000).all()
    assert own.wer.is_monotonic_decreasing


def test_scales_are_chosen_on_validation_and_reported_on_test(scores):
    # Validation likes the coarse scales, the test split the fine ones.
    validation = scores.assign(wer=100 - scores.wer, split="val")
    frame = chosen(scores, validation).frame
    own = frame[frame.method == "Llama-MTSK SS"]
    assert own.scale.tolist() == ["(16,5)"]
    score_of = scores[(scores.method == "mtsk-ss") & (scores.audio_rate == 16)]
    assert own.wer.item() == score_of[score_of.video_rate == 5].wer.item()
    assert own.wer_validation.item() == 100 - own.wer.item()


def test_seeds_of_a_system_are_averaged_before_scales_are_chosen():
    wers = {(4, 2): (10.0, 30.0), (16, 5): (20.0, 12.0)}
    rows = [
        score("mtsk-ms", *scale, wer, seed=seed, model=f"m.s{seed}")
        for scale, both in wers.items()
        for seed, wer in enumerate(both)
    ]
    frame = chosen(table(rows)).frame
    # Either scale is the best of one seed; the coarse one is on average, and cheaper.
    assert frame.scale.tolist() == ["(16,5)"]
    assert (frame.wer_validation.item(), frame.wer.item()) == (16.0, 16.0)


def test_nothing_is_chosen_for_a_corpus_without_validation(scores):
    both = pd.concat([scores, scores.assign(corpus="other", wer=1.0)])
    alone = chosen(scores).frame
    assert chosen(both, scores.assign(split="val")).frame.equals(alone)


def test_budgets_are_of_what_the_config_says(scores):
    def columns(budget, scores=scores):
        built = chosen(scores, budget=budget)
        own = built.frame[built.frame.method == "Llama-MTSK MS"]
        return built.shown.columns[3], own.budget.tolist(), own.scale.tolist()

    heading, budgets, scales = columns("flops")
    assert (heading, scales[0], len(scales)) == ("TFLOPs from", "(16,5)", 4)
    assert min(budgets) > 1
    # What takes the longest here is coarse and wrong, so the finest scale is always right.
    heading, budgets, scales = columns("seconds")
    assert (heading, scales) == ("seconds from", ["(4,2)"])
    heading, budgets, scales = columns("tokens", scores.assign(tokens=100.0))
    assert (heading, budgets, scales) == ("tokens from", [100.0], ["(4,2)"])


def test_the_elastic_table_needs_validation(scores):
    with pytest.raises(InputError, match="elastic needs what was decoded of validation"):
        build("elastic", scores)


def test_the_adaptive_table_has_the_chosen_threshold_of_the_test_split():
    rows = [
        {
            **{"corpus": "portrait", "task": "avsr", "method": method, "variant": variant},
            **{
                "model": method,
                "trained_on": "portrait",
                "seed": 0,
                "start": "a16_v5",
                "finish": "a4_v2",
                "split": split,
            },
            **{"threshold": -1.0 - place, "chosen": place == 1, "refined": 25.0 * place},
            **{"wer": 12.0 + place, "wer_low": 11.0, "wer_high": 14.0},
            **{"tflops": 0.03 * (1 + place), "finish_wer": 12.9, "finish_tflops": 0.1},
        }
        for method, variant in (("mome-ffn", "r23k4s1b12"), ("mtsk-ms", ""))
        for split in ("val", "test")
        for place in range(2)
    ]
    sources = Sources(table([]), ReportSettings(), adaptive=pd.DataFrame(rows))
    found = table_builder("adaptive")(sources)
    assert found.frame.method.tolist() == ["Llama-MTSK MS", "MoME-23/4-FFN"]
    assert found.frame.share.tolist() == pytest.approx([0.6, 0.6])
    row = found.shown.iloc[0]
    assert (row["first at"], row["then at"], row["decoded twice"]) == ("(16,5)", "(4,2)", "25 %")
    assert row["WER"] == "13.0 (11.0 to 14.0)"
    assert row["TFLOPs"] == "0.06"
    assert "seed" not in found.shown
    twice = pd.concat([sources.adaptive, sources.adaptive.assign(seed=1)])
    found = table_builder("adaptive")(Sources(table([]), ReportSettings(), adaptive=twice))
    assert found.shown.seed.tolist() == [0, 1, 0, 1]
    there = sources.adaptive.assign(corpus="wild")
    found = table_builder("adaptive")(Sources(table([]), ReportSettings(), adaptive=there))
    assert set(found.frame.corpus) == {"wild (trained on portrait)"}
    with pytest.raises(InputError, match="has several scales on clean clips"):
        table_builder("adaptive")(Sources(table([]), ReportSettings()))
