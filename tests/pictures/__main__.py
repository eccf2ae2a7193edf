"""Draw README's pictures again: `python -m tests.pictures`, or only those named.

They are taken from the program itself on the embedded Ollama, so they show what there is.
"""

from __future__ import annotations

import asyncio
import sys

from tests.pictures.scenes import FOLDER, NAMES, draw


async def main(names: list[str]) -> int:
    """Draw all pictures, or those named."""
    if unknown := sorted(set(names) - set(NAMES)):
        print(f"No picture {', '.join(unknown)}; there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in names or NAMES:
        path = FOLDER / f"{name}.svg"
        path.write_text(await draw(name), encoding="utf-8")
        print(f"{path.name} {path.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
