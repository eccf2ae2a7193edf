"""How the tests are run."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

# No test is about time: a busy machine may take long. A run for others finds what it always finds.
settings.register_profile("ours", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("ours")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return how many work at once: terminals are mostly waited for, so twice as many as cores."""
    return 2 * (os.cpu_count() or 1)
