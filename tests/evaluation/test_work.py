"""What decoding takes: beams counted as they are read, FLOPs by hand, batches and stops alike."""

import json

import pytest
import torch
from chain import TEST
from tiny import DIMS, make_utterance, scramble
from transformers import AutoConfig, AutoTokenizer

from mavsr.config.resampler import ResamplerSettings
from mavsr.evaluation import decode as decode_module
from mavsr.evaluation.settings import DecodingSettings
from mavsr.evaluation.transcribe import recognise, transcribe
from mavsr.evaluation.work import counting
from mavsr.model.avsr import MatryoshkaModel
from mavsr.model.cost import head_parameters, matrix_parameters
from mavsr.model.scales import Scale
from mavsr.report.adapter_sizes import lora_parameters

CLIPS = [make_utterance(key, 3 + 4 * n) for n, key in enumerate("abcde")]


@pytest.fixture
def network(settings_of):
    return scramble(MatryoshkaModel(settings_of(), DIMS)).eval()


def searched(network, clips, beams, longest):
    with counting(network) as found:
        transcribe(
            network, clips, Scale(2, 1), DecodingSettings(beams=beams, max_new_tokens=longest)
        )
    return found.tokens


def test_beams_are_counted_as_they_are_read_whatever_the_batch(network):
    alone = [searched(network, [clip], 4, 7) for clip in CLIPS]
    assert searched(network, CLIPS, 4, 7) == sum(alone)
    assert all(tokens % 4 == 0 for tokens in alone)
    # The first token comes from the prefix, and the last is not read.
    assert max(alone) <= 4 * 6
    assert searched(network, CLIPS, 3, 1) == 0


def test_a_search_that_never_ends_reads_all_beams_to_the_last_token(network):
    head = network.llm.get_output_embeddings()
    bias = torch.zeros(head.weight.shape[0])
    bias[network.tokenizer.eos_token_id] = -1e4
    head.bias = torch.nn.Parameter(bias)
    assert searched(network, CLIPS, 2, 6) == len(CLIPS) * 2 * 5
    assert not network.llm.get_decoder()._forward_pre_hooks


def test_the_record_has_the_work_of_its_scale(model, run_decode, settings_of):
    path = run_decode(model, "a4_v3")
    said = json.loads(path.with_suffix(".json").read_text())
    lengths = [(2 * n, n) for n in TEST.values()]
    work, count = said["work"], len(TEST)
    assert said["utterances"] == count
    assert said["speech_s"] == pytest.approx(sum(n for _, n in lengths) / 25, abs=0.01)
    assert work["encoder_tokens"]["audio"] == sum(a for a, _ in lengths) / count
    assert work["encoder_tokens_squared"]["video"] == sum(v * v for _, v in lengths) / count

    llm = settings_of().llm
    tokenizer, config = AutoTokenizer.from_pretrained(llm), AutoConfig.from_pretrained(llm)
    prompt = len(tokenizer("Transcribe speech and video to text.")["input_ids"])
    compressed = [(max(a // 4, 1), max(v // 3, 1)) for a, v in lengths]
    read = sum(a + v for a, v in compressed) / count + prompt + 5  # BOS and four markers
    assert work["read_tokens"] == pytest.approx(read)
    body = matrix_parameters(config) - head_parameters(config) + 2 * lora_parameters(config, 4)
    head = config.vocab_size * config.hidden_size
    assert work["prefix_tflops"] == pytest.approx(2 * (body * read + head) / 1e12)
    beams = work["beam_tokens"]
    assert 0 < beams <= 2 * 5
    assert work["beam_tflops"] == pytest.approx(2 * (body + head) * beams / 1e12)
    texts = [json.loads(line)["hypothesis"] for line in path.read_text().splitlines()]
    written = [min(len(tokenizer(t, add_special_tokens=False)["input_ids"]) + 1, 6) for t in texts]
    assert work["written_tokens"] == pytest.approx(sum(written) / count)
    assert work["generated_tflops"] == pytest.approx(
        2 * (body + head) * (sum(written) / count - 1) / 1e12
    )
    projectors = {m: DIMS[m] * 12 + 12 * config.hidden_size for m in DIMS}
    connecting = sum(a * projectors["audio"] + v * projectors["video"] for a, v in compressed)
    assert work["projector_tflops"] == pytest.approx(2 * connecting / count / 1e12)
    assert said["peak_gb"] > 0
    assert said["threads"] == 1


def test_a_learned_compression_has_its_share(run_train, run_decode):
    own = ResamplerSettings(8, 8, 2, 8)
    works = {}
    for name, changes in (
        ("pooled", {}),
        ("resampled", {"compression": "resampler", "resampler": own}),
    ):
        folder = run_train(name, 1, method="mtsk-ms", **changes)
        path = run_decode(folder, "a4_v3").with_suffix(".json")
        works[name] = json.loads(path.read_text())["work"]
    more = works["resampled"]["projector_tflops"] - works["pooled"]["projector_tflops"]
    total = 0
    for n in TEST.values():
        for modality, tokens, rate, window in (("audio", 2 * n, 4, 8), ("video", n, 3, 6)):
            count = max(tokens // rate, 1)
            read = min(tokens, count * rate)
            total += (2 * read + count) * DIMS[modality] * 8 + 2 * count * min(read, window) * 8
    assert more == pytest.approx(2 * total / len(TEST) / 1e12)
    assert works["resampled"]["read_tokens"] == works["pooled"]["read_tokens"]


def test_an_interrupted_job_counts_what_it_had_read_before(model, run_decode, monkeypatch):
    whole = json.loads(run_decode(model, "a2_v1", batch=1).with_suffix(".json").read_text())
    stopped = []

    def stopping(*arguments):
        if len(stopped) == 3:
            raise SystemExit(143)
        stopped.append(1)
        return recognise(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(decode_module, "recognise", stopping)
        with pytest.raises(SystemExit):
            run_decode(model, "a2_v1", batch=1)
    path = run_decode(model, "a2_v1", batch=1)
    assert json.loads(path.with_suffix(".json").read_text())["work"] == whole["work"]
