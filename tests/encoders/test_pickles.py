import collections
import io
import os
import pickle
import sys
import tarfile
import types

import pytest
import torch

from mavsr.encoders.avhubert import AVHubertEncoder
from mavsr.encoders.pickles import load_untrusted, load_weights
from mavsr.errors import InputError
from mavsr.pickles import Placeholder


class Call:
    """Pickles as a call of any function."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@pytest.fixture
def fairseq():
    """A class of a module that exists only while the file is written."""
    module = types.ModuleType("fairseq_of_the_test")
    module.Dictionary = type("Dictionary", (list,), {"__module__": module.__name__})
    sys.modules[module.__name__] = module
    yield module.Dictionary
    sys.modules.pop(module.__name__, None)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("protocol", [2, 4])
def test_no_code_of_a_checkpoint_runs(tmp_path, zipped, protocol):
    trace = tmp_path / "ran"
    attacks = [
        Call(os.system, f"touch {trace}"),
        Call(eval, f"open({str(trace)!r}, 'w')"),
        Call(os.mkdir, str(trace)),
    ]
    path = tmp_path / "evil.pt"
    torch.save(
        {"model": {"weight": torch.ones(2)}, "task_state": attacks},
        path,
        pickle_protocol=protocol,
        _use_new_zipfile_serialization=zipped,
    )
    content = load_untrusted(path)
    assert not trace.exists()
    assert all(isinstance(item, Placeholder) for item in content["task_state"])
    torch.testing.assert_close(content["model"]["weight"], torch.ones(2))
    with pytest.raises(InputError):
        AVHubertEncoder.from_checkpoint(path)
    assert not trace.exists()


def test_the_same_file_does_run_code_in_an_ordinary_unpickler(tmp_path):
    trace = tmp_path / "ran"
    pickle.loads(pickle.dumps(Call(os.system, f"touch {trace}")))
    assert trace.exists()


@pytest.mark.parametrize("zipped", [True, False])
def test_tensors_and_containers_survive_foreign_objects(tmp_path, fairseq, zipped):
    dictionary = fairseq(["a", "b"])
    dictionary.symbols = {"a": 1}
    content = {
        "model": collections.OrderedDict(
            whole=torch.arange(6.0).view(2, 3),
            view=torch.arange(6.0).view(2, 3).t(),
            half=torch.ones(2, dtype=torch.float16),
            count=torch.tensor(3),
            parameter=torch.nn.Parameter(torch.ones(1)),
        ),
        "task_state": {"dictionaries": [dictionary]},
        "numbers": (1, 2.5, True, None, {1, 2}, b"bytes"),
    }
    path = tmp_path / "fairseq.pt"
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    sys.modules.pop("fairseq_of_the_test")
    loaded = load_untrusted(path)
    assert loaded["numbers"] == content["numbers"]
    assert isinstance(loaded["task_state"]["dictionaries"][0], Placeholder)
    assert list(loaded["model"]) == list(content["model"])
    for name, tensor in content["model"].items():
        torch.testing.assert_close(loaded["model"][name], tensor.data, atol=0, rtol=0)


def test_missing_and_damaged_files_are_named(tmp_path):
    whole = io.BytesIO()
    torch.save({"model": torch.ones(1000)}, whole)
    cases = {
        "missing.pt": None,
        "empty.pt": b"",
        "text.pt": b"<html>Not found</html>",
        "cut.pt": whole.getvalue()[:1500],
        "gzip.pt": b"\x1f\x8b" + bytes(100),
        "lfs.pt": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n",
    }
    for name, content in cases.items():
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(InputError, match=name):
            load_untrusted(path)
        with pytest.raises(InputError, match=name) as refused:
            load_weights(path)
        assert "will likely succeed" not in str(refused.value), "advice to run what is in the file"
        assert name != "lfs.pt" or "is a Git LFS pointer" in str(refused.value)
    with pytest.raises(InputError, match="is a folder"):
        load_weights(tmp_path)


def test_a_flipped_bit_in_the_weights_is_noticed(tmp_path):
    path = tmp_path / "flipped.pt"
    torch.save({"model": torch.ones(1000)}, path)
    content = bytearray(path.read_bytes())
    content[content.index(torch.ones(4).numpy().tobytes()) + 400] ^= 1
    path.write_bytes(content)
    assert not torch.load(path)["model"].equal(torch.ones(1000)), "torch reads it as it is"
    with pytest.raises(InputError, match=r"flipped\.pt is damaged: .*data/0 .*fetch it again"):
        load_untrusted(path)


def test_programs_and_tar_files_are_refused(tmp_path):
    program = tmp_path / "program.pt"
    torch.jit.trace(torch.nn.Linear(1, 1), torch.ones(1)).save(program)
    with pytest.raises(InputError, match="TorchScript"):
        load_untrusted(program)
    tar = tmp_path / "weights.pt"
    with tarfile.open(tar, "w") as archive:
        archive.add(program, "storages")
    with pytest.raises(InputError, match="tar file"):
        load_untrusted(tar)


def test_modules_of_the_old_format_are_refused(tmp_path):
    path = tmp_path / "module.pt"
    torch.save({"model": torch.nn.Linear(1, 1)}, path, _use_new_zipfile_serialization=False)
    with pytest.raises(InputError, match="other than tensor data"):
        load_untrusted(path)
