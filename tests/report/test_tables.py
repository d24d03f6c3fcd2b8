import pandas as pd
import pytest

from mavsr.errors import InputError
from mavsr.report.noise_check import compare, noise_check
from mavsr.report.selection import select_models
from mavsr.report.table1 import METHOD_NAMES, layout, table1

PAIRS = [(4, 2), (4, 5), (16, 2), (16, 5)]


def score(method, audio, video, wer, condition="clean", corpus="portrait"):
    return {
        "corpus": corpus,
        "task": "asr" if pd.isna(video) else "avsr",
        "method": method,
        "condition": condition,
        "audio_rate": audio,
        "video_rate": video,
        "wer": wer,
    }


@pytest.fixture
def scores():
    rows = [
        score(method, audio, video, 10 * place + audio + video / 10)
        for place, method in enumerate(METHOD_NAMES)
        for audio, video in PAIRS
    ]
    noisy = [
        score("mtsk-ms", audio, video, wer, "snr_-5")
        for (audio, video), wer in zip(PAIRS, [30, 20, 45, 40], strict=True)
    ]
    heard = [score("mtsk-ms", a, None, wer, "snr_-5") for a, wer in ((4, 40.0), (16, 50.0))]
    table = pd.DataFrame([*rows, *noisy, *heard]).sample(frac=1, random_state=0)
    return table.assign(model=table.task + table.method)


def test_table1_is_a_row_per_method_and_a_column_per_rate_pair(scores):
    table = layout(scores)
    assert list(table.columns) == ["corpus", "method", "(4,2)", "(4,5)", "(16,2)", "(16,5)"]
    assert list(table.method) == [
        "Llama-AVSR",
        "Llama-MTSK MS",
        "Llama-MTSK SS",
        "Llama-MTSK MSS",
        "MoME-MHSA",
        "MoME-FFN",
        "MoME-LAYER",
        "Avg Pooling",
    ]
    assert table.iloc[2].tolist() == ["portrait", "Llama-MTSK SS", 24.2, 24.5, 36.2, 36.5]


def test_table1_keeps_corpora_apart(scores):
    both = pd.concat([scores, scores.assign(corpus="lrs3", wer=1.0)])
    table = layout(both)
    assert list(table.corpus) == ["lrs3"] * len(METHOD_NAMES) + ["portrait"] * len(METHOD_NAMES)
    assert (table[table.corpus == "lrs3"]["(4,2)"] == 1.0).all()


def test_table1_refuses_gaps_and_doubles(scores):
    chosen = (scores.method == "mtsk-ss") & (scores.audio_rate == 16) & (scores.video_rate == 2)
    with pytest.raises(InputError, match="Llama-MTSK SS on portrait has 3 scores for 4"):
        layout(scores[~chosen])
    with pytest.raises(InputError, match="Llama-MTSK SS on portrait has 5 scores for 4"):
        layout(pd.concat([scores, scores[chosen]]))
    with pytest.raises(InputError, match="no clean audio-visual score"):
        layout(scores[scores.condition != "clean"])


def test_a_gap_and_a_double_do_not_cancel(scores):
    mine = (scores.method == "mtsk-ss") & (scores.condition == "clean")
    moved = scores.assign(audio_rate=scores.audio_rate.where(~mine, 4))
    with pytest.raises(InputError, match="Llama-MTSK SS"):
        layout(moved)


def test_noise_check_pairs_scores_of_one_audio_rate(scores):
    table = compare(scores).sort_values(["audio_rate", "video_rate"])
    assert table.video_rate.tolist() == [2, 5, 2, 5]
    assert table.wer_audio.tolist() == [40, 40, 50, 50]
    assert table.wer_audio_visual.tolist() == [30, 20, 45, 40]
    assert table.ratio.tolist() == [0.75, 0.5, 0.9, 0.8]


def test_noise_check_needs_both(scores):
    with pytest.raises(InputError, match="noise_check must ask for both"):
        compare(scores[scores.task == "avsr"])


def test_commands_write_what_they_print(scores, tmp_path, capsys):
    scores.to_csv(tmp_path / "wer.csv", index=False)
    models = list(scores.model.unique())
    table1(tmp_path / "wer.csv", models, tmp_path / "table1.csv")
    noise_check(tmp_path / "wer.csv", models, tmp_path / "noise_check.csv")
    printed = capsys.readouterr().out
    assert pd.read_csv(tmp_path / "table1.csv").equals(layout(scores))
    assert len(pd.read_csv(tmp_path / "noise_check.csv")) == 4
    assert "Llama-MTSK MSS" in printed
    assert "wer_audio_visual" in printed


def test_rows_of_other_experiments_are_left_out(scores):
    own = scores.assign(model="own")
    other = scores.assign(model="another seed")
    assert select_models(pd.concat([own, other]), ["own"]).equals(own)


@pytest.mark.parametrize("models", [["absent"], []])
def test_a_model_without_scores_is_named(scores, models):
    with pytest.raises(InputError, match=r"no row of (absent|any model)"):
        select_models(scores, models)
