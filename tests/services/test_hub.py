"""What is kept of Hugging Face: for a run, for the next ones, and while it is out of reach."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from ollama_tui.api.clock import Clock
from ollama_tui.api.errors import OllamaError, ServerFailed, Unreachable
from ollama_tui.api.huggingface import HuggingFace, RepositoryOrder
from ollama_tui.config.state_file import Problems
from ollama_tui.services import hub as kept
from ollama_tui.services.cache import Cache
from ollama_tui.services.hub import Hub, open_hub
from tests.api.hub_answers import CODER, HubTransport, info, lfs, listed
from tests.clock import VirtualClock

TRENDING = RepositoryOrder.TRENDING


class Place:
    """A Hub over a transport with levers."""

    def __init__(self, folder: Path | None = None) -> None:
        self.online, self.status = True, 200
        self.pages: list[list[object]] = [[listed(CODER)]]
        self.transport = HubTransport(self._answer)
        time = VirtualClock()
        self.clock = Clock(time.now, time.monotonic, time.sleep)
        self.problems = Problems()
        cache = Cache(folder, self.problems) if folder is not None else None
        self.hub = Hub(HuggingFace(transport=self.transport, clock=self.clock), cache, self.clock)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if not self.online:
            raise httpx.ConnectError("no", request=request)
        if self.status != 200:
            return httpx.Response(self.status)
        if request.url.path != "/api/models":
            return httpx.Response(200, json=info(lfs("a-Q4_K_M.gguf", 5), {"rfilename": "x.md"}))
        number = int(request.url.params.get("cursor", 0))
        more = number + 1 < len(self.pages)
        link = {"link": f'<https://huggingface.co/api/models?cursor={number + 1}>; rel="next"'}
        return httpx.Response(200, headers=link if more else {}, json=self.pages[number])


async def test_the_same_search_is_asked_once_until_it_is_asked_afresh() -> None:
    place = Place()
    await place.hub.search("Coder ", TRENDING)
    await place.hub.search("coder", TRENDING)
    assert len(place.transport.sent) == 1
    await place.hub.search("coder", RepositoryOrder.LIKES)
    await place.hub.search("coder", TRENDING, fresh=True)
    assert len(place.transport.sent) == 3


async def test_pages_are_joined_and_nothing_is_listed_twice() -> None:
    place = Place()
    place.pages = [[listed("a/1"), listed("a/2")], [listed("a/2"), listed("a/3")]]
    assert (await place.hub.search("", TRENDING)).cursor == "1"
    found = await place.hub.more("", TRENDING)
    assert [each.id for each in found.repositories] == ["a/1", "a/2", "a/3"]
    assert found.cursor == ""
    await place.hub.more("", TRENDING)
    assert len(place.transport.sent) == 2


async def test_pages_that_bring_nothing_new_are_the_end() -> None:
    place = Place()
    place.pages = [[listed("a/1")]] * 5
    await place.hub.search("", TRENDING)
    assert (await place.hub.more("", TRENDING)).cursor == ""


async def test_out_of_reach_the_last_answer_is_given_with_its_time_and_why(tmp_path: Path) -> None:
    before = Place(tmp_path)
    at = before.clock.now()
    await before.hub.search("coder", TRENDING)
    await before.hub.files(CODER)
    later = Place(tmp_path)
    later.online = False
    search = await later.hub.search("coder", TRENDING)
    assert isinstance(search.trouble, Unreachable)
    assert ([each.id for each in search.repositories], search.at) == ([CODER], at)
    files = await later.hub.files(CODER)
    assert isinstance(files.trouble, Unreachable)
    assert [file.path for file in files.listing.files] == ["a-Q4_K_M.gguf"]
    with pytest.raises(Unreachable):
        await later.hub.search("never asked", TRENDING)
    later.online = True
    assert (await later.hub.search("coder", TRENDING)).trouble is None


async def test_a_refusal_is_not_hidden_behind_an_old_answer() -> None:
    place = Place()
    await place.hub.search("", TRENDING)
    place.status = 500
    with pytest.raises(ServerFailed):
        await place.hub.search("", TRENDING, fresh=True)


async def test_only_the_newest_answers_are_kept(tmp_path: Path) -> None:
    place = Place(tmp_path)
    for number in range(kept.SEARCHES_KEPT + 5):
        await place.hub.search(f"words {number}", TRENDING)
    later = Place(tmp_path)
    later.online = False
    with pytest.raises(Unreachable):
        await later.hub.search("words 0", TRENDING)
    assert (await later.hub.search("words 5", TRENDING)).repositories


def damage(folder: Path) -> None:
    """Write something else into the file of answers."""
    (file,) = folder.glob("hub-*.json")
    file.write_text("garbage")


async def test_a_file_that_cannot_be_read_costs_the_memory_only(tmp_path: Path) -> None:
    await Place(tmp_path).hub.search("", TRENDING)
    damage(tmp_path)
    place = Place(tmp_path)
    assert (await place.hub.search("", TRENDING)).repositories
    assert any("searches on Hugging Face" in said for said in place.problems.take())


def test_an_address_that_cannot_be_used_is_an_error_with_a_hint() -> None:
    with pytest.raises(OllamaError, match="HF_ENDPOINT") as caught:
        open_hub({"HF_ENDPOINT": "nonsense"}, None, None, Clock())
    assert caught.value.hint


async def test_the_environment_names_the_mirror_and_the_token() -> None:
    transport = HubTransport(lambda _: httpx.Response(200, json=[]))
    environ = {"HF_ENDPOINT": "https://mirror.example", "HF_TOKEN": "hf_x"}
    hub = open_hub(environ, None, transport, Place().clock)
    await hub.search("", TRENDING)
    (sent,) = transport.sent
    assert (sent.origin, sent.authorization) == ("https://mirror.example", "Bearer hf_x")
    await hub.aclose()
