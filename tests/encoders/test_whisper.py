import json
import shutil
from types import SimpleNamespace

import huggingface_hub
import numpy as np
import pytest
import torch
from huggingface_hub.errors import GatedRepoError
from transformers import WhisperFeatureExtractor, WhisperModel

from mavsr.checkpoints import ENCODER, identity_files
from mavsr.encoders import EncoderSettings, load_encoder
from mavsr.encoders.whisper import WhisperEncoder, kept_tokens
from mavsr.errors import InputError

SECONDS = 2  # of the fixture's chunk


def sound(samples, seed=0):
    return torch.from_numpy(
        np.random.default_rng(seed).normal(0.02, 0.05, samples).astype(np.float32)
    )


@pytest.fixture
def copy(folder, tmp_path):
    return shutil.copytree(folder, tmp_path / "copy")


def test_tokens_are_those_of_the_whole_model_on_the_normalised_waveform(folder, encoder):
    clip = sound(24_000).double()
    normalised = ((clip - clip.mean()) / clip.std(correction=0)).float().numpy()
    extractor = WhisperFeatureExtractor.from_pretrained(folder)
    mel = extractor(normalised, sampling_rate=16_000, return_tensors="pt").input_features
    with torch.no_grad():
        expected = WhisperModel.from_pretrained(folder).eval().encoder(mel).last_hidden_state
    tokens = encoder.encode([sound(24_000)])[0]
    assert tokens.shape == (75, 32)
    torch.testing.assert_close(tokens, expected[0, :75], atol=1e-4, rtol=1e-4)


def test_level_and_offset_of_a_clip_do_not_matter(encoder):
    torch.testing.assert_close(
        encoder(3 * sound(16_000) + 0.1), encoder(sound(16_000)), atol=1e-3, rtol=1e-3
    )


@pytest.mark.parametrize(
    ("samples", "tokens"),
    [(1, 25), (8_000, 25), (8_320, 26), (16_000, 50), (16_319, 50), (29 * 640, 57), (32_000, 100)],
)
def test_number_of_tokens(encoder, samples, tokens):
    assert kept_tokens(samples) == tokens
    assert encoder(sound(samples)).shape == (tokens, 32)


def test_a_batch_gives_what_each_clip_gives_alone(encoder):
    clips = [sound(32_000, 1), sound(5_000, 2), sound(17_000, 3)]
    for together, clip in zip(encoder.encode(clips), clips, strict=True):
        torch.testing.assert_close(together, encoder(clip), atol=1e-5, rtol=1e-5)


def test_only_the_frozen_encoder_is_kept(encoder):
    assert not any("decoder" in name for name, _ in encoder.named_parameters())
    assert not any(weight.requires_grad for weight in encoder.parameters())
    assert not any(module.training for module in encoder.modules())


def test_empty_and_long_clips_are_refused(encoder):
    with pytest.raises(InputError, match="no audio"):
        encoder.encode([torch.zeros(0)])
    remedy = r"2\.00 s.*at most 2 s; set features\.long_clips to split or truncate"
    with pytest.raises(InputError, match=remedy):
        encoder.encode([torch.zeros(16_000 * SECONDS + 1)])


def test_interface_and_fingerprint(folder, copy):
    encoder = load_encoder(EncoderSettings("whisper", str(folder)))
    assert (encoder.modality, encoder.rate_hz, encoder.dim) == ("audio", 50, 32)
    assert load_encoder(EncoderSettings("whisper", str(copy))).fingerprint == encoder.fingerprint
    model = WhisperModel.from_pretrained(copy)
    model.encoder.layer_norm.bias.data += 1
    model.save_pretrained(copy)
    assert load_encoder(EncoderSettings("whisper", str(copy))).fingerprint != encoder.fingerprint


def test_weights_that_are_not_loaded_change_no_fingerprint(folder, copy, encoder):
    shutil.copy(copy / "model.safetensors", copy / "model.fp32-00001-of-00001.safetensors")
    assert WhisperEncoder.from_pretrained(copy).fingerprint == encoder.fingerprint
    (copy / "model.safetensors").unlink()
    WhisperModel.from_pretrained(folder).save_pretrained(copy, max_shard_size="50KB")
    shards = sorted(copy.glob("model-*.safetensors"))
    assert len(shards) > 1
    assert WhisperEncoder.from_pretrained(copy).weight_files == tuple(shards)


def test_a_pickle_is_not_read_whatever_lies_beside_it(copy):
    weights = WhisperModel.from_pretrained(copy).state_dict()
    torch.save(weights, copy / "pytorch_model.bin")
    (copy / "model.safetensors").rename(copy / "model.fp32-00001-of-00001.safetensors")
    with pytest.raises(InputError, match="holds its weights as a pickle alone, which is not read"):
        WhisperEncoder.from_pretrained(copy)


def change(path, **values):
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("config.json", {"encoder_attention_heads": 4}),
        ("config.json", {"activation_function": "relu"}),
        ("preprocessor_config.json", {"n_fft": 512}),
    ],
)
def test_settings_that_change_tokens_change_the_fingerprint(folder, copy, name, values):
    before = WhisperEncoder.from_pretrained(folder)
    change(copy / "config.json", transformers_version="0")
    assert WhisperEncoder.from_pretrained(copy).fingerprint == before.fingerprint
    change(copy / name, **values)
    assert WhisperEncoder.from_pretrained(copy).fingerprint != before.fingerprint


def test_extractor_and_network_must_agree(copy):
    settings = {"chunk_length": 3, "n_samples": 48_000, "nb_max_frames": 300}
    change(copy / "preprocessor_config.json", **settings)
    with pytest.raises(InputError, match=r"300 mel frames.*200 frames"):
        WhisperEncoder.from_pretrained(copy)


def test_incomplete_folders_are_named(copy):
    (copy / "preprocessor_config.json").unlink()
    with pytest.raises(InputError, match=r"copy lacks preprocessor_config\.json or processor_co"):
        WhisperEncoder.from_pretrained(copy)


def test_the_extractor_may_stand_in_the_processors_file_alone(copy, encoder):
    extractor = json.loads((copy / "preprocessor_config.json").read_text())
    (copy / "preprocessor_config.json").unlink()
    processor = {"processor_class": "WhisperProcessor", "feature_extractor": extractor}
    (copy / "processor_config.json").write_text(json.dumps(processor))
    ours = WhisperEncoder.from_pretrained(copy)
    torch.testing.assert_close(ours(sound(9_000)), encoder(sound(9_000)), rtol=0, atol=0)
    assert ours.fingerprint == encoder.fingerprint
    assert copy / "processor_config.json" in identity_files(copy, ENCODER)
    processor["feature_extractor"] |= {"n_fft": 512}
    (copy / "processor_config.json").write_text(json.dumps(processor))
    assert WhisperEncoder.from_pretrained(copy).fingerprint != encoder.fingerprint


def test_lacking_weights_are_named_instead_of_random(copy):
    model = WhisperModel.from_pretrained(copy)
    weights = model.state_dict()
    del weights["encoder.conv1.weight"]
    model.save_pretrained(copy, state_dict=weights)
    with pytest.raises(InputError, match=r"encoder\.conv1\.weight"):
        WhisperEncoder.from_pretrained(copy)


@pytest.mark.parametrize(
    ("name", "content", "trouble"),
    [
        (
            "model.safetensors",
            b"version https://git-lfs.github.com/spec/v1\nsize 123\n",
            r"copy' cannot be loaded: .*model.safetensors is a Git LFS pointer",
        ),
        ("model.safetensors", b"", r"model.safetensors is empty; fetch the file again"),
        ("config.json", b"{", r"copy/config.json is cut off"),
        (
            "config.json",
            b'{"model_type": "whisper", "encoder_attention_heads": 0}',
            r"copy cannot be loaded .*fetch it again",
        ),
        ("preprocessor_config.json", b"[]", r"copy cannot be loaded .*fetch it again"),
    ],
)
def test_damaged_files_name_the_folder_and_the_remedy(copy, name, content, trouble):
    (copy / name).write_bytes(content)
    with pytest.raises(InputError, match=trouble):
        WhisperEncoder.from_pretrained(copy)


def test_half_of_the_weights_is_named(copy):
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(InputError, match=r"model.safetensors has [\d,]+ bytes instead of [\d,]+"):
        WhisperEncoder.from_pretrained(copy)


def test_a_config_with_fewer_layers_than_the_weights_is_refused(copy):
    change(copy / "config.json", encoder_layers=1)
    with pytest.raises(InputError, match=r"superfluous '.*encoder\.layers\.1\."):
        WhisperEncoder.from_pretrained(copy)


def test_missing_models_say_what_to_do(tmp_path, monkeypatch):
    with pytest.raises(InputError, match=f"{tmp_path}/nowhere does not exist"):
        WhisperEncoder.from_pretrained(tmp_path / "nowhere")
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    with pytest.raises(InputError, match=r"some/model.*/some/model.*HF_TOKEN.*HF_HUB_OFFLINE"):
        WhisperEncoder.from_pretrained("some/model", local_files_only=True)


def test_gated_models_name_page_and_token(monkeypatch):
    def refuse(*_, **__):
        raise GatedRepoError("gated", response=SimpleNamespace(headers={}, request=None))

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    with pytest.raises(
        InputError, match=r"gated: accept its terms on .*/some/model.*HF_TOKEN.*HF_HUB_OFFLINE"
    ):
        WhisperEncoder.from_pretrained("some/model")


@pytest.mark.parametrize("trouble", [ValueError("not JSON"), ConnectionError("reset"), Exception()])
def test_whatever_breaks_on_the_way_names_the_model(monkeypatch, trouble):
    def refuse(*_, **__):
        raise trouble

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    with pytest.raises(InputError, match=r"some/model.*HF_HUB_OFFLINE"):
        WhisperEncoder.from_pretrained("some/model")


def test_the_revision_is_asked_for_and_named(monkeypatch):
    def refuse(*_, revision, **__):
        raise OSError(f"asked for {revision}")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    with pytest.raises(InputError, match=r"at revision 'v2'.*asked for v2"):
        WhisperEncoder.from_pretrained("some/model", revision="v2")


@pytest.mark.parametrize("pad", ["zero", ""])
def test_unknown_padding_is_refused(pad):
    with pytest.raises(InputError, match=r"pad is .*choose 'chunk' or 'none'"):
        EncoderSettings("whisper", "x", pad=pad)
    with pytest.raises(InputError, match="leave out pad"):
        EncoderSettings("avhubert", "x", pad="none")


def test_unknown_kinds_are_refused():
    with pytest.raises(InputError, match="'wavlm'"):
        EncoderSettings("wavlm", "somewhere")
