"""Jobs over a real LLM share the cores of a machine; those of the toy LLM keep to one."""

from types import SimpleNamespace

import pytest

from mavsr.config.read import DEFAULT, merged, parse_config, plain, read_config
from mavsr.workflow import threads
from mavsr.workflow.asked import Asked
from mavsr.workflow.threads import MOST, llm_threads

ENTRY = {"task": "asr", "rates": {"audio": [4, 8]}}


def asked(llm, methods):
    config = plain(read_config([DEFAULT.parent / "workflow" / "configs" / "smoke.yaml"]))
    change = {
        "llms": {"toy-llama": {"path": llm}},
        "use_experiments": ["table3"],
        "experiments": {"table3": [{"methods": methods, **ENTRY}]},
    }
    return Asked(parse_config(merged(config, change)))


@pytest.fixture(autouse=True)
def no_gpu(monkeypatch):
    monkeypatch.setattr(threads, "has_gpu", lambda: False)


@pytest.mark.parametrize(
    ("methods", "cores", "expected"),
    [
        (["mtsk-ms"], 2, 2),
        (["mtsk-ms"], None, 1),
        (["mtsk-ms"], 64, MOST),
        (["mtsk-ms", "llama-avsr"], 2, 1),  # three models
        (["mtsk-ms", "llama-avsr"], 16, 5),
    ],
)
def test_models_share_the_cores(methods, cores, expected):
    over = asked("some/llm", methods)
    workflow = SimpleNamespace(resource_settings=SimpleNamespace(cores=cores))
    told = {llm_threads(over, workflow)({"model": name}) for name in over.models}
    assert told == {expected}


def test_a_toy_or_a_gpu_leaves_them_to_others(monkeypatch):
    workflow = SimpleNamespace(resource_settings=SimpleNamespace(cores=16))
    toy, real = asked("results/toy/portrait/llama", ["mtsk-ms"]), asked("some/llm", ["mtsk-ms"])
    (name,) = toy.models
    assert llm_threads(toy, workflow)({"model": name}) == 1
    monkeypatch.setattr(threads, "has_gpu", lambda: True)
    (name,) = real.models
    assert llm_threads(real, workflow)({"model": name}) == 1
