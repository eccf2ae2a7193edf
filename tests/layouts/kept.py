"""Where accepted layouts are kept."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "accepted"


def path_of(name: str, size: tuple[int, int], folder: Path = FOLDER) -> Path:
    """Return the file of a screen at a size."""
    width, height = size
    return folder / f"{width}x{height}" / f"{name}.txt"
