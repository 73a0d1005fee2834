"""Where tests find data from elsewhere that is not part of the project."""

import os
from pathlib import Path

import pytest

BESIDE_THE_PROJECT = Path(__file__).parents[2].parent / "shared" / "data"


def sample(path: str) -> Path:
    """Name a file of sample data, or skip the test with the reason."""
    root = Path(os.environ.get("PARTNER_CENTER_SAMPLES", BESIDE_THE_PROJECT))
    if not (root / path).exists():
        pytest.skip(f"no sample data: {path} (set PARTNER_CENTER_SAMPLES to the folder that holds it)")
    return root / path
