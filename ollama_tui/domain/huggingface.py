"""Repositories of Hugging Face: what their files are to Ollama, and what of it is here.

A server pulls `hf.co/user/repository:TAG`. The Hub resolves the tag: a quantization in the name of
a file, whatever its case, or the whole name of a file. It serves no model that comes in parts.
See https://huggingface.co/docs/hub/ollama.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import msgspec

from ollama_tui.api.huggingface_replies import Repository, RepositoryFile, RepositoryListing
from ollama_tui.domain import names
from ollama_tui.domain.memory.available import AvailableMemory
from ollama_tui.domain.memory.fit import Fits
from ollama_tui.domain.memory.shape import MemoryShape
from ollama_tui.domain.memory.words import FitWords, fit_words, weights_words
from ollama_tui.domain.model import Model
from ollama_tui.formatting import UNKNOWN, StyledLine, plural, size

HOST = "hf.co"
_LABEL = re.compile(
    r"(?<![A-Z0-9])((?:UD-)?(?:IQ\d_[A-Z]+|T?Q\d_K(?:_[A-Z]+)?|T?Q\d_\d(?:_\d_\d)?"
    r"|MXFP4(?:_MOE)?|NVFP4|BF16|F16|F32))(?![A-Z0-9])"
)
"""Quantizations in names of files; of several, the last one counts."""
_PART = re.compile(r"(?P<set>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf", re.IGNORECASE)
_PROJECTOR = re.compile(r"(?:^|[-_.])mmproj(?:[-_.]|$)", re.IGNORECASE)
_NO_MODEL = re.compile(r"(?:^|[-_.])(?:imatrix|mtp|draft)(?:[-_.]|$)", re.IGNORECASE)
"""Statistics that quantizing needs, and small models that only guess for a larger one."""
_BITS = re.compile(r"(?:T?I?Q|MXFP|NVFP|BF|F)(\d+)")
MOST_PARTS = 1000


class Presence(StrEnum):
    """Whether a quantization is on the server; the values are for the screen."""

    HERE = "here"
    OTHER = "another version"
    ABSENT = ""
    UNKNOWN = UNKNOWN


@dataclass(frozen=True)
class Quantization:
    """The weights of a repository in one quantization: one file, or the parts of one."""

    path: str
    """Of its file, or of the set of its parts; it identifies the quantization."""
    label: str
    """`Q4_K_M`, as the name of the file has it, in upper case; empty where it has none."""
    weights: int | None
    """Bytes, exactly; None where the Hub does not say it of every part."""
    projector: int = 0
    """Bytes of the projector that is pulled with it; of several, of the largest."""
    projectors: int = 0
    """How many projectors there are: of several, nobody says which one comes along."""
    parts: int = 1
    """Of how many files it consists."""
    missing_parts: int = 0
    digests: tuple[str, ...] = ()
    """SHA-256 of its files, 64 hex digits each; none where one is not known."""
    name: str = ""
    """The name to pull it by; empty where it cannot be pulled."""
    problem: str = ""
    """Why it cannot be pulled, as a sentence."""

    @property
    def key(self) -> str:
        """What identifies it in its repository."""
        return self.path

    @property
    def total(self) -> int | None:
        """Bytes with the projector: exactly, or with several projectors at most."""
        return None if self.weights is None else self.weights + self.projector

    @property
    def size_text(self) -> str:
        """Its size for the screen, with a `≤` where that is the most it may be."""
        if self.total is None:
            return UNKNOWN
        return f"{'≤ ' if self.projectors > 1 else ''}{size(self.total)}"

    @property
    def title(self) -> str:
        """The quantization, or else the name of its file."""
        return self.label or self.path.rpartition("/")[2]


def label_of(path: str) -> str:
    """Return the quantization in the name of a file, in upper case; empty where there is none.

    The name of its folder counts where its own has none, as in `BF16/model-00001-of-00002.gguf`.
    """
    for part in reversed(path.upper().split("/")):
        if found := _LABEL.findall(part.removesuffix(".GGUF")):
            return str(found[-1])
    return ""


def quantizations(listing: RepositoryListing) -> tuple[Quantization, ...]:
    """Return what can be run of a repository, the smallest first; those without a size come last.

    Projectors, importance matrices, draft models and what is no GGUF are left out.
    """
    gguf = [file for file in listing.files if file.path.lower().endswith(".gguf")]
    eyes = [file for file in gguf if _PROJECTOR.search(_stem(file.path))]
    models = [f for f in gguf if f not in eyes and not _NO_MODEL.search(_stem(f.path))]
    found = [_whole(file) for file in models if not _PART.fullmatch(file.path)]
    found += _sets(file for file in models if _PART.fullmatch(file.path))
    if eyes:
        largest = max((file.size or 0 for file in eyes), default=0)
        known = all(file.size is not None for file in eyes)
        found = [
            replace(
                q, projector=largest, projectors=len(eyes), weights=q.weights if known else None
            )
            for q in found
        ]
    named = [_with_name(each, found, listing.repository.id) for each in found]
    return tuple(sorted(named, key=_by_size))


def _stem(path: str) -> str:
    return path.rpartition("/")[2].lower().removesuffix(".gguf")


def _by_size(each: Quantization) -> tuple[bool, int, int, str]:
    bits = _BITS.search(each.label)
    total = each.total
    return total is None, total or 0, int(bits[1]) if bits else 0, each.path


def _whole(file: RepositoryFile) -> Quantization:
    digests = (file.sha256,) if file.sha256 else ()
    return Quantization(file.path, label_of(file.path), file.size, digests=digests)


def _sets(files: Iterable[RepositoryFile]) -> Iterator[Quantization]:
    """Return one quantization for each set of parts."""
    sets: dict[tuple[str, int], dict[int, RepositoryFile]] = {}
    for file in files:
        part = _PART.fullmatch(file.path)
        if part is not None and 0 < int(part["number"]) <= int(part["count"]) <= MOST_PARTS:
            sets.setdefault((part["set"], int(part["count"])), {})[int(part["number"])] = file
    for (path, count), parts in sets.items():
        there = [parts[number] for number in sorted(parts)]
        sizes = [file.size for file in there]
        missing = count - len(there)
        weights = None if missing or None in sizes else sum(s for s in sizes if s is not None)
        digests = tuple(file.sha256 for file in there)
        known = digests if all(digests) and not missing else ()
        yield Quantization(path, label_of(path), weights, 0, 0, count, missing, known)


def _with_name(each: Quantization, all_: Sequence[Quantization], repository: str) -> Quantization:
    """Return it with the name to pull it by, or with why there is none."""
    if each.missing_parts:
        lacks = "is" if each.missing_parts == 1 else "are"
        few = f"{each.missing_parts} of its {each.parts} parts {lacks}"
        return replace(each, problem=f"{few} missing in the repository.")
    if each.parts > 1:
        return replace(
            each,
            problem=f"It comes in {each.parts} parts, which no server can pull from Hugging Face: "
            "download them, then I imports them as one model.",
        )
    for tag in _tags(each, all_):
        name = f"{HOST}/{repository}:{tag}"
        if names.pull_problem(name) is None and names.source(name) is None:
            return replace(each, name=name)
    if wrong := names.problem(f"{HOST}/{repository}"):
        return replace(each, problem=f"Its repository has a name that no server takes. {wrong}")
    return replace(each, problem="No tag means this file alone, and its name cannot be a tag.")


def _tags(each: Quantization, all_: Sequence[Quantization]) -> Iterator[str]:
    """Yield the tags that mean this file and no other, the shortest first."""
    plain = each.label.removeprefix("UD-")
    alike = [other for other in all_ if other.label.removeprefix("UD-") == plain]
    if each.label and len(alike) == 1:
        yield each.label
    if "/" not in each.path:
        yield each.path
    if len(all_) == 1:
        yield names.DEFAULT_TAG


# ---- what is here


def presence(each: Quantization, models: Sequence[Model]) -> Presence:
    """Return whether the server has a quantization, by its digest: never by its name alone."""
    if each.digests and here_as(each, models):
        return Presence.HERE
    namesakes = [m for m in models if each.name and names.same(m.name, each.name)]
    if not namesakes:
        return Presence.ABSENT
    if not each.digests or any(m.facts is None or not m.facts.weights for m in namesakes):
        return Presence.UNKNOWN
    return Presence.OTHER


def here_as(each: Quantization, models: Iterable[Model]) -> str:
    """Return the name of a model with the very weights of a quantization; empty for none."""
    wanted = frozenset(each.digests)
    for model in models:
        if model.facts is not None and wanted:
            there = {*model.facts.blobs, model.facts.weights}
            if wanted <= {digest.removeprefix("sha256:") for digest in there}:
                return model.name
    return ""


def memory_words(
    each: Quantization, shape: MemoryShape | None, available: AvailableMemory | None
) -> FitWords | None:
    """Return what a quantization takes in memory; None where not even its size is known.

    `shape` is that of any file of the repository: all quantizations of a model have its layers, and
    differ in the bytes of their weights.
    """
    if each.weights is None:
        return None
    if shape is None:
        return weights_words(each.weights + each.projector, available)
    own = msgspec.structs.replace(
        shape, weights=each.weights, projector=each.projector, on_cpu=0, num_ctx=0
    )
    return fit_words(own, available=available)


def fits_text(
    each: Quantization, shape: MemoryShape | None, available: AvailableMemory | None
) -> StyledLine:
    """Return in a word or two whether a quantization fits the memory there is, for its row."""
    words = memory_words(each, shape, available)
    if words is None or words.fits is None:
        return ((UNKNOWN, "muted"),)
    if words.fits is Fits.GPU:
        return ((words.largest_in_short or "fully", "loaded"),)
    return (("partly", "outdated") if words.fits is Fits.PARTLY else ("no", "danger"),)


# ---- texts


GATES = {
    "auto": "Gated: its terms have to be accepted at {page} first.",
    "manual": "Gated: its owner has to approve a request made at {page} first.",
}
SERVER_KEY = (
    "Then the server's own key (.ollama/id_ed25519.pub of its user) has to be added at "
    "huggingface.co/settings/keys: it is the server that downloads, without HF_TOKEN."
)


def gate_lines(repository: Repository) -> tuple[str, ...]:
    """Return what stands between a repository and its download, as sentences; none for nothing."""
    page = f"huggingface.co/{repository.id}"
    said = []
    if repository.disabled:
        said.append("Hugging Face has disabled this repository: it cannot be pulled.")
    if repository.gated:
        said.append(GATES.get(repository.gated, GATES["manual"]).format(page=page))
    elif repository.private:
        said.append("Private: only those who may see it can pull it.")
    if repository.gated or repository.private:
        said.append(SERVER_KEY)
    return tuple(said)


def parts_text(each: Quantization) -> str:
    """Return of how many files a quantization consists; empty for one."""
    if each.missing_parts:
        return f"{each.parts - each.missing_parts} of {each.parts} parts"
    return plural(each.parts, "part") if each.parts > 1 else ""


_LABEL_CELLS = 12
"""Cells of the column of labels."""


def quantization_lines(
    each: Quantization,
    repository: Repository,
    models: Sequence[Model],
    memory: FitWords | None = None,
) -> list[StyledLine]:
    """Return what is known of a quantization, for the lines below the table."""
    lines: list[StyledLine] = [((each.name or each.title, "strong"),)]
    rows = [("File", each.path if each.parts == 1 else f"{each.path}-…, {parts_text(each)}")]
    if each.weights is not None and each.projectors:
        extra = f"{size(each.weights)} of weights, {size(each.projector)} of projector"
        if each.projectors > 1:
            extra += f" (the largest of {each.projectors})"
        rows.append(("Size", extra))
    elif each.weights is not None:
        rows.append(("Size", f"{each.weights:,} bytes"))
    if memory is not None:
        rows.append(("Memory", memory.forms[0]))
    if here := here_as(each, models):
        rows.append(("Here", f"as {here}, with the same weights"))
    elif presence(each, models) is Presence.OTHER:
        rows.append(("Here", "under this name, with other weights"))
    if each.problem:
        lines.append(((each.problem, "warning"),))
    lines += [((said, "warning"),) for said in gate_lines(repository)]
    lines += [((f"{label:<{_LABEL_CELLS}}", "muted"), (text, "")) for label, text in rows]
    return lines


def repository_lines(repository: Repository) -> list[StyledLine]:
    """Return what is known of a repository, for the lines below the table."""
    lines: list[StyledLine] = [((repository.id, "strong"),)]
    rows = []
    if repository.task:
        rows.append(("Task", repository.task))
    if (gguf := repository.gguf) is not None:
        if gguf.architecture:
            rows.append(("Family", gguf.architecture))
        if gguf.context_length:
            rows.append(("Context", f"{gguf.context_length:,} tokens"))
        if gguf.parameters:
            rows.append(("Parameters", f"{gguf.parameters:,}"))
    lines += [((said, "warning"),) for said in gate_lines(repository)]
    lines += [((f"{label:<{_LABEL_CELLS}}", "muted"), (text, "")) for label, text in rows]
    lines.append((("enter", "key"), (" lists its files and their sizes", "muted")))
    return lines
