"""A damaged state of training is given up: the run ends in the same bytes, only later."""

import torch
from damages import Row
from fault_table import check_row

from mavsr.evaluation.resume import Resume
from mavsr.training.state import Progress, ResumeState


def test_a_damaged_state_is_given_up(tmp_path):
    parameters = [torch.nn.Parameter(torch.arange(4_000, dtype=torch.float32))]
    optimizer = torch.optim.AdamW(parameters)
    state = ResumeState(tmp_path / "resume" / "state.pt", "same", "code")
    state.save(parameters, optimizer, Progress(step=3, steps=9, code=[{"digest": "code"}]))

    def resume() -> tuple[int, float]:
        """Step and weights of a run that goes on, which ends like one that never stopped."""
        fresh = [torch.nn.Parameter(torch.zeros(4_000))]
        progress = state.load(fresh, torch.optim.AdamW(fresh), 9)
        sound = (0, 0.0), (3, float(parameters[0].detach().sum()))
        assert (progress.step, float(fresh[0].detach().sum())) in sound
        return 0, 0.0  # a fresh start and a whole state give the same final bytes

    check_row(Row("state of a training run", "training", state.path, resume))


def test_damaged_batches_of_a_decoding_job_are_decoded_again(tmp_path):
    path = tmp_path / "a4_v2.resume"
    batches = [
        [{"key": f"clip{n}", "reference": "red one", "hypothesis": f"heard {n}"}] for n in range(60)
    ]
    first = Resume(path, "same", "code")
    for batch in batches:
        first.add(batch, 0.5, 3)
    right = {line["key"]: line for batch in batches for line in batch}

    def resume() -> int:
        """What is taken from before; the rest is decoded, which gives the same lines."""
        taken = Resume(path, "same", "code").lines
        assert all(right.get(key) == line for key, line in taken.items())
        return 0

    check_row(Row("finished batches of decoding (JSON lines)", "decoding", path, resume))
