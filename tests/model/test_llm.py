"""An LLM's folder is data: whole, or refused by name, and none of its code is run."""

import json
import pickle
import shutil
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny import DIMS, scramble
from transformers import LlamaForCausalLM

from mavsr.checkpoints import ENCODER, identity, identity_files
from mavsr.errors import InputError
from mavsr.evaluation.settings import DecodingSettings
from mavsr.evaluation.transcribe import transcribe
from mavsr.model.avsr import MatryoshkaModel
from mavsr.model.llm import load_llm, weights_digest, written_config

CODE = """
from pathlib import Path
Path({marker!r}).touch()
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
class MyConfig(LlamaConfig):
    model_type = {kind!r}
class MyModel(LlamaForCausalLM):
    config_class = MyConfig
class MyTokenizer(PreTrainedTokenizerFast):
    pass
"""


@pytest.fixture
def folder(llm_folder, tmp_path):
    return shutil.copytree(llm_folder, tmp_path / "llm")


def change(path, **keys):
    path.write_text(json.dumps({**json.loads(path.read_text()), **keys}))


def bring_code(folder, marker, kind):
    """Let config and tokenizer name Python code in the folder, which leaves a marker when run."""
    (folder / "own.py").write_text(CODE.format(marker=str(marker), kind=kind))
    names = {"AutoConfig": "own.MyConfig", "AutoModelForCausalLM": "own.MyModel"}
    change(folder / "config.json", model_type=kind, auto_map=names)
    tokenizer = {"auto_map": {"AutoTokenizer": ["own.MyTokenizer", "own.MyTokenizer"]}}
    change(folder / "tokenizer_config.json", tokenizer_class="MyTokenizer", **tokenizer)


@pytest.mark.parametrize("kind", ["llama", "mine"])
def test_code_in_the_folder_is_never_run(folder, tmp_path, monkeypatch, kind):
    marker = tmp_path / "marker"
    bring_code(folder, marker, kind)
    monkeypatch.setattr(sys, "stdin", open("/dev/zero"))  # noqa: SIM115, PTH123 (nobody may ask)
    for load in (load_llm, written_config):
        try:
            load(str(folder))
        except InputError as error:
            assert "cannot be loaded" in str(error)
    assert not marker.exists()


def test_code_that_would_be_needed_is_named(folder, tmp_path):
    bring_code(folder, tmp_path / "marker", "mine")
    with pytest.raises(InputError, match=r"brings code of its own \(auto_map in .*never run here"):
        load_llm(str(folder))
    with pytest.raises(InputError, match=r"brings code of its own"):
        written_config(str(folder))


@pytest.mark.parametrize(
    "keys",
    [
        {"attn_implementation": "kernels-community/flash-attn2"},
        {"_attn_implementation": {"": "someone/kernel:attention"}},
        {"text_config": {"experts_implementation": "someone/experts@main"}},
        {"kernel_config": {"kernel_mapping": {"RMSNorm": "someone/kernel:Norm"}}},
    ],
)
def test_kernels_of_a_hub_are_refused(folder, keys):
    change(folder / "config.json", **keys)
    with pytest.raises(InputError, match=r"asks for kernels of a hub .*config.json.*never run"):
        load_llm(str(folder))


class Harmful:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return open, (str(self.marker), "w")


def as_pickle(folder, content):
    (folder / "model.safetensors").unlink()
    torch.save(content, folder / "pytorch_model.bin")
    return folder / "pytorch_model.bin"


def test_pickled_weights_are_read_as_tensors_alone(folder, caplog):
    before = weights_digest(load_llm(str(folder))[0])
    assert not caplog.text
    path = as_pickle(folder, load_file(folder / "model.safetensors"))
    assert weights_digest(load_llm(str(folder))[0]) == before
    assert "the weights are pickled" in caplog.text
    assert path in identity_files(folder)


@pytest.mark.parametrize("protocol", [2, None])
def test_a_pickle_of_more_than_tensors_runs_nothing(folder, tmp_path, protocol):
    weights = load_file(folder / "model.safetensors")
    path = as_pickle(folder, {**weights, "extra": Harmful(tmp_path / "marker")})
    if protocol:
        path.write_bytes(pickle.dumps({"extra": Harmful(tmp_path / "marker")}, protocol))
    with pytest.raises(InputError, match=r"pytorch_model.bin is damaged, or a pickle of more"):
        load_llm(str(folder))
    assert not (tmp_path / "marker").exists()


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def as_pointer(path):
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")


def as_gguf(path):
    path.rename(path.with_name("llama.Q4_K_M.gguf"))


@pytest.mark.parametrize(
    ("name", "spoil", "message"),
    [
        ("model.safetensors", cut, r"model.safetensors has [\d,]+ bytes instead of [\d,]+; fetch"),
        ("model.safetensors", as_pointer, r"model.safetensors is a Git LFS pointer"),
        ("tokenizer.json", as_pointer, r"tokenizer.json is a Git LFS pointer"),
        ("model.safetensors", as_gguf, r"only llama.Q4_K_M.gguf, which is llama.cpp's format"),
        ("tokenizer.json", cut, r"tokenizer.json is cut off or no JSON"),
        ("config.json", cut, r"config.json is cut off or no JSON"),
        ("tokenizer_config.json", lambda path: path.write_text(""), r"config.json is empty"),
        ("model.safetensors", lambda path: path.write_bytes(b"\xff" * 99), r"no header of safe"),
    ],
)
def test_a_file_that_is_not_whole_is_named(folder, name, spoil, message):
    spoil(folder / name)
    with pytest.raises(InputError, match=message) as refused:
        load_llm(str(folder))
    assert f"the LLM '{folder}' cannot be loaded" in str(refused.value)


@pytest.mark.parametrize(
    ("layers", "message"),
    [(3, r"lack model.layers.2.*and 8 more"), (1, r"hold besides model.layers.1.* and 8 more")],
)
def test_a_config_of_other_layers_than_the_weights_have_is_refused(folder, layers, message):
    change(folder / "config.json", num_hidden_layers=layers, layer_types=None)
    with pytest.raises(InputError, match=message):
        load_llm(str(folder))


def test_a_tensor_of_another_shape_is_refused(folder):
    weights = load_file(folder / "model.safetensors")
    weights["model.norm.weight"] = torch.ones(8)
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(InputError, match=rf"the LLM '{folder}' cannot be loaded"):
        load_llm(str(folder))


def test_a_lost_shard_is_named(folder):
    llm = LlamaForCausalLM.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    llm.save_pretrained(folder, max_shard_size="20KB")
    shards = sorted(folder.glob("model-*.safetensors"))
    assert len(shards) > 1 and set(shards) < set(identity_files(folder))
    assert load_llm(str(folder))[0].num_parameters() == llm.num_parameters()
    shards[0].unlink()
    with pytest.raises(InputError, match=f"{shards[0].name} is missing"):
        load_llm(str(folder))


def test_what_decides_a_transcript_is_part_of_an_llms_identity(folder):
    before = identity(folder)
    assert {"config.json", "model.safetensors", "tokenizer.json"} < set(before)
    (folder / "generation_config.json").write_text("{}")
    (folder / "README.md").write_text("a card")
    assert identity(folder) == before
    assert set(identity(folder, ENCODER)) == {"config.json", "model.safetensors"}
    change(folder / "tokenizer_config.json", eos_token="<bos>")
    assert identity(folder) != before


def test_a_single_file_and_a_hub_model_have_an_identity_of_their_own(folder):
    weights = folder / "model.safetensors"
    assert identity_files(weights) == [weights]
    assert identity_files("some-organisation/some-model") == []


def test_the_place_of_an_llm_is_what_the_config_calls_it(folder):
    assert load_llm(str(folder))[0].name_or_path == str(folder)


def test_an_output_head_that_the_config_ties_away_is_refused(folder):
    assert "lm_head.weight" in load_file(folder / "model.safetensors")
    change(folder / "config.json", tie_word_embeddings=True)
    with pytest.raises(InputError, match=r"lm_head.weight.*put back the config.json"):
        load_llm(str(folder))


def test_an_output_head_that_the_config_wants_and_the_weights_lack_is_refused(folder):
    weights = load_file(folder / "model.safetensors")
    del weights["lm_head.weight"]
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(InputError, match=r"lack lm_head.weight.*put back the config.json"):
        load_llm(str(folder))


SPECIAL = {
    "a base model's, BOS is EOS": {"bos_token": "<eos>", "eos_token": "<eos>"},
    "no BOS": {"bos_token": None},
    "no padding, and a chat's EOS": {"eos_token": "<bos>", "bos_token": None},
    "padding is EOS": {"pad_token": "<eos>"},
    "the tokenizer adds both itself": {"add_bos_token": True, "add_eos_token": True},
}


@pytest.mark.parametrize("tokens", SPECIAL.values(), ids=SPECIAL)
def test_special_tokens_of_base_and_chat_tokenizers(folder, settings_of, utterances, tokens):
    change(folder / "tokenizer_config.json", **tokens)
    model = scramble(MatryoshkaModel(settings_of(method="mtsk-ms", llm=str(folder)), DIMS)).eval()
    known, scale = model.tokenizer.get_vocab(), model.settings.scales[0]
    end, begin = known[tokens.get("eos_token", "<eos>")], tokens.get("bos_token", "<bos>")
    text = model.tokenizer(utterances[0].text, add_special_tokens=False)["input_ids"]
    assert model.targets(utterances[0]) == [*text, end]
    assert not {known["<bos>"], known["<eos>"]} & {*text, *model.prompt_ids(scale)}
    opening = model.llm.get_input_embeddings().weight[[known[begin]] if begin else []]
    torch.testing.assert_close(model.opening(), opening, rtol=0, atol=0)
    # Padding takes no token: in a batch of several lengths all is as alone.
    alone = sum(float(model.loss([u], scale)) * len(model.targets(u)) for u in utterances)
    together = float(model.loss(utterances, scale)) * model.count_targets(utterances)
    assert together == pytest.approx(alone, rel=1e-4)
    decoding = DecodingSettings(beams=2, max_new_tokens=4)
    found = transcribe(model, utterances, scale, decoding)
    assert found == [transcribe(model, [u], scale, decoding)[0] for u in utterances]
    assert not [text for text in found if "<" in text]


def test_a_tokenizer_of_more_tokens_than_the_llm_has_is_refused(folder):
    llm = LlamaForCausalLM.from_pretrained(folder)
    llm.resize_token_embeddings(300, mean_resizing=False)
    llm.save_pretrained(folder)
    with pytest.raises(InputError, match=r"the last of its vocabulary is token \d+ .* 300 rows"):
        load_llm(str(folder))
    change(folder / "tokenizer_config.json", eos_token="<|im_end|>")  # a chat's, over a base model
    with pytest.raises(InputError, match=r"EOS is token \d+ of the tokenizer .* 300 rows"):
        load_llm(str(folder))
