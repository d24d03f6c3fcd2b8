"""Decoding without a modality: what is left of the sequence, and who cannot do without it."""

from dataclasses import replace

import pytest
import torch
from chain import TEST
from tiny import DIMS, scramble

from mavsr.errors import InputError
from mavsr.evaluation.hypotheses import read_hypotheses
from mavsr.evaluation.split import read_split
from mavsr.features.join import UtteranceSource
from mavsr.model.avsr import MatryoshkaModel
from mavsr.model.folder import read_model_folder
from mavsr.model.scales import Scale

SCALE = Scale(4, 3)


def test_a_dropped_modality_leaves_neither_tokens_nor_markers(settings_of, utterances):
    model = scramble(MatryoshkaModel(settings_of(), DIMS)).eval()
    model.adapter.activate(SCALE)
    opening, prompt = model.opening(), model.prompt(SCALE)
    for missing, left in (("video", "audio"), ("audio", "video")):
        clips = [replace(clip, dropped=missing) for clip in utterances]
        marked = model.marked(clips, left, getattr(SCALE, left))
        for prefix, tokens in zip(model.prefixes(clips, SCALE), marked, strict=True):
            assert torch.equal(prefix, torch.cat([opening, tokens, prompt]))
    # Whole and incomplete clips may share a batch.
    mixed = [utterances[0], replace(utterances[1], dropped="video"), utterances[2]]
    prefixes, whole = model.prefixes(mixed, SCALE), model.prefixes(utterances, SCALE)
    assert torch.allclose(prefixes[0], whole[0], atol=1e-6)
    assert len(prefixes[1]) < len(whole[1])
    positions = model.positions(mixed, SCALE)
    lengths = [len(p) + len(model.targets(u)) - 1 for p, u in zip(prefixes, mixed, strict=True)]
    assert positions.belongs.sum(1).flatten().tolist() == lengths
    assert torch.isfinite(model.entropy(mixed, SCALE))


def test_a_split_is_read_without_a_modality(data):
    whole = UtteranceSource(data.test_manifest, data.test["clean"])
    source = UtteranceSource(data.test_manifest, data.test["clean"], absent="video")
    assert source["test0"].dropped == "video" and whole["test0"].dropped is None
    assert source.lengths() == {k: {"audio": n["audio"]} for k, n in whole.lengths().items()}


def test_decoding_under_a_condition_leaves_the_modality_out(model, run_decode, data):
    plain = read_hypotheses(run_decode(model, "a4_v3"))
    found = read_hypotheses(run_decode(model, "a4_v3", "no_video"))
    assert found.sidecar["condition"] == "no_video" and found.references == plain.references
    lengths = UtteranceSource(data.test_manifest, data.test["clean"]).lengths().values()
    tokens = [n["audio"] // 4 + found.sidecar["prompt_tokens"] for n in lengths]
    assert found.sidecar["tokens"] == sum(tokens) / len(TEST) < plain.sidecar["tokens"]
    # Other noise in the audio, and still no video.
    noisy = read_hypotheses(run_decode(model, "a4_v3", "snr_-5+no_video"))
    assert noisy.sidecar["tokens"] == found.sidecar["tokens"]


def test_who_hears_alone_cannot_do_without_audio(run_train, run_decode, data, capsys):
    folder = run_train("asr", 1, method="mtsk-ms", task="asr", video_rates=())
    with pytest.raises(SystemExit):
        run_decode(folder, "a4", "no_audio")
    assert "at scale a4 cannot do without audio; decode no_audio at" in capsys.readouterr().err
    read = read_model_folder(folder)
    with pytest.raises(InputError, match="task 'asr' cannot do without audio"):
        read_split(read, data.test_manifest, data.test["clean"]["audio"], None, "audio")
