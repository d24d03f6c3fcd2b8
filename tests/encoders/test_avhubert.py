import argparse
import hashlib
import json
import runpy
from pathlib import Path

import numpy as np
import pytest
import torch

from mavsr.encoders import EncoderSettings, avhubert, load_encoder
from mavsr.encoders.avhubert import AVHubertConfig, AVHubertEncoder, save_checkpoint
from mavsr.errors import InputError

DATA = Path(__file__).parents[1] / "data"
CASE = json.loads((DATA / "avhubert_tiny.json").read_text())
SMALL = AVHubertConfig(
    layers=2, dim=32, ffn_dim=48, heads=4, conv_pos=8, conv_pos_groups=4, resnet_width=4
)

ENDLESS = torch.ones(1).expand(10**9, 1, 5, 7, 7)


@pytest.fixture(scope="module")
def weights():
    seeded = runpy.run_path(str(DATA / "avhubert_weights.py"))["seeded_state_dict"]
    return seeded(CASE["state_dict_shapes"], CASE["seed"])


@pytest.fixture(scope="module")
def published(weights, tmp_path_factory):
    path = tmp_path_factory.mktemp("avhubert") / "tiny.pt"
    torch.save({"args": None, "cfg": {"model": CASE["config"]}, "model": weights}, path)
    return path


def video():
    generator = torch.Generator().manual_seed(CASE["video_seed"])
    return torch.randn(CASE["video_shape"], generator=generator)


def small_video(frames=6):
    return torch.randn(1, 1, frames, 88, 88, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def small(tmp_path):
    torch.manual_seed(0)
    path = tmp_path / "small.pt"
    encoder = AVHubertEncoder(SMALL)
    save_checkpoint(path, encoder.public_state_dict(), SMALL)
    return path, encoder.eval()


def resave(path, change):
    content = torch.load(path, weights_only=True)
    change(content)
    torch.save(content, path)
    return path


def test_features_are_those_of_the_published_model(published):
    expected = np.load(DATA / "avhubert_tiny.npz")
    encoder = AVHubertEncoder.from_checkpoint(published)
    short = video()[:1, :, : CASE["short_frames"]]
    with torch.no_grad():
        np.testing.assert_allclose(encoder(video()), expected["features"], atol=1e-5)
        np.testing.assert_allclose(encoder(short), expected["features_short"], atol=1e-5)


def test_the_loaded_encoder_is_frozen_and_in_eval_mode(published):
    encoder = AVHubertEncoder.from_checkpoint(str(published))
    assert not any(module.training for module in encoder.modules())
    assert not any(weight.requires_grad for weight in encoder.parameters())
    assert encoder.config.dim == encoder.dim == 64
    assert (encoder.config.layers, encoder.config.heads, encoder.config.resnet_width) == (3, 4, 64)


def test_settings_may_be_an_argparse_namespace(published, tmp_path, weights):
    path = tmp_path / "old.pt"
    torch.save({"args": argparse.Namespace(**CASE["config"]), "model": weights}, path)
    expected = AVHubertEncoder.from_checkpoint(published)
    actual = AVHubertEncoder.from_checkpoint(path)
    assert actual.config == expected.config
    torch.testing.assert_close(actual.encode([video()[0]]), expected.encode([video()[0]]))


def test_frontend_and_transform_make_up_forward(small):
    _, encoder = small
    with torch.no_grad():
        assert encoder.resnet(small_video()).shape == (1, 6, 32)
        frontend = encoder.frontend(small_video())
        torch.testing.assert_close(encoder.transform(frontend), encoder(small_video()))


def test_every_weight_but_the_unused_running_counts_matters(small):
    _, encoder = small
    encoder(small_video()).square().sum().backward()
    assert [name for name, weight in encoder.named_parameters() if weight.grad is None] == []


def test_the_first_convolution_is_the_published_conv3d(small):
    _, encoder = small
    conv = encoder.feature_extractor_video["resnet"].frontend3D[0]
    with torch.no_grad():
        expected = torch.nn.functional.conv3d(
            small_video(), conv.weight, stride=(1, 2, 2), padding=(2, 3, 3)
        )
        padded = torch.nn.functional.pad(small_video()[:, 0], (0, 0, 0, 0, 2, 2))
        windows = padded.unfold(1, 5, 1).flatten(0, 1)
        torch.testing.assert_close(conv(windows), expected[0].transpose(0, 1), atol=1e-5, rtol=1e-5)


def test_video_of_another_layout_is_refused(small):
    with pytest.raises(ValueError, match=r"\(1, 6, 1, 88, 88\)"):
        small[1](small_video().transpose(1, 2))


def test_saving_and_loading_gives_the_same_encoder(small):
    path, encoder = small
    loaded = load_encoder(EncoderSettings("avhubert", str(path)))
    assert loaded.config == SMALL
    assert (loaded.modality, loaded.rate_hz, loaded.dim) == ("video", 25, 32)
    assert loaded.fingerprint == hashlib.sha256(path.read_bytes()).hexdigest()
    with torch.no_grad():
        torch.testing.assert_close(
            loaded.encode([small_video()[0]])[0], encoder(small_video())[0], atol=0, rtol=0
        )


def test_saved_files_have_the_public_names_and_stable_bytes(small, tmp_path):
    path, encoder = small
    again = tmp_path / "elsewhere" / "another_name.pt"
    save_checkpoint(again, encoder.public_state_dict(), SMALL)
    assert again.read_bytes() == path.read_bytes()
    names = set(torch.load(path, weights_only=True)["model"])
    published = {
        name
        for name in CASE["state_dict_shapes"]
        if not name.startswith(("final_proj", "encoder.layers.2."))
    }
    assert names == published


def test_an_encoder_without_file_has_no_fingerprint():
    with pytest.raises(ValueError, match="weight file"):
        _ = AVHubertEncoder(SMALL).fingerprint


@pytest.mark.parametrize("lengths", [[6, 3], [1, 9, 4], [5, 5], [40, 2]])
def test_clips_of_a_batch_do_not_change_each_other(small, lengths, monkeypatch):
    encoder = small[1]
    monkeypatch.setitem(avhubert.AT_ONCE, "cpu", 7 * 4 * 5 * 88 * 88)
    assert encoder._pictures_at_once() == 7
    clips = [small_video(frames)[0] for frames in lengths]
    together = encoder.encode(clips)
    assert [len(tokens) for tokens in together] == lengths
    for clip, tokens in zip(clips, together, strict=True):
        torch.testing.assert_close(tokens, encoder.encode([clip])[0], atol=1e-5, rtol=1e-5)
        with torch.no_grad():
            torch.testing.assert_close(tokens, encoder(clip[None])[0], atol=1e-5, rtol=1e-5)


def test_a_clip_without_pictures_is_refused(small):
    with pytest.raises(InputError, match="0 frames"):
        small[1].encode([small_video(3)[0], torch.zeros(1, 0, 88, 88)])


def test_the_length_of_a_clip_is_its_own(small):
    assert small[1].seconds(small_video(50)[0]) == 2.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.pop("model"), "'model'"),
        (lambda c: c.update(cfg=None), "encoder_attention_heads"),
        (lambda c: c["cfg"]["model"].update(layer_norm_first=False), "layer_norm_first is False"),
        (lambda c: c["cfg"]["model"].update(resnet_relu_type="relu"), "resnet_relu_type"),
        (lambda c: c["cfg"]["model"].update(activation_fn="relu"), "activation_fn is 'relu'"),
        (lambda c: c["cfg"]["model"].update(encoder_attention_heads=5), "heads is 5"),
        (
            lambda c: c["cfg"]["model"].update(encoder_attention_heads="x"),
            "is 'x', which is no num",
        ),
        (lambda c: c["cfg"]["model"].update(dropout=None), "dropout is None, which is no number"),
        (lambda c: c["model"].update({3: torch.ones(1)}), "3 in 'model' is not a tensor"),
        (
            lambda c: c["model"].update({"layer_norm.weight": torch.ones(64).bool()}),
            r"layer_norm.weight' as torch\.bool",
        ),
        (
            lambda c: c["model"].update(
                {"feature_extractor_video.resnet.frontend3D.0.weight": ENDLESS}
            ),
            "impossible sizes",
        ),
        (lambda c: c["model"].pop("encoder.layers.1.fc1.bias"), "encoder.layers.1.fc1.bias"),
        (lambda c: c["model"].pop("encoder.pos_conv.0.weight_v"), "encoder.pos_conv.0.weight_v"),
        (
            lambda c: c["model"].update({"layer_norm.weight": torch.ones(32)}),
            r"layer_norm.weight.*\(32,\).*\(64,\)",
        ),
        (
            lambda c: c["model"].update(
                {"encoder.layers.0.self_attn.lora_down_Q.weight": torch.ones(2)}
            ),
            "lora_down_Q",
        ),
        (
            lambda c: c.update(
                model={f"encoder.w2v_model.{key}": value for key, value in c["model"].items()}
            ),
            "fine-tuned",
        ),
    ],
)
def test_wrong_layouts_are_named_with_the_file(small, change, message):
    path = resave(small[0], change)
    with pytest.raises(InputError, match=message) as error:
        AVHubertEncoder.from_checkpoint(path)
    if "heads is" not in message:
        assert str(path) in str(error.value)


@pytest.mark.parametrize(
    "wrong", [{"dim": 0}, {"heads": 5}, {"conv_pos_groups": 3}, {"dropout": 1.0}]
)
def test_impossible_sizes_are_refused(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        AVHubertConfig(**{"dim": 32, "heads": 4, "conv_pos_groups": 4, **wrong})
