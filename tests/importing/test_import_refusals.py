"""What cannot be imported is named, with what to do, and leaves nothing behind."""

import collections
import os
import shutil

import pytest
import safetensors.torch
import torch
from families import change, change_options, given, refused
from official import Case

from mavsr import cli
from mavsr.errors import InputError
from mavsr.importing.import_checkpoint import import_checkpoint
from mavsr.importing.reading import Given


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"audio_rates": [4]}, r"2 audio projectors, but --audio_rates names 1 rates \(4\)"),
        ({"audio_rates": None}, "2 audio projectors .* give --audio_rates"),
        ({"video_rates": [2, 2]}, r"--video_rates is \[2, 2\]; .* each once"),
        ({"alpha": None}, "does not say by what its LoRAs are scaled; give --alpha"),
        ({"alpha": 0.0}, "--alpha is 0.0; it must be positive"),
        ({"alpha": float("inf")}, "--alpha is inf; it must be positive"),
        ({"rank": 16}, "--rank 16 gives LoRAs of width 4 .* but those of .* have 2"),
    ],
)
def test_wrong_or_missing_options(make, changes, match):
    refused(make("mtsk"), match, **given(**changes))


def test_rates_must_fit_the_widths_of_stacked_projectors(make):
    case = make("stack")
    wrong = Given(video_rates=[2, 4], alpha=4, compression="stack")
    refused(
        case, r"--video_rates 2 4 and stack.* take 80, 160 .* but they take 80, 200", given=wrong
    )
    missing = Given(audio_rates=[4], video_rates=[2, 5], alpha=4)
    refused(case, "--audio_rates is given, but .* has no audio projector", given=missing)


def test_a_ckpt_contradicts_wrong_rates(make):
    case = make("mtsk")
    with pytest.raises(InputError, match=r"was trained with --downsample-ratio-audio \(4, 16\)"):
        case.imported(lightning=True, given=Given(audio_rates=[4, 8]))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("downsample_ratio_audio", "[4, 16]"),
        ("downsample_ratio_audio", [4, None]),
        ("downsample_ratio_video", {"a": 1}),
        ("alpha", "four"),
        ("rank", [32]),
    ],
)
def test_a_ckpt_with_odd_options(make, option, value):
    case = make("mtsk")
    change_options(case, **{option: value})
    refused(case, f"was trained with --{option.replace('_', '-')} .*, which is no number")


def test_numbers_of_a_ckpt_may_be_text(make):
    case = make("mtsk")
    change_options(case, alpha="4", rank="32")
    assert case.imported()


def test_another_llm_of_the_same_shape(make):
    case = make("mtsk")
    weights = safetensors.torch.load_file(case.llm / "model.safetensors")
    weights["model.layers.1.mlp.up_proj.weight"] *= 1.5
    safetensors.torch.save_file(weights, case.llm / "model.safetensors", {"format": "pt"})
    refused(case, r"is not .*: model.layers.1.mlp.up_proj.weight differs by 33.3%")


def test_an_llm_of_another_shape(make, tmp_path):
    case = make("mtsk")
    other = Case("zoo_vsr_avgpool_3b", tmp_path / "other").llm
    with pytest.raises(InputError, match=r"LLM with hidden_size 64, but --llm .* has 96"):
        import_checkpoint(case.write(), str(other), tmp_path / "m", config={}, **given())
    assert not (tmp_path / "m").exists()


def test_an_llm_that_is_not_there(make, tmp_path):
    with pytest.raises(InputError, match="nowhere"):
        import_checkpoint(make("mtsk").write(), "./nowhere", tmp_path / "m", config={}, **given())


def test_half_a_file(make):
    case = make("mtsk")
    path = case.write()
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    case.__dict__["write"] = lambda lightning=False: path
    refused(case, r"model_avg_1.pth cannot be read .* incomplete: fetch it again")


def test_a_flipped_bit(make):
    case = make("mtsk")
    path = case.write()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 16
    path.write_bytes(content)
    case.__dict__["write"] = lambda lightning=False: path
    refused(case, "is damaged: .* has another checksum")


class Code:
    def __reduce__(self):
        return os.system, ("touch ran",)


def test_a_pickle_with_code_is_not_run(make, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    case = make("mtsk")
    change(case, lambda state: state.update(extra=Code()))
    refused(case, r"names (os|posix)\.system, which loading it would run")
    assert not (tmp_path / "ran").exists()


def test_what_is_left_over_or_missing_is_named(make):
    case = make("omni")
    change(case, lambda state: state.update({"llm.score.weight": torch.zeros(2)}))
    refused(case, "1 entries that belong to no part of a known model, such as llm.score.weight")
    name = "llm.model.layers.1.self_attn.lora_up_V.video.weight"
    change(case, lambda state: (state.pop("llm.score.weight"), state.pop(name)))
    refused(case, "lacks vsr LoRAs of queries and values in every layer")


def test_a_prompt_of_other_words(make):
    case = make("omni")
    change(case, lambda state: state["prompt_video"].add_(0.1))
    refused(case, "its prompt for vsr is not that of the public code")


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ({"model": {"x": torch.zeros(1)}, "cfg": {}}, "no audio_proj.* another kind; give a model"),
        ([torch.zeros(1)], "holds a list, no state dict"),
        ({"state_dict": {"net.x": torch.zeros(1)}}, "state_dict has 'net.x'"),
    ],
)
def test_a_checkpoint_of_another_kind(make, content, match):
    case = make("mtsk")
    case.folder.mkdir()
    path = case.folder / "model_avg_1.pth"
    torch.save(content, path)
    case.__dict__["write"] = lambda lightning=False: path
    refused(case, match)


@pytest.mark.parametrize(
    ("name", "edit", "match"),
    [
        ("audio_proj.0.0.weight", lambda t: t * float("nan"), "audio_proj.0.weight .* not finite"),
        ("llm.model.layers.1.self_attn.lora_up_Q.weight", lambda t: t / 0, "LoRA.* not finite"),
        ("audio_proj.0.0.weight", lambda t: t.int(), "no plain floating-point numbers"),
        ("audio_proj.0.0.weight", lambda t: t.to_sparse(), "no plain floating-point numbers"),
    ],
)
def test_numbers_that_are_none_are_refused(make, name, edit, match):
    case = make("mtsk")
    change(case, lambda state: state.__setitem__(name, edit(state[name])))
    refused(case, match)


def test_too_little_disk(make, monkeypatch):
    usage = collections.namedtuple("usage", "total used free")(10**9, 10**9 - 5, 5)
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage)
    refused(make("encoders"), r"take 0\.\d GB, and the disk of .* has 0.0 GB of free space")


def test_a_failure_at_the_end_leaves_nothing(make, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mavsr.importing.import_checkpoint.write_run", full)
    case = make("encoders")
    with pytest.raises(OSError, match="No space left"):
        case.imported()
    assert not [path for path in (case.folder / "results").rglob("*") if path.is_file()]


def test_a_folder_that_is_there_is_kept(make):
    case = make("mtsk")
    [folder] = case.imported()
    before = (folder / "run.json").read_bytes()
    with pytest.raises(InputError, match="is there already"):
        case.imported()
    assert (folder / "run.json").read_bytes() == before


def test_a_whisper_of_another_size(make):
    case = make("encoders")
    case.case["audio"]["whisper"]["encoder_layers"] = 3
    refused(case, "its audio encoder cannot be used; see --whisper")


def test_the_command(make, capsys, monkeypatch):
    case = make("mtsk")
    monkeypatch.chdir(case.folder.parent)
    words = ["import", str(case.write()), "--llm", str(case.llm), "--output", "results/training/m"]
    words += ["--audio_rates", "4", "16", "--video-rates", "2", "5", "--alpha", "4"]
    cli.main(words)
    assert capsys.readouterr().out == (
        "results/training/m: Llama-MTSK, avgpool, numerics authors\n"
    )
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == 2
    assert "error: results/training/m is there already" in capsys.readouterr().err
