"""`export --files` and `import`: models moved by disk, exactly as they are."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

import httpx
import pytest

from ollama_tui.api.client import Ollama
from ollama_tui.api.host import parse_host
from ollama_tui.cli.context import CommandContext, CommandRefused, UsageError
from ollama_tui.cli.copies import copied
from ollama_tui.cli.parser import first_word, parsed
from ollama_tui.config.notes_file import NotesFile
from ollama_tui.config.settings import Settings
from ollama_tui.config.state_file import Problems
from ollama_tui.domain.copying import ModelCopy, plan_copies
from ollama_tui.domain.notes import Note
from ollama_tui.domain.storage.packaging import go_json
from ollama_tui.services.store.reader import ModelStore, contents_or_empty
from tests.cli.scripted import Shell
from tests.served_store import OLD, RELEASE, ServedStore
from tests.services.stores import StoreFolder, as_somebody_else
from tests.services.test_store_examples import unpacked


class Machine:
    """A machine with a server, whose store is a real folder, and somebody who types commands."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.store = StoreFolder(folder / "models")
        self.server = ServedStore(self.store.root)
        self.transport: httpx.AsyncBaseTransport = self.server
        """How it is reached."""
        self.notes = NotesFile(folder / "notes.toml", Problems())
        self.settings = Settings()
        self._capsys = capsys
        self.out, self.err = "", ""

    def has(self, name: str, weights: bytes, *, template: bytes = b"{{ .Prompt }}") -> None:
        """Install a model."""
        layers = [
            {
                "mediaType": f"application/vnd.ollama.image.{kind}",
                "digest": f"sha256:{self.store.content(content)}",
                "size": len(content),
            }
            for kind, content in (("model", weights), ("template", template))
        ]
        config = self.store.content(b'{"model_format":"gguf"}')
        body = {"config": {"digest": f"sha256:{config}", "size": 23}, "layers": layers}
        model, _, tag = name.partition(":")
        self.store.raw(f"registry.ollama.ai/library/{model}/{tag}", go_json(body))

    async def runs(self, *words: str) -> int:
        """Run a command and return its exit code."""
        options = parsed(words, first_word(words))
        read_only = self.settings.read_only
        async with Ollama(
            self.settings.host.url, transport=self.transport, read_only=read_only
        ) as ollama:
            context = CommandContext(
                self.settings, options, lambda: ollama, None, self.transport, notes_file=self.notes
            )
            try:
                code: int = await options.run(context)
            finally:
                self.out, self.err = self._capsys.readouterr()
        return code

    async def refuses(self, *words: str) -> str:
        """Run a command that refuses and return what it says."""
        with pytest.raises((CommandRefused, UsageError)) as refusal:
            await self.runs(*words)
        return str(refusal.value)

    @property
    def steps(self) -> list[list[str]]:
        """What it said it does: the first three words of each line of the table."""
        rows = self.out.split("\n\n")[0].splitlines()[1:]
        return [row.split()[:2] for row in rows]

    @property
    def listed(self) -> dict[str, str]:
        """The digests of what the server lists, by name."""
        return {name: m.digest for name, m in self.server.contents().listed().items()}


def checked(folder: Path) -> bool:
    """Let `sha256sum` check an export, where there is such a program."""
    program = shutil.which("sha256sum")
    words = [program, "--check", "--strict", "SHA256SUMS"] if program else ["true"]
    return subprocess.run(words, cwd=folder).returncode == 0


def entries(folder: Path) -> list[str]:
    """Return what is in a folder; nothing where there is none."""
    return os.listdir(folder) if os.path.isdir(folder) else []


NewMachine = Callable[[str], Machine]


@pytest.fixture
def new_machine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> NewMachine:
    return lambda name: Machine(tmp_path / name, capsys)


@pytest.fixture
def here(new_machine: NewMachine) -> Machine:
    """A machine with two models that share their template, and a third."""
    machine = new_machine("here")
    machine.has("qwen3:8b", b"weights of qwen" * 1000)
    machine.has("qwen3:8b-q8_0", b"larger weights of qwen" * 1000)
    machine.has("llama3.2:latest", b"weights of llama" * 1000, template=b"another")
    return machine


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    return tmp_path / "disk"


async def test_models_go_to_another_machine_by_disk_and_are_the_same_there(
    here: Machine, new_machine: NewMachine, disk: Path
) -> None:
    assert await here.runs("export", "--files", str(disk)) == 0
    assert here.steps == [
        ["copy", "llama3.2:latest"],
        ["copy", "qwen3:8b"],
        ["copy", "qwen3:8b-q8_0"],
    ]
    there = new_machine("there")
    assert await there.runs("import", str(disk)) == 0
    assert there.listed == here.listed
    assert there.err.splitlines() == [f"{name}: done" for name in sorted(here.listed)]


async def test_what_a_name_says_is_exported_and_no_name_that_begins_with_it(
    here: Machine, disk: Path
) -> None:
    await here.runs("export", "--files", str(disk), "qwen3:8b", "LLAMA3.2")
    assert here.steps == [["copy", "qwen3:8b"], ["copy", "llama3.2:latest"]]
    assert sorted(ModelStore(disk).read().listed()) == ["llama3.2:latest", "qwen3:8b"]


async def test_what_is_no_name_is_a_filter(here: Machine, disk: Path) -> None:
    await here.runs("export", "--files", str(disk), "qwen")
    assert here.steps == [["copy", "qwen3:8b"], ["copy", "qwen3:8b-q8_0"]]
    assert await here.refuses("export", "--files", str(disk), "mistral") == (
        "No model matches: nothing was copied."
    )


async def test_sha256sum_checks_an_export_and_a_server_could_use_it_as_it_is(
    here: Machine, disk: Path
) -> None:
    await here.runs("export", "--files", str(disk))
    assert checked(disk)
    assert {n: m.digest for n, m in ModelStore(disk).read().listed().items()} == here.listed
    assert len((disk / "SHA256SUMS").read_text().splitlines()) == 9


async def test_a_dry_run_copies_nothing(here: Machine, new_machine: NewMachine, disk: Path) -> None:
    await here.runs("export", "--files", str(disk), "--dry-run")
    assert not entries(disk)
    await here.runs("export", "--files", str(disk))
    there = new_machine("there")
    assert await there.runs("import", str(disk), "--dry-run", "qwen3:8b") == 0
    assert there.out.splitlines()[-1].startswith("1 model: 1 to copy; copies 15 KB.")
    assert there.listed == {}


async def test_programs_get_what_was_done_as_json(here: Machine, disk: Path) -> None:
    await here.runs("export", "--files", str(disk), "qwen3:8b", "--json")
    said = json.loads(here.out)
    assert said["steps"] == [{"do": "copy", "name": "qwen3:8b", "bytes": 15036, "why": ""}]
    assert (said["bytes"], said["copied"], said["failed"]) == (15036, ["qwen3:8b"], {})


async def test_a_folder_collects_the_models_of_several_exports(here: Machine, disk: Path) -> None:
    await here.runs("export", "--files", str(disk), "qwen3:8b")
    await here.runs("export", "--files", str(disk))
    assert here.steps[1] == ["keep", "qwen3:8b"]
    said = json.loads((disk / "models.json").read_text())
    assert [model["name"] for model in said["models"]] == [
        "llama3.2:latest",
        "qwen3:8b",
        "qwen3:8b-q8_0",
    ]


async def test_another_version_is_kept_on_either_side(
    here: Machine, new_machine: NewMachine, disk: Path
) -> None:
    await here.runs("export", "--files", str(disk), "qwen3:8b")
    there = new_machine("there")
    there.has("qwen3:8b", b"weights of my own")
    mine = there.listed
    assert await there.runs("import", str(disk)) == 0
    assert "Another version is installed, and is kept: delete it first to have" in there.out
    assert there.listed == mine
    assert await there.runs("export", "--files", str(disk)) == 0
    assert "Another version is there, and is kept: delete it first to have" in there.out
    said = json.loads((disk / "models.json").read_text())["models"]
    assert [model["digest"] for model in said] == [here.listed["qwen3:8b"]]


async def test_notes_tags_and_locks_come_along(
    here: Machine, new_machine: NewMachine, disk: Path
) -> None:
    host = here.settings.host
    note = Note("good at SQL", ("coding",), locked=True)
    here.notes.change(host, lambda _: {"qwen3:8b": note})
    await here.runs("export", "--files", str(disk))
    there = new_machine("there")
    await there.runs("import", str(disk))
    assert "  qwen3:8b: locked, coding, “good at SQL”" in there.out
    assert list(there.notes.read(host).values()) == [note]


async def test_the_models_folder_of_an_old_disk_can_be_imported(
    here: Machine, new_machine: NewMachine
) -> None:
    there = new_machine("there")
    assert await there.runs("import", str(here.store.root), "llama3.2") == 0
    assert list(there.listed) == ["llama3.2:latest"]


@pytest.mark.parametrize("part", ["blobs", "manifests"])
async def test_what_was_damaged_on_the_way_is_not_installed_and_the_rest_is(
    here: Machine, new_machine: NewMachine, disk: Path, part: str
) -> None:
    await here.runs("export", "--files", str(disk))
    if part == "blobs":
        damaged = max((disk / "blobs").iterdir(), key=lambda path: path.stat().st_size)
        damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    else:
        damaged = disk / "manifests/registry.ollama.ai/library/qwen3/8b-q8_0"
        damaged.write_bytes(damaged.read_bytes().replace(b"gguf", b"guff") + b" ")
    there = new_machine("there")
    assert await there.runs("import", str(disk)) == 1
    assert sorted(there.listed) == ["llama3.2:latest", "qwen3:8b"]
    said = {"blobs": "is damaged: its content", "manifests": "does not match SHA256SUMS"}
    assert said[part] in there.out + there.err


@pytest.mark.parametrize(
    "manifest",
    [b"{}", b'{"layers":[]}', b'{"config":null,"layers":null}', b'{"manifests":5,"layers":[]}'],
)
async def test_a_manifest_that_names_no_files_is_no_model(
    here: Machine, new_machine: NewMachine, manifest: bytes
) -> None:
    here.store.raw("registry.ollama.ai/library/odd/1b", manifest)
    there = new_machine("there")
    assert await there.runs("import", str(here.store.root), "odd:1b") == 1
    assert "A digest in its manifest is missing or not valid: export it again." in there.out
    assert not entries(there.store.root / "manifests")


async def test_a_layer_whose_digest_is_none_is_not_left_out(
    here: Machine, new_machine: NewMachine
) -> None:
    path = here.store.root / "manifests/registry.ollama.ai/library/qwen3/8b"
    content = json.loads(path.read_text())
    content["layers"][0]["digest"] = "sha256:../../../secret"
    here.store.raw("registry.ollama.ai/library/qwen3/8b", go_json(content))
    there = new_machine("there")
    assert await there.runs("import", str(here.store.root), "qwen3:8b") == 1
    assert there.listed == {}


async def test_a_model_that_is_gone_from_the_disk_is_missed(
    here: Machine, new_machine: NewMachine, disk: Path
) -> None:
    await here.runs("export", "--files", str(disk))
    manifest = disk / "manifests/registry.ollama.ai/library/qwen3/8b"
    manifest.unlink()
    os.mkfifo(manifest)
    there = new_machine("there")
    assert await there.runs("import", str(disk)) == 1
    assert there.steps[1] == ["refuse", "qwen3:8b"]
    assert "Its manifest is missing, or cannot be read: export it again." in there.out
    assert len(there.listed) == 2


async def test_somebody_without_notes_overwrites_nobodys(here: Machine, disk: Path) -> None:
    note = Note("good at SQL", ("coding",), locked=True)
    here.notes.change(here.settings.host, lambda _: {"qwen3:8b": note})
    await here.runs("export", "--files", str(disk), "qwen3:8b")
    here.notes = NotesFile(disk.parent / "root.toml", Problems())
    await here.runs("export", "--files", str(disk), "qwen3:8b")
    [said] = json.loads((disk / "models.json").read_text())["models"]
    assert (said["note"], said["tags"], said["locked"]) == ("good at SQL", ["coding"], True)


@pytest.mark.parametrize("is_gone", [False, True])
async def test_a_later_export_does_not_make_a_damaged_manifest_right(
    here: Machine, new_machine: NewMachine, disk: Path, is_gone: bool
) -> None:
    await here.runs("export", "--files", str(disk), "qwen3:8b")
    manifest = disk / "manifests/registry.ollama.ai/library/qwen3/8b"
    if is_gone:
        manifest.unlink()
    else:
        manifest.write_bytes(manifest.read_bytes().replace(b"model", b"modem"))
    await here.runs("export", "--files", str(disk), "llama3.2")
    there = new_machine("there")
    assert await there.runs("import", str(disk)) == 1
    assert there.steps == [["copy", "llama3.2:latest"], ["refuse", "qwen3:8b"]]
    manifest.unlink(missing_ok=True)
    assert await here.runs("export", "--files", str(disk), "qwen3:8b") == 0
    assert await there.runs("import", str(disk)) == 0
    assert len(there.listed) == 2


async def test_a_server_that_is_gone_after_an_import_is_said_so(
    here: Machine, new_machine: NewMachine
) -> None:
    there = new_machine("there")
    there.server.lists_left = 1
    assert await there.runs("import", str(here.store.root)) == 1
    assert "The files were copied, but the server does not say what it lists: " in there.err


async def test_a_signal_to_end_ends_the_copying_and_keeps_what_is_whole(
    here: Machine, disk: Path
) -> None:
    source = ModelStore(here.store.root).read()
    copying = plan_copies(source, contents_or_empty(disk), ["qwen3:8b"])
    loop, told = asyncio.get_running_loop(), Event()

    def waits(done: Sequence[ModelCopy]) -> dict[str, bytes]:
        told.wait()  # so that the signal never comes too late
        return {}

    def look() -> None:
        if work.cancelling():
            told.set()
        else:
            loop.call_soon(look)

    work = asyncio.create_task(copied(copying, here.store.root, disk, links=False, describe=waits))
    loop.call_soon(signal.raise_signal, signal.SIGTERM)
    loop.call_soon(look)
    with pytest.raises(CommandRefused, match=r"Not finished\. Files that were copied whole are"):
        await work
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


@pytest.mark.parametrize("content", ["[1,2]", '{"kind":"other"}', "", "\x1b[31m", '{"models":[]}'])
async def test_damaged_notes_keep_no_model_from_being_imported(
    here: Machine, new_machine: NewMachine, disk: Path, content: str
) -> None:
    await here.runs("export", "--files", str(disk))
    (disk / "models.json").write_text(content)
    there = new_machine("there")
    assert await there.runs("import", str(disk)) == 1
    assert "models.json is damaged, so notes, tags and locks are not imported." in there.err
    assert there.listed == here.listed


async def test_a_damaged_file_of_checksums_is_not_taken_for_none(
    here: Machine, new_machine: NewMachine, disk: Path
) -> None:
    await here.runs("export", "--files", str(disk))
    (disk / "SHA256SUMS").write_text("garbage")
    said = await new_machine("there").refuses("import", str(disk))
    assert said.endswith(
        "SHA256SUMS has no checksums: export again, or delete it to import without checking "
        "manifests."
    )


async def test_a_list_of_manifests_needs_a_server_that_knows_such(
    new_machine: NewMachine, tmp_path: Path
) -> None:
    folder = unpacked("list-two-children", tmp_path / "example")
    old = new_machine("old")
    old.server.version = OLD
    assert await old.runs("import", str(folder)) == 1
    assert "needs Ollama 0.40 or newer; this server is 0.33.0." in old.out
    new = new_machine("new")
    assert new.server.version == RELEASE
    assert await new.runs("import", str(folder)) == 0
    assert new.listed.keys() == ModelStore(folder).read().listed().keys()


async def test_there_has_to_be_room(here: Machine, new_machine: NewMachine, disk: Path) -> None:
    await here.runs("export", "--files", str(disk))
    there = new_machine("there")
    there.has("a:1b", b"x")  # so that its store is known by its list
    there.server.room = 20_000
    said = await there.refuses("import", str(disk))
    assert said.startswith("Nothing was copied: that takes 53 KB, and the disk of ")
    assert said.endswith(" has 20 KB left.")


async def test_a_server_that_does_not_list_what_was_imported_is_told_apart(
    here: Machine, new_machine: NewMachine, disk: Path
) -> None:
    await here.runs("export", "--files", str(disk), "qwen3:8b")
    there = new_machine("there")
    there.server.listed_root = new_machine("elsewhere").store.root
    assert await there.runs("import", str(disk)) == 1
    assert "The server does not list qwen3:8b, although the files are in" in there.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("export", "--files", "{disk}", "--script"), "Use either --files or --script."),
        (("export", "--dry-run"), "--dry-run goes with --files: nothing is copied without it."),
        (("export", "--files", "{store}"), "is in the folder of the server itself."),
        (("export", "--files", "{store}/blobs/x"), "is in the folder of the server itself."),
        (("export", "--files", "{disk}", "qwen3:8b", "qwen3:9b"), "No model qwen3:9b. Did you"),
        (("export", "--files", "/" + "a" * 300), "cannot be read: file name too long."),
        (("export", "--files", "{store}/blobs/sha256-x"), "is not a folder."),
        (("import", "{store}"), "is the folder of the server itself."),
        (
            ("import", "{disk}"),
            "There are no models to import in {disk}: no such file or directory. Name a",
        ),
        (("import", "{other}", "qwen3:8"), "has no model qwen3:8. Did you mean qwen3:8b?"),
        (("import", "{other}", "zzz"), "has no model zzz. It has qwen3:8b."),
        (("import", "{empty}"), "has no models."),
        (("import", ""), "import needs a folder, such as /mnt/disk."),
        (("import", "/" + "a" * 300), "file name too long. Name a folder that export"),
        (("import", "{above}"), "no such file or directory. Did you mean {other}?"),
        (("export", "--files", ""), "--files needs a folder to copy to, such as /mnt/disk."),
    ],
)
async def test_what_cannot_be_done_is_said(
    here: Machine, new_machine: NewMachine, disk: Path, words: tuple[str, ...], said: str
) -> None:
    (here.store.root / "blobs/sha256-x").touch()
    other, empty = new_machine("other"), new_machine("empty")
    other.has("qwen3:8b", b"weights")
    places = {
        "disk": disk,
        "store": here.store.root,
        "other": other.store.root,
        "empty": empty.store.root,
        "above": other.store.root.parent,
    }
    assert said.format(**places) in await here.refuses(*(word.format(**places) for word in words))
    assert not entries(disk)


async def test_a_file_that_is_no_export_is_not_overwritten(here: Machine, tmp_path: Path) -> None:
    (tmp_path / "models.json").write_text("mine")
    said = await here.refuses("export", "--files", str(tmp_path))
    assert said.endswith(
        "models.json was not written by an export: move it away, or export to another folder."
    )
    assert (tmp_path / "models.json").read_text() == "mine"


async def test_a_read_only_program_imports_nothing_and_shows_what_it_would(
    here: Machine, new_machine: NewMachine
) -> None:
    there = new_machine("there")
    there.settings = Settings(always_read_only=True)
    said = await there.refuses("import", str(here.store.root))
    assert said.startswith("Nothing was imported")
    assert await there.runs("import", str(here.store.root), "--dry-run") == 0
    assert there.listed == {}


async def test_a_server_on_another_machine_is_not_within_reach(here: Machine, disk: Path) -> None:
    here.settings = Settings(host=parse_host("gpu-box:11434"))
    here.transport = httpx.MockTransport(here.server.handle_async_request)
    assert await here.refuses("export", "--files", str(disk)) == (
        "The models of gpu-box:11434 are on another machine: run this there."
    )


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that other users may read; they may not read those of pytest."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


async def test_a_store_of_another_user_is_not_tried(
    public: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here, there = Machine(public / "here", capsys), Machine(public / "there", capsys)
    here.has("qwen3:8b", b"weights")
    for folder in (there.store.root, there.store.root / "blobs"):
        folder.chmod(0o555)
    with as_somebody_else():
        said = await there.refuses("import", str(here.store.root))
    assert "belongs to another user" in said
    assert said.endswith("so nothing was imported. Run this as that user, or as root.")


@pytest.mark.parametrize("words", [("export", "--files", "x"), ("import", ".")])
async def test_the_demo_has_no_files(shell: Shell, words: tuple[str, ...], here: Machine) -> None:
    shell.is_told(demo=True)
    words = tuple(str(here.store.root) if word == "." else word for word in words)
    with pytest.raises(CommandRefused, match="The demo has no files of models: leave out --demo"):
        await shell.runs(*words)
