"""How the tests are run."""

from __future__ import annotations

import os

import pytest


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return how many work at once: terminals are mostly waited for, so twice as many as cores."""
    return 2 * (os.cpu_count() or 1)
