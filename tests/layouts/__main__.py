"""Compare the layouts of the screens with those accepted: `python -m tests.layouts [SCREEN …]`.

--accept       accept what there is now
--svg FOLDER   draw the screens as pictures, one page for each
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from tests.layouts.kept import FOLDER, path_of
from tests.layouts.screens import SCREENS, taken
from tests.layouts.snapshot import differences, written
from tests.pictures.svg import picture


async def look(
    names: list[str], *, accept: bool = False, svg: Path | None = None, folder: Path = FOLDER
) -> int:
    """Go through the screens; return how many differ from what is accepted."""
    changed = 0
    for name in names:
        for size, screen in (await taken(name)).items():
            path, now = path_of(name, size, folder), written(screen)
            kept = path.read_text(encoding="utf-8") if path.exists() else ""
            if svg is not None:
                title = f"{name} {size[0]}x{size[1]}"
                target = svg / f"{size[0]}x{size[1]}" / f"{name}.svg"
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(picture(screen, title=title), encoding="utf-8")
            if kept == now:
                continue
            changed += 1
            print(f"{path.relative_to(folder)} {'is new' if not kept else 'differs'}")
            if kept and not accept:
                print("\n".join(differences(kept, now)))
            if accept:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(now, encoding="utf-8")
    return changed


def remove_others() -> None:
    """Remove what was accepted of screens that are not looked at any more."""
    wanted = {path_of(name, size) for name, entry in SCREENS.items() for size in entry.sizes}
    for path in set(FOLDER.rglob("*.txt")) - wanted:
        path.unlink()


def main() -> int:
    """Compare, accept or draw; 1 where something differs and was not accepted."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.layouts", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("screens", nargs="*", metavar="SCREEN", help="all without any")
    parser.add_argument("--accept", action="store_true", help="accept what there is now")
    parser.add_argument("--svg", type=Path, metavar="FOLDER", help="draw the screens there")
    options = parser.parse_args()
    if unknown := sorted(set(options.screens) - set(SCREENS)):
        parser.error(f"no screen {', '.join(unknown)}; there are {', '.join(SCREENS)}")
    names = options.screens or list(SCREENS)
    changed = asyncio.run(look(names, accept=options.accept, svg=options.svg))
    if options.accept and not options.screens:
        remove_others()
    return int(changed > 0 and not options.accept)


if __name__ == "__main__":
    sys.exit(main())
