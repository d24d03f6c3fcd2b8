"""Checkpoints of the kept cases, edited, and what is said of a command that refuses them."""

import pytest
import torch
from official import Case

from mavsr.errors import InputError
from mavsr.importing.reading import Given

FAMILIES = {
    "mtsk": "mtsk_avsr",
    "stack": "mtsk_vsr_stack",
    "omni": "omni_st",
    "encoders": "mtsk_avsr_encoders",
    "omni_encoders": "omni_st_encoders",
    "untied": "zoo_asr_stack_untied",
    "mt": "llama_mt",
    "single": "omni_single_projector",
}


def change(case: Case, edit) -> None:
    """Let ``Case.write`` give a file whose state dict was edited."""
    path = case.write()
    state = torch.load(path, weights_only=True)
    edit(state)
    torch.save(state, path)
    case.__dict__["write"] = lambda lightning=False: path


def change_options(case: Case, **options) -> None:
    """Let ``Case.write`` give a ``.ckpt`` with another command line of its training."""
    path = case.write(lightning=True)
    content = torch.load(path, weights_only=True)
    content["hyper_parameters"].update(options)
    torch.save(content, path)
    case.__dict__["write"] = lambda lightning=False: path


def refused(case: Case, match: str, **changes) -> None:
    with pytest.raises(InputError, match=match):
        case.imported(**changes)
    left = [p for p in (case.folder / "results").rglob("*") if p.is_file() or "partial" in p.name]
    assert not left


def given(**changes) -> dict:
    rates = {"audio_rates": [4, 16], "video_rates": [2, 5]}
    return {"given": Given(**{**rates, "alpha": 4, **changes})}
