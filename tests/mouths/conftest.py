from pathlib import Path

import numpy as np
import pytest

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(scope="session")
def worked_case() -> dict[str, np.ndarray]:
    with np.load(DATA / "portrait_mouths.npz") as content:
        return dict(content)
