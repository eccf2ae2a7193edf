"""The cache: what is kept comes back; what is broken or cannot be written is only absent."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ollama_tui.api.replies import ListedModel, ModelDetails, Show
from ollama_tui.config.state_file import Problems
from ollama_tui.domain.last_runs import LastRuns
from ollama_tui.domain.model import Facts
from ollama_tui.services.cache import _DETAILS_KEPT, Cache

VERSION = "0.33.0"
DIGEST = "0123456789abcdef" * 4
MODELS = (
    ListedModel(name="a:1b", digest=DIGEST, size=7, details=ModelDetails(family="llama")),
    ListedModel(name="\x1b[2Jevil", capabilities=["vision"]),
)


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "not" / "there" / "yet")


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_lists_are_kept_per_host(cache: Cache) -> None:
    cache.keep_models("http://one:1", MODELS)
    assert cache.models("http://one:1") == MODELS
    assert cache.models("http://two:1") == ()


def test_models_of_a_list_share_equal_details(cache: Cache) -> None:
    details = [ModelDetails(family="llama", families=["llama"]) for _ in range(2)]
    cache.keep_models("", tuple(ListedModel(f"m{n}", details=details[n]) for n in range(2)))
    one, two = cache.models("")
    assert one.details is two.details
    assert one.details == details[0]


def test_a_list_with_details_that_are_none_is_set_aside(tmp_path: Path) -> None:
    problems = Problems()
    cache = Cache(tmp_path, problems)
    cache.keep_models("", (ListedModel("m"),))
    [file] = files(tmp_path)
    file.write_bytes(file.read_bytes().replace(b'"details":{', b'"details":7,"was":{'))
    assert cache.models("") == ()
    [problem] = problems.take()
    assert "has unexpected content" in problem
    assert not file.exists()


def test_last_runs_are_kept_per_host(cache: Cache) -> None:
    runs = LastRuns(datetime(2026, 11, 1, tzinfo=UTC), {DIGEST: datetime(2026, 11, 2, tzinfo=UTC)})
    cache.keep_last_runs("http://one:1", runs)
    assert cache.last_runs("http://one:1") == runs
    assert cache.last_runs("http://two:1") is None


def test_facts_come_back(cache: Cache) -> None:
    facts = {DIGEST: Facts(("vision",), 4096, ("a" * 64,), "a" * 64)}
    cache.keep_facts(facts, VERSION)
    assert cache.facts(VERSION) == facts


def test_details_come_back_by_digest(cache: Cache) -> None:
    show = Show(template="{{ .Prompt }}", model_info={"general.architecture": "llama"})
    cache.keep_details(DIGEST, VERSION, show)
    assert cache.details(DIGEST, VERSION) == show
    assert cache.details("f" * 64, VERSION) is None


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "g" * 64, DIGEST.upper(), DIGEST[:-1]])
def test_what_is_no_digest_names_no_file(tmp_path: Path, digest: str) -> None:
    cache = Cache(tmp_path)
    cache.keep_details(digest, VERSION, Show(system="x"))
    assert files(tmp_path) == []
    assert cache.details(digest, VERSION) is None


@pytest.mark.parametrize("content", [b"", b"{", b"[1,2", b"\xff\xfe", b"7", b"null"])
def test_broken_files_count_as_absent(tmp_path: Path, content: bytes) -> None:
    cache = Cache(tmp_path)
    cache.keep_models("http://one:1", MODELS)
    cache.keep_facts({DIGEST: Facts()}, VERSION)
    cache.keep_details(DIGEST, VERSION, Show())
    assert len(files(tmp_path)) == 3
    for file in files(tmp_path):
        file.write_bytes(content)
    cache = Cache(tmp_path)
    assert cache.models("http://one:1") == ()
    assert cache.facts(VERSION) == {}
    assert cache.details(DIGEST, VERSION) is None


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = Cache(tmp_path / "file" / "below")
    cache.keep_models("http://one:1", MODELS)
    assert cache.models("http://one:1") == ()


def test_no_half_written_file_is_left_behind(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    for _ in range(3):
        cache.keep_models("http://one:1", MODELS)
    assert len(files(tmp_path)) == 1


def test_only_the_newest_details_are_kept(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    folder = tmp_path / "details"
    folder.mkdir()
    for number in range(_DETAILS_KEPT + 3):
        file = folder / f"{number:064x}.json"
        file.write_bytes(b"{}")
        os.utime(file, (number, number))
    cache.keep_details(DIGEST, VERSION, Show())
    assert len(files(folder)) == _DETAILS_KEPT
    assert cache.details(DIGEST, VERSION) == Show()
    assert not (folder / f"{0:064x}.json").exists()


def test_the_address_is_not_in_the_file_name(tmp_path: Path) -> None:
    Cache(tmp_path).keep_models("http://secret-host:1", MODELS)
    assert "secret" not in files(tmp_path)[0].name


def test_what_another_version_has_said_is_kept_apart(tmp_path: Path) -> None:
    old, new = {DIGEST: Facts(("completion",))}, {DIGEST: Facts(("completion", "tools"))}
    cache = Cache(tmp_path)
    cache.keep_facts(old, "0.12.3")
    cache.keep_facts(new, VERSION)
    cache.keep_details(DIGEST, "0.12.3", Show(template="old"))
    again = Cache(tmp_path)
    assert (again.facts("0.12.3"), again.facts(VERSION), again.facts("0.40.0")) == (old, new, {})
    assert again.facts() == new  # of any version: what was said last
    assert again.details(DIGEST, VERSION) is None


def test_of_too_many_facts_the_oldest_version_goes_first(tmp_path: Path) -> None:
    digests = [f"{number:064x}" for number in range(10_000)]
    cache = Cache(tmp_path)
    for version in ("0.12.1", "0.12.2"):
        cache.keep_facts(dict.fromkeys(digests, Facts(("tools",))), version)
    again = Cache(tmp_path)
    assert (len(again.facts("0.12.1")), len(again.facts("0.12.2"))) == (0, 10_000)
    assert list(again.facts()) == digests
