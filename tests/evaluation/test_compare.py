"""Systems are compared with their baseline, and with no other."""

import pandas as pd
from scored import MODEL, REFERENCES, scored

from mavsr.evaluation.differences import differences
from mavsr.evaluation.score import ScoringSettings
from mavsr.tables import read_csv


def test_systems_are_compared_with_the_baseline_at_their_own_scale(write, tmp_path):
    paths = [
        write("llama-avsr", 4, 10),
        write("llama-avsr", 16, 30),
        write("mtsk-ms", 4, 22),
        write("mtsk-ms", 16, 30),
        write("mtsk-ms", 8, 0),
    ]
    table = scored(paths, tmp_path).set_index(["method", "audio_rate"])
    assert table.p_value["llama-avsr"].isna().all()
    assert table.p_value["mtsk-ms", 4] < 0.01
    assert table.p_value["mtsk-ms", 16] == 1
    assert pd.isna(table.p_value["mtsk-ms", 8])
    assert table.baseline["mtsk-ms", 4] == "llama-avsr"
    assert pd.isna(table.baseline["mtsk-ms", 8])
    without = scored(paths, tmp_path, baseline=None)
    assert without.p_value.isna().all()
    other = scored(paths, tmp_path, baseline="mtsk-ms").set_index(["method", "audio_rate"])
    assert other.p_value["llama-avsr", 4] == table.p_value["mtsk-ms", 4]


TEN = {key: f"speaker{place % 10}" for place, key in enumerate(REFERENCES)}


def test_speakers_have_intervals_and_p_values_of_their_own(write, tmp_path):
    paths = [write("llama-avsr", 4, 10, speakers=TEN), write("mtsk-ms", 4, 22, speakers=TEN)]
    ours = scored(paths, tmp_path).set_index("method").loc["mtsk-ms"]
    assert ours.speakers == 10
    assert 0 < ours.wer_low_speakers < ours.wer < ours.wer_high_speakers
    # Speakers have 5 errors in 16 words or fewer here, more alike than utterances are.
    assert ours.wer_high_speakers < ours.wer_high
    assert 0 < ours.p_speakers < 0.05


def test_few_or_unknown_speakers_have_none(write, tmp_path):
    alone = scored([write("mtsk-ms", 4, 10)], tmp_path)
    assert alone.speakers.item() == 1
    unknown = scored([write("mtsk-ms", 4, 10, speakers={k: k for k in REFERENCES})], tmp_path)
    assert unknown.speakers.isna().all()
    for table in (alone, unknown):
        columns = ["wer_low_speakers", "wer_high_speakers", "p_speakers"]
        assert table[columns].isna().all(axis=None)


def test_seeds_of_both_systems_are_pooled(write, tmp_path):
    base = [write("llama-avsr", 4, 10 + seed, seed=seed, speakers=TEN) for seed in range(3)]
    ours = [write("mtsk-ms", 4, 25 + seed, seed=seed, speakers=TEN) for seed in range(3)]
    table = scored([*base, *ours], tmp_path)
    assert table.seeds.tolist() == [3] * 6
    pooled = table[table.method == "mtsk-ms"].p_seeds
    assert pooled.nunique() == 1
    assert pooled.iloc[0] < 0.01
    assert table[table.method == "llama-avsr"].p_seeds.isna().all()
    assert table[table.method == "mtsk-ms"].p_value.notna().all()
    fewer = scored([base[0], *ours], tmp_path).set_index(["method", "seed"])
    assert fewer.p_seeds.isna().all()
    assert pd.isna(fewer.baseline["mtsk-ms", 1])
    assert fewer.baseline["mtsk-ms", 0] == "llama-avsr"


def test_seeds_need_not_have_the_same_numbers(write, tmp_path):
    base = [write("llama-avsr", 4, 10, seed=seed) for seed in (0, 1)]
    ours = [write("mtsk-ms", 4, 30, seed=seed) for seed in (2, 3)]
    table = scored([*base, *ours], tmp_path).set_index("method")
    assert table.p_value["mtsk-ms"].isna().all()
    assert (table.p_seeds["mtsk-ms"] < 0.05).all()
    assert (table.baseline["mtsk-ms"] == "llama-avsr").all()


def tuned(write, method, wrong, variant):
    origin = {"corpus": "portrait", "split": "test", "encoders": "w", "llm": "l"}
    model = {"task": "asr", "method": method, "compression": "avgpool", "seed": 0}
    origin["variant"] = variant
    return write(f"{method}.{variant}", 4, wrong, origin=origin, model=model)


def test_of_several_baselines_the_one_that_was_trained_alike_counts(write, tmp_path):
    """In a sweep the last baseline of the config stood against every system."""
    paths = [
        tuned(write, "llama-avsr", 10, ""),
        tuned(write, "llama-avsr", 30, "lr0.0005"),
        tuned(write, "mtsk-ms", 30, ""),
        tuned(write, "mtsk-ms", 30, "lr0.0005"),
        tuned(write, "mome-ffn", 30, "r4k2s1b8-lr0.0005"),
        tuned(write, "mome-mhsa", 30, "r4k2s1b8"),
    ]
    table = scored(paths, tmp_path).assign(variant=lambda table: table.variant.fillna(""))
    found = table.set_index(["method", "variant"]).p_value
    assert found["mtsk-ms", ""] < 0.01
    assert found["mtsk-ms", "lr0.0005"] == 1
    assert found["mome-ffn", "r4k2s1b8-lr0.0005"] == 1
    assert found["mome-mhsa", "r4k2s1b8"] < 0.01
    output = tmp_path / "differences.csv"
    differences(paths, output, ScoringSettings())
    shown = read_csv(output, "differences").assign(variant=lambda table: table.variant.fillna(""))
    points = shown.set_index(["method", "variant"]).difference
    assert points["mtsk-ms", ""] == 12.5
    assert points["mtsk-ms", "lr0.0005"] == 0


def test_all_seeds_are_compared_with_baselines_of_one_variant(write, tmp_path):
    """A tuned baseline of one seed leaves the other seeds without one, not with the untuned."""
    paths = []
    for method, variant, seed in (
        *(("llama-avsr", "", 0), ("llama-avsr", "", 1), ("llama-avsr", "lr0.0005", 0)),
        *(("mtsk-ms", "lr0.0005", 0), ("mtsk-ms", "lr0.0005", 1)),
    ):
        origin = {"corpus": "portrait", "split": "test", "encoders": "w", "llm": "l"}
        model = MODEL | {"method": method, "seed": seed}
        folder = f"{method}.{variant}.s{seed}"
        paths.append(write(folder, 4, 10, origin=origin | {"variant": variant}, model=model))
    p_values = scored(paths, tmp_path).set_index("method").loc["mtsk-ms"].p_value
    assert p_values.iloc[0] == 1
    assert pd.isna(p_values.iloc[1])


def test_llms_of_one_path_are_told_apart_by_their_names(write, tmp_path):
    """Two entries of ``llms`` may differ in the rank of their LoRAs alone."""
    paths = []
    for llm, wrong in (("l", 10), ("l-rank-8", 30)):
        origin = {"corpus": "portrait", "split": "test", "encoders": "w", "llm": llm, "variant": ""}
        paths += [
            write(f"{method}.{llm}", 4, wrong, origin=origin, model=MODEL | {"method": method})
            for method in ("llama-avsr", "mtsk-ms")
        ]
    output = tmp_path / "differences.csv"
    differences(paths, output, ScoringSettings())
    shown = read_csv(output, "differences").set_index("llm")
    assert shown.difference.to_dict() == {"l": 0, "l-rank-8": 0}


def on_corpora(write, method, trained_on, folder="clean"):
    origin = {"corpus": "portrait", "split": "test", "encoders": "w", "llm": "l", "variant": ""}
    return write(method, 4, 10, condition=folder, origin={**origin, "trained_on": trained_on})


def test_systems_are_compared_with_a_baseline_of_the_same_training_corpora(write, tmp_path):
    paths = [
        on_corpora(write, "llama-avsr", "portrait"),
        on_corpora(write, "mtsk-ms", "portrait+lrs3"),
        on_corpora(write, "mtsk-ss", ""),  # imported
    ]
    table = scored(paths, tmp_path).set_index("method")
    assert table.trained_on.tolist() == ["portrait", "portrait+lrs3", ""]
    assert pd.isna(table.p_value["mtsk-ms"])
    assert table.p_value["mtsk-ss"] == 1


def test_noise_is_compared_with_noise(write, tmp_path):
    paths = [write("llama-avsr", 4, 10), write("mtsk-ms", 4, 30, "snr_-5")]
    assert scored(paths, tmp_path).p_value.isna().all()
