"""Tables from made-up scores: rows, columns, print."""

import docutils.core
import docutils.nodes
import pandas as pd
import pytest
from synthetic import score, table
from tabled import KINDS, LRS2, METHODS, PAIRS, SMALL, build

from mavsr.errors import InputError
from mavsr.evaluation.score import COLUMNS
from mavsr.report.catalogue import TABLES, experiment_of
from mavsr.report.layout import latex, markdown
from mavsr.report.names import METHOD_NAMES, label
from mavsr.report.sources import ReportSettings
from mavsr.report.table import table_builder, write_table
from mavsr.report.tables.noise_check import compare
from mavsr.tables import write_csv


def test_every_table_of_the_catalogue_can_be_built():
    assert all(callable(table_builder(name)) for name in TABLES)


def test_table1_is_a_row_per_method_and_a_column_per_rate_pair(scores):
    frame = build("table1", scores).frame
    assert list(frame.columns) == ["corpus", "method", "(4,2)", "(4,5)", "(16,2)", "(16,5)"]
    assert list(frame.method) == [METHOD_NAMES[method] for method in METHODS]
    assert frame.iloc[2].tolist() == ["portrait", "Llama-MTSK SS", 24.2, 24.5, 36.2, 36.5]


def test_in_print_a_cell_has_its_interval_and_the_sign_of_a_difference(scores):
    significant = (scores.method == "mtsk-ss") & (scores.audio_rate == 4)
    scores.loc[significant, "baseline"] = "llama-avsr"
    scores.loc[significant, "p_value"] = [0.024, 0.026]
    scores = scores.sort_values("p_value")
    built = build("table1", scores)
    cells = built.shown.set_index("method").loc["Llama-MTSK SS"]
    assert sorted(cells[["(4,2)", "(4,5)"]].str.endswith("§")) == [True, True]
    assert cells["(16,5)"] == "36.5 ±1.2"
    assert "± half of the 95 % interval over utterances; differs from Llama-AVSR" in built.caption
    assert "§ for utterances of these same speakers, after Holm's correction over 2 comp" in (
        built.caption
    )
    third = (scores.method == "mtsk-ms") & (scores.audio_rate == 4) & (scores.video_rate == 2)
    scores.loc[third, ["baseline", "p_value"]] = ["llama-avsr", 0.9]
    assert not build("table1", scores).shown.map(lambda cell: "§" in cell).any(axis=None)


def test_corpora_are_kept_apart(scores):
    both = pd.concat([scores, scores.assign(corpus="other", trained_on="other", wer=1.0)])
    frame = build("table1", both).frame
    assert list(frame.corpus) == ["other"] * 4 + ["portrait"] * 4
    assert (frame[frame.corpus == "other"]["(4,2)"] == 1.0).all()


def test_gaps_and_doubles_are_refused(scores):
    mine = scores.method == "mtsk-ss"
    chosen = mine & (scores.audio_rate == 16) & (scores.video_rate == 2)
    with pytest.raises(InputError, match="row Llama-MTSK SS on portrait has 3 scores for 4") as gap:
        build("table1", scores[~chosen])
    assert "none at (16,2)" in str(gap.value)
    assert "rules train_model and decode make it" in str(gap.value)
    with pytest.raises(InputError, match=r"row Llama-MTSK SS on portrait has 5 .*\(16,2\) twice"):
        build("table1", pd.concat([scores, scores[chosen]]))
    moved = scores.assign(audio_rate=scores.audio_rate.where(~mine, 4))
    with pytest.raises(InputError, match="Llama-MTSK SS"):
        build("table1", moved)
    with pytest.raises(InputError, match="table1 needs scores with task avsr, condition clean"):
        build("table1", scores.assign(condition="snr_0"))


def test_compressions_stand_below_each_other():
    rows = [
        score("mtsk-ms", a, v, wer, compression=name)
        for name, wer in (("stack", 3.0), ("avgpool", 1.0), ("resampler", 2.0))
        for a, v in PAIRS
    ]
    frame = build("compressions", table(rows)).frame
    assert frame.compression.tolist() == ["avgpool", "resampler", "stack"]
    assert frame["(16,5)"].tolist() == [1.0, 2.0, 3.0]
    assert build("compressions", table(rows)).shown.compression[1] == "resampler"


def test_table3_has_a_column_per_audio_rate():
    rows = [
        score(method, rate, None, 10.0 * rate)
        for method in ("avgpool-at-inference", "mtsk-ms")
        for rate in (2, 4, 10)
    ]
    frame = build("table3", table(rows)).frame
    assert list(frame.columns) == ["corpus", "method", "2", "4", "10"]
    frame = build("table3", table(rows).assign(corpus="mine", trained_on="mine", **SMALL)).frame
    assert frame["10 published"].tolist() == [160.0, 3.0]


def test_noise_columns_go_from_loud_to_clean():
    rows = [
        score("mtsk-ms", 4, 2, wer, condition)
        for condition, wer in (("clean", 5), ("snr_10", 8), ("snr_-5", 40), ("snr_0", 20))
    ]
    frame = build("mome/noise", table(rows)).frame
    assert list(frame.columns[2:]) == ["-5 dB", "0 dB", "10 dB", "clean"]
    assert frame.iloc[0, 2:].tolist() == [40, 20, 8, 5]


def test_the_ablation_tells_variants_apart():
    rows = [
        score("mome-mhsa", a, v, 5.0, variant=variant)
        for variant in ("r23k4s1b12-separate", "r23k4s1b12", "r4k2s0b24", "r23k4s1b2")
        for a, v in PAIRS
    ]
    frame = build("mome/ablation", table(rows)).frame
    assert frame.method.tolist() == [
        "MoME-4/2-MHSA",
        "MoME-23/4-MHSA",
        "MoME-23/4-MHSA",
        "MoME-23/4-MHSA, router per scale",
    ]
    assert frame[["routed", "top-k", "shared", "bottleneck"]].to_numpy().tolist() == [
        [4, 2, 0, 24],
        [23, 4, 1, 2],
        [23, 4, 1, 12],
        [23, 4, 1, 12],
    ]
    paper = build("mome/ablation", table(rows).assign(**LRS2), kinds={"two": "lrs2"})
    values = paper.frame["(16,5) published"]
    assert values[[0, 2]].tolist() == [5.0, 4.3]
    assert values[[1, 3]].isna().all()
    assert "Table 1, Table 3 of MoME (arXiv 2510.04136)." in paper.caption


def test_table4_takes_any_shape(llm_folder):
    llms = {"tiny": {"shape": str(llm_folder), "lora_rank": 4}}
    frame = build("table4", table([]), rates={"audio": [5], "video": [5]}, table4=llms).frame
    assert frame.tokens.tolist() == [757, 157]
    assert "tokens published" not in frame
    with pytest.raises(InputError, match=r"'nothing/here' is neither a known shape .*llama-3.1-8b"):
        build(
            "table4",
            table([]),
            rates={"audio": [5], "video": [5]},
            table4={"tiny": {"shape": "nothing/here", "lora_rank": 4}},
        )
    with pytest.raises(InputError, match=r"table4 needs rates.audio"):
        build("table4", table([]), rates={"audio": [], "video": [5]}, table4=llms)


@pytest.fixture
def noisy(scores):
    rows = [
        score("mtsk-ms", audio, video, wer, "snr_-5")
        for (audio, video), wer in zip(PAIRS, [30, 20, 45, 40], strict=True)
    ]
    heard = [score("mtsk-ms", a, None, wer, "snr_-5") for a, wer in ((4, 40.0), (16, 50.0))]
    return pd.concat([scores, table([*rows, *heard])])


def test_noise_check_pairs_scores_of_one_audio_rate(noisy):
    frame = compare(noisy).sort_values(["audio_rate", "video_rate"])
    assert frame.video_rate.tolist() == [2, 5, 2, 5]
    assert frame.wer_audio.tolist() == [40, 40, 50, 50]
    assert frame.wer_audio_visual.tolist() == [30, 20, 45, 40]
    assert frame.ratio.tolist() == [0.75, 0.5, 0.9, 0.8]


def test_noise_check_reads_in_print_as_the_other_tables(noisy):
    shown = build("noise_check", noisy).shown
    assert shown.iloc[0].tolist() == [
        "portrait",
        "Llama-MTSK MS",
        "-5 dB",
        "(4,2)",
        "40.0",
        "30.0",
        "0.75",
    ]


def test_noise_check_pairs_scores_of_one_variant(noisy):
    both = pd.concat([noisy, noisy.assign(variant="rank16", wer=2 * noisy.wer)])
    shown = build("noise_check", both).shown
    assert shown.method.value_counts().to_dict() == {
        "Llama-MTSK MS": 4,
        "Llama-MTSK MS, LoRA rank 16": 4,
    }
    with pytest.raises(InputError, match="two audio-only scores of Llama-MTSK MS at audio rate 4"):
        build("noise_check", pd.concat([noisy, noisy.assign(encoders="other")]))


def test_table2_takes_no_score_for_another(scores):
    other = pd.concat([scores, scores.assign(llm="other", wer=1.0)])
    with pytest.raises(InputError, match=r"table2 has two scores of .* on portrait; what differs"):
        build("table2", other)


def test_corpora_keep_their_names_in_headings_and_rates_their_second_digit(scores):
    named = scores.assign(corpus="my_corpus", trained_on="my_corpus", wer=100 * 4241 / 29150)
    built = build("table2", named[named.audio_rate == 16])
    assert "my_corpus" in built.shown
    assert "my_corpus" in markdown(built.shown, built.caption)
    assert built.frame["my_corpus"].iloc[0] == 14.55
    assert built.shown["my_corpus"].iloc[0].startswith("14.5 ")


def test_noise_check_needs_both(noisy):
    with pytest.raises(InputError, match="noise_check must ask for both"):
        compare(noisy[noisy.task == "avsr"])


def test_the_command_writes_a_table_and_its_long_form_and_prints_it(scores, tmp_path, capsys):
    write_csv(tmp_path / "scores.csv", scores)
    write_table("table1", tmp_path / "out", ReportSettings(kinds=KINDS), tmp_path / "scores.csv")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "table1.csv",
        "table1.html",
        "table1.md",
        "table1.rst",
        "table1.tex",
        "table1_long.csv",
    ]
    long = pd.read_csv(tmp_path / "out" / "table1_long.csv")
    assert list(long.columns) == list(COLUMNS)
    assert list(long.wer) == list(scores.wer)
    printed = capsys.readouterr().out
    assert "| portrait | Llama-MTSK MSS | 34.2 ±1.2 |" in printed
    made = docutils.core.publish_doctree((tmp_path / "out" / "table1.rst").read_text())
    cells = [entry.astext() for entry in made.findall(docutils.nodes.entry)]
    assert cells[:4] == ["corpus", "method", "(4,2)", "(4,5)"]
    assert cells[-6:-3] == ["portrait", "Llama-MTSK MSS", "34.2 ±1.2"]
    assert not list(made.findall(docutils.nodes.system_message))
    assert pd.read_csv(tmp_path / "out" / "table1.csv").equals(build("table1", scores).frame)


def test_print_survives_signs_of_its_language():
    shown = pd.DataFrame({"a_b": ["x & y", "1|2", "~<^"], "WER %": ["15.1 ±1.2†", "–", "\\"]})
    text = latex(shown, "In % of a_b.", "mome/x")
    assert r"x \& y & 15.1 $\pm$1.2$^\dagger$ \\" in text
    assert r"a\_b & WER \% \\" in text
    assert r"\resizebox" not in text
    wide = latex(pd.DataFrame({f"column {n}": ["12.3 ±1.2"] for n in range(9)}), "Wide.", "x")
    assert "\\resizebox{\\linewidth}{!}{%\n\\begin{tabular}{rrrrrrrrr}\n\\toprule" in wide
    assert r"\shortstack{column\\0} & \shortstack{column\\1} &" in wide
    assert "\\bottomrule\n\\end{tabular}}\n\\end{table}" in wide
    assert r"1\textbar{}2 & -- \\" in text
    assert r"\textasciitilde{}$<$\textasciicircum{} & \textbackslash{} \\" in text
    assert r"\label{tab:mome-x}" in text
    assert r"\caption{In \% of a\_b.}" in text
    assert r"| 1\|2 | – |" in markdown(shown, "c")


def test_a_table_without_its_experiment_says_which():
    with pytest.raises(InputError, match=r"table3 shows experiments.table3, which the con"):
        experiment_of("table3", {"table1": []})
    assert experiment_of("table4", {}) is None


@pytest.mark.parametrize(
    ("method", "variant", "name"),
    [
        ("mtsk-ms", "", "Llama-MTSK MS"),
        ("mome-layer", "r23k4s1b12", "MoME-23/4-LAYER"),
        ("mome-mhsa", "r4k2s0b24-separate", "MoME-4/2-MHSA, router per scale"),
        ("mome-ffn", "r23k4s1b12-lb0.1-renorm", "MoME-23/4-FFN, balance 0.1, gates renormalised"),
        ("mome-ffn", "r23k4s1b12-lblayers", "MoME-23/4-FFN, balance summed over layers"),
        (
            "mome-mhsa",
            "r23k4s1b12-c_a16_v5x0.5_a4_v2x1.5",
            "MoME-23/4-MHSA, c(16,5) = 0.5, c(4,2) = 1.5",
        ),
        ("mtsk-ms", "lr0.0005-rank16", "Llama-MTSK MS, learning rate 0.0005, LoRA rank 16"),
        ("mtsk-ms", "window64-heads8", "Llama-MTSK MS, window 64, heads 8"),
        ("mome-ffn", "r23k4s1b12-queries8", "MoME-23/4-FFN, queries 8"),
        ("mome-ffn", "r23k4s1b12-epochs3", "MoME-23/4-FFN, epochs 3"),
        ("mtsk-ms", "ratesdrawn", "Llama-MTSK MS, rates per step drawn"),
        ("mtsk-ms", "noaudio0.25", "Llama-MTSK MS, audio dropout 0.25"),
        ("omni-mome", "r23k4s1b12", "Omni-MoME-23/4-MHSA"),
        ("something-new", "x", "something-new x"),
    ],
)
def test_names_in_print(method, variant, name):
    assert label(method, variant) == name
