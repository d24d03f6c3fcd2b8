"""SmolLM2 learns, decodes, leaves this project and comes back with the same logits."""

import peft
import pytest
import torch
from tiny import DIMS, make_utterance, save_trained
from transformers import AutoModelForCausalLM

from mavsr.evaluation.settings import DecodingSettings
from mavsr.evaluation.transcribe import transcribe
from mavsr.model.adapters.settings import MomeSettings
from mavsr.model.avsr import MatryoshkaModel
from mavsr.model.export import export
from mavsr.model.folder import read_model_folder
from mavsr.model.loading import load_trained
from mavsr.model.settings import ModelSettings
from mavsr.training.settings import TrainingSettings
from mavsr.training.state import ResumeState
from mavsr.training.trainer import Trainer

CLIPS = {key: make_utterance(key, frames) for key, frames in (("a", 9), ("b", 14))}
EXPERTS = {
    **{"lora_rank": None, "lora_scale": None, "lora_targets": None},
    "mome": MomeSettings(routed=5, shared=1, top_k=2, bottleneck=4),
}
DECODING = DecodingSettings(beams=3, max_new_tokens=8)


@pytest.fixture(scope="module", params=["mtsk-ms", "mtsk-mss", "mome-mhsa"])
def trained(request, smollm, tmp_path_factory):
    """A model that has learnt two clips in a few steps, its losses, and its folder."""
    settings = ModelSettings(
        **{"task": "asr", "method": request.param, "compression": "avgpool"},
        **{"audio_rates": (2, 4), "video_rates": (), "llm": str(smollm), "llm_revision": None},
        **(EXPERTS if request.param == "mome-mhsa" else {"lora_rank": 8, "lora_scale": 0.125}),
        **{"projector_hidden": 64, "projector_layer_norm": False, "seed": 0},
    )
    torch.manual_seed(0)
    model = MatryoshkaModel(settings, {"audio": DIMS["audio"]})
    place = tmp_path_factory.mktemp(request.param)
    training = TrainingSettings(
        epochs=40, learning_rate=5e-3, batch_frames=100, validation_utterances=0
    )
    clips = {key: hearing(clip) for key, clip in CLIPS.items()}
    resume = ResumeState(place / "resume" / "state.pt", "x", "x")
    rows = Trainer(model, training, 0, [clips], {}, dict.fromkeys(clips, 10), resume).run()
    folder = save_trained(model, place / "model", dims={"audio": DIMS["audio"]})
    return model.eval(), [row["loss"] for row in rows], folder


def hearing(clip):
    return type(clip)(clip.key, clip.text, {"audio": clip.tokens["audio"]})


def test_it_learns_and_decodes_what_it_learnt(trained):
    model, losses, folder = trained
    scales = model.settings.scales
    first, last = (sum(part) / len(scales) for part in (losses[:2], losses[-2:]))
    assert last < 0.3 * first
    again = load_trained(read_model_folder(folder), "cpu")
    clips = [hearing(clip) for clip in CLIPS.values()]
    for scale in scales:
        texts = transcribe(model, clips, scale, DECODING)
        assert texts == [clip.text for clip in clips]
        assert transcribe(again, clips, scale, DECODING) == texts


def test_it_comes_back_from_plain_peft(trained, smollm, tmp_path):
    model, _, folder = trained
    if model.settings.mome:
        pytest.skip("experts are no adapter of PEFT's")
    export(folder, "4", tmp_path / "out")
    plain = AutoModelForCausalLM.from_pretrained(smollm, dtype=torch.float32).eval()
    ids = model.tokenizer("the door was open", return_tensors="pt").input_ids
    with torch.inference_mode():
        frozen = plain(input_ids=ids).logits
        alone = peft.PeftModel.from_pretrained(plain, tmp_path / "out").eval()
        model.adapter.activate(model.settings.scales[1])
        ours = model.llm(input_ids=ids).logits
        torch.testing.assert_close(alone(input_ids=ids).logits, ours, atol=1e-3, rtol=1e-4)
        merged = alone.merge_and_unload()
        torch.testing.assert_close(merged(input_ids=ids).logits, ours, atol=5e-3, rtol=1e-3)
    assert (ours - frozen).abs().max() > 0.1
