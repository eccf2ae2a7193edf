"""Where the style sheets are."""

from __future__ import annotations

from pathlib import Path


def styles_folder() -> Path:
    """Return the folder of sheets: inside the package of a wheel, beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "styles", package.parent / "styles"):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"No styles folder beside or in {package}: install the program anew.")
