"""Training and decoding that were stopped go on; what is of another run is not taken over."""

import itertools
import json

import pytest
from chain import TEST
from safetensors.torch import load_file, save_file
from tiny import save_llm

from mavsr.corpus.manifest import read_manifest, write_manifest
from mavsr.evaluation import decode as decode_module
from mavsr.evaluation.resume import Resume
from mavsr.evaluation.transcribe import recognise
from mavsr.training.trainer import Trainer
from mavsr.workflow.code import code_digest


def test_an_interrupted_run_ends_like_an_undisturbed_one(run_train, monkeypatch, tmp_path):
    undisturbed = run_train("undisturbed")
    step = Trainer._step

    def stopping(self, *arguments):
        step(self, *arguments)
        if self.progress.step == 2:
            self._request_stop()

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_step", stopping)
        with pytest.raises(SystemExit) as stopped:
            run_train("interrupted")
    assert stopped.value.code == 143
    folder = tmp_path / "training" / "interrupted"
    assert sorted(path.name for path in folder.iterdir()) == ["metrics.csv", "resume"]
    # An update of the code, and what the message says that came when memory did not suffice.
    monkeypatch.setattr("mavsr.training.train.code_digest", lambda module: f"new {module}")
    run_train("interrupted", gradient_checkpointing=True)
    code = json.loads((folder / "run.json").read_text())["code"]
    assert [each["from_step"] for each in code] == [0, 2]
    assert code[1]["digest"] == "new mavsr.training.train"
    assert not (folder / "resume").exists()
    for path in undisturbed.rglob("*.safetensors"):
        assert path.read_bytes() == (folder / path.relative_to(undisturbed)).read_bytes()
    assert (undisturbed / "metrics.csv").read_bytes() == (folder / "metrics.csv").read_bytes()


def test_a_state_of_another_llm_is_not_resumed(run_train, monkeypatch, settings_of, tmp_path):
    step = Trainer._step

    def stopping(self, *arguments):
        step(self, *arguments)
        self._request_stop()

    llm = save_llm(tmp_path / "llm")
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_step", stopping)
        with pytest.raises(SystemExit):
            run_train("resumed", llm=str(llm))
    weights = load_file(llm / "model.safetensors")
    other = {name: weight * 1.5 for name, weight in weights.items()}
    save_file(other, llm / "model.safetensors", {"format": "pt"})
    resumed = run_train("resumed", llm=str(llm))
    fresh = run_train("fresh", llm=str(llm))
    name = "projectors.safetensors"
    assert (resumed / name).read_bytes() == (fresh / name).read_bytes()


def test_an_interrupted_decoding_goes_on_where_it_stopped(model, run_decode, monkeypatch):
    content = run_decode(model, "a2_v1", batch=1).read_bytes()
    path = run_decode(model, "a2_v1", batch=1)
    path.unlink()
    done = []

    def failing(network, utterances, *rest):
        if len(done) == 3:
            raise KeyboardInterrupt
        done.extend(utterances)
        return recognise(network, utterances, *rest)

    slow = itertools.count(0, 50)
    with monkeypatch.context() as patch:
        patch.setattr(decode_module, "recognise", failing)
        patch.setattr(decode_module.time, "monotonic", lambda: float(next(slow)))
        with pytest.raises(SystemExit, match="130"):
            run_decode(model, "a2_v1", batch=1)
    assert not path.exists()
    left = path.with_suffix(".resume")
    with left.open("a") as file:
        file.write('{"lines": [{"key": "test4", "refer')
    rest, clock = [], itertools.count(100)

    def counting(network, utterances, *others):
        rest.extend(utterances)
        return recognise(network, utterances, *others)

    with monkeypatch.context() as patch:
        patch.setattr(decode_module, "recognise", counting)
        patch.setattr(decode_module, "code_digest", lambda module: "new")
        patch.setattr(decode_module.time, "monotonic", lambda: float(next(clock)))
        assert run_decode(model, "a2_v1", batch=1).read_bytes() == content
    assert len(rest) == len(TEST) - 3
    sidecar = json.loads(path.with_suffix(".json").read_text())
    assert sidecar["seconds"] == pytest.approx(3 * 50 + 2)
    assert sidecar["code"] == [
        {"digest": code_digest("mavsr.evaluation.decode"), "from_utterance": 0},
        {"digest": "new", "from_utterance": 3},
    ]
    assert not left.exists()


def test_what_another_model_said_is_not_taken_over(model, run_decode):
    path = run_decode(model, "a2_v1")
    line = {"key": "test0", "reference": "x", "hypothesis": "nonsense"}
    resume = Resume(path.with_suffix(".resume"), "of another model", "code")
    resume.add([line], 1.0, 3)
    assert "nonsense" not in run_decode(model, "a2_v1").read_text()


def test_a_corrected_transcript_is_not_taken_from_before(model, run_decode, data, monkeypatch):

    def failing(network, utterances, *rest):
        if utterances[0].key == "test4":
            raise KeyboardInterrupt
        return recognise(network, utterances, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(decode_module, "recognise", failing)
        with pytest.raises(SystemExit, match="130"):
            run_decode(model, "a2_v1", batch=1)
    table = read_manifest(data.test_manifest)
    table.loc[table.key == "test0", "text"] = "corrected"
    write_manifest(data.test_manifest, table)
    assert '"reference": "corrected"' in run_decode(model, "a2_v1", batch=1).read_text()
