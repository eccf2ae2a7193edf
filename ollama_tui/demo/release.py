"""What servers of different releases do differently, as one table."""

from __future__ import annotations

from dataclasses import dataclass

VERSION = "0.40.2"
"""What the demo is when nothing else is asked for."""
BEFORE_LISTS = "0.33.0-rc2"
"""The older server whose exchanges were recorded."""
PREVIEW = "0.40.0-pr16590"
"""The preview of 0.40 whose exchanges were recorded; its store and list are not those of 0.40.2."""


@dataclass(frozen=True, slots=True)
class Release:
    """How a server behaves; the defaults are those of the latest release."""

    version: str = VERSION
    has_lists: bool = True
    """Whether manifests are blobs that names link to, and lists hold them for several runners."""
    leaves_anchors: bool = True
    """Whether pulls and lists leave a manifest for older servers."""
    falls_back: bool = True
    """Whether a request for a dangling link finds the older file of that name."""
    row_per_manifest: bool = False
    """Whether the list has a row for every manifest of a name, and names backups."""
    whole_seconds: bool = False
    """Whether the list is ordered by whole seconds."""
    copy_answers: bool = True
    """Whether copy narrows a list to what is here, and answers with a status."""
    reports_children: bool = False
    """Whether a pull reports the download of a list's manifest."""
    created_runner: str = "llamacpp"
    """The runner that new models of GGUF files name."""
    missing_runner: int = 404
    """Status of show when a name has nothing for a runner."""
    not_here: str = (
        'manifest child for runner "{0}" is not local; pull it with --runner {0} before pushing'
    )
    """Why a list is not pushed whose manifest for a runner is not here."""
    copies_uploads: bool = False
    """Whether uploaded weights are checked and stored anew, and GGUF can be quantized."""

    def since(self, *release: int) -> bool:
        """Whether this is `release` or later."""
        head = self.version.partition("-")[0]
        return tuple(int(part) for part in head.split(".")) >= release


def release_of(version: str) -> Release:
    """Return how the server of a version behaves."""
    if version == PREVIEW:
        return Release(
            version,
            leaves_anchors=False,
            falls_back=False,
            row_per_manifest=True,
            whole_seconds=True,
            copy_answers=False,
            reports_children=True,
            created_runner="ggml",
            missing_runner=400,
            not_here="stat {path}: no such file or directory",
        )
    if Release(version).since(0, 40):
        return Release(version)
    return Release(
        version,
        has_lists=False,
        leaves_anchors=False,
        falls_back=False,
        whole_seconds=True,
        copy_answers=False,
        created_runner="",
        missing_runner=400,
        copies_uploads=True,
    )
