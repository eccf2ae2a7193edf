"""What show says of the models: a few facts about all of them, the full details of some."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Protocol

import msgspec

from ollama_tui.api.errors import Busy, OllamaError, Refused
from ollama_tui.api.replies import ListedModel, Show, VerboseShow
from ollama_tui.domain.memory.shape import encoded
from ollama_tui.domain.model import Facts, Model, facts_of
from ollama_tui.services.cache import Cache
from ollama_tui.services.observable import Observable

DETAILS_KEPT = 64
"""How many models' full details stay in memory."""
CONCURRENT_SHOWS = 4
"""How many details are asked for at a time."""
LIST_FIRST = 0.1
"""Seconds before learning begins, so that the list is drawn first."""
OFFSCREEN_PAUSE = 0.05
"""Seconds between two questions about models that are not on the screen."""
SAVE_EVERY = 500
"""Facts learned between two writings of all of them."""


class AskShow(Protocol):
    """`Ollama.show`."""

    def __call__(self, model: str, *, runner: str = "") -> Awaitable[Show]:
        """Ask for the details of a model, or of its manifest for one runner."""


class AskVerbose(Protocol):
    """`Ollama.show_verbose`."""

    def __call__(self, model: str, *, runner: str = "") -> Awaitable[VerboseShow]:
        """Ask for all metadata of a model."""


class ModelFacts:
    """Facts and details by manifest digest, of one server in one version.

    What a digest stands for never changes, but a newer server may understand more of it:
    `use_server_version` forgets what another version has said.
    """

    def __init__(
        self,
        show: AskShow,
        cache: Cache | None = None,
        *,
        show_verbose: AskVerbose | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._ask_show = show
        self._ask_verbose = show_verbose
        self._cache = cache
        self._sleep = sleep
        self._version: str | None = None
        self.by_digest: dict[str, Facts] = cache.facts() if cache else {}
        """Facts of all models asked about, by digest; at first, as servers of any version tell."""
        self.details: Observable[Mapping[str, Show]] = Observable({})
        """Full details by `details_key`, of the models they were asked for last."""
        self._unknown: dict[str, ListedModel] = {}
        self._queue: dict[str, ListedModel] = {}
        self._prioritised: tuple[str, ...] = ()
        self._refused: set[str] = set()
        self._repeated: set[str] = set()
        """Names with several rows: only a runner tells which of them is asked about."""
        self._requests: dict[tuple[str | None, str, str], asyncio.Future[Show]] = {}
        """Those under way, by version, digest and name."""
        self._unsaved = 0
        self._to_learn = asyncio.Event()
        self._learned = asyncio.Event()
        self._view_learned = asyncio.Event()

    @property
    def pending(self) -> int:
        """Number of digests whose facts are still to be asked for; those refused do not count."""
        return len(self._unknown)

    def use_server_version(self, version: str) -> None:
        """Take `version` as the server's: only what that version has said counts from now on."""
        if version == self._version:
            return
        self.save()
        self._version = version
        self.by_digest = self._cache.facts(version) if self._cache else {}
        self.details.set({})
        self._unknown, self._queue, self._refused = {}, {}, set()

    def queue_unknown(self, listed: Iterable[ListedModel]) -> None:
        """Queue each local model whose facts are unknown, and have the learners go on.

        Cloud names and stubs are left out: ollama.com answers for them, slowly or not at all.
        """
        listed = tuple(listed)
        counts = Counter([m.name for m in listed])
        self._repeated = {name for name, count in counts.items() if count > 1}
        self._unknown = {
            m.digest: m
            for m in listed
            if m.digest
            and m.digest not in self.by_digest
            and m.digest not in self._refused
            and not (m.remote_host or m.remote_model or m.has_cloud_tag)
        }
        self._queue = dict(self._unknown)
        if self._queue:
            self._to_learn.set()

    def pause_learning(self) -> None:
        """Have the learners wait for the next `queue_unknown`: the server does not answer."""
        self._to_learn.clear()

    def prioritise(self, models: Iterable[Model]) -> None:
        """Learn about these models first: they are on the screen."""
        self._prioritised = tuple(model.digest for model in models)

    async def show(self, model: Model) -> Show:
        """Return everything show says of `model`, from memory or disk when its digest is known.

        Raises OllamaError. Cloud stubs under a cloud name are answered by ollama.com, so ask for
        those only when a person wants them.
        """
        key, show = model.details_key, self.details_of(model)
        is_new = show is None
        if show is None and self._cache is not None and self._version is not None:
            show = self._cache.details(model.digest, self._version)
        if show is None:
            show = await self._request(model.digest, model.name, model.asked_runner)
            # Which manifests a name has, and which one is selected, may change.
            if self._cache is not None and self._version is not None and not show.manifests:
                self._cache.keep_details(model.digest, self._version, show)
        if is_new:  # else its facts are known: to read them again takes as long as a key
            self._store(model.digest, show)
        others = {k: v for k, v in self.details.value.items() if k != key}
        newest = list(others.items())[-(DETAILS_KEPT - 1) :]
        self.details.set({**dict(newest), key: show})
        return show

    def details_of(self, model: Model) -> Show | None:
        """Return the details of `model`, if they were asked for lately."""
        return self.details.value.get(model.details_key)

    async def learn_memory(self, models: Iterable[Model]) -> None:
        """Ask for all metadata of those whose memory depends on what show leaves out.

        Only their facts change. A refusal leaves them as they are; raises other OllamaErrors.
        """
        from ollama_tui.domain.memory.metadata import shape_from_verbose

        for model in models:
            facts = self.by_digest.get(model.digest)
            if facts is None or facts.memory is None or not facts.memory.needs_verbose:
                continue
            if self._ask_verbose is None:
                return
            version = self._version
            try:
                verbose = await self._ask_verbose(model.name, runner=model.asked_runner)
            except Refused:
                continue
            shape = shape_from_verbose(verbose, facts.memory)
            if version == self._version and shape is not None:
                self.by_digest[model.digest] = msgspec.structs.replace(
                    facts, memory_text=encoded(shape)
                )
                self._unsaved += 1
                self._note_learned(model.digest)

    async def fetch_all(self) -> None:
        """Ask about all that is queued, a few at a time; raises OllamaError."""

        async def fetch_rest() -> None:
            while (listed := self._next_queued()) is not None:
                await self._ask_about(listed)

        ended = await asyncio.gather(
            *[fetch_rest() for _ in range(CONCURRENT_SHOWS)], return_exceptions=True
        )
        self.save()
        for error in filter(None, ended):
            raise error

    async def run_learner(self) -> None:
        """Ask about what is queued, one after the other, until cancelled: a background learner."""
        while True:
            if not self._to_learn.is_set():
                await self._to_learn.wait()
                await self._sleep(LIST_FIRST)
            if (listed := self._next_queued()) is None:
                self._to_learn.clear()
                continue
            try:
                await self._ask_about(listed)
            except OllamaError:
                self._to_learn.clear()  # the next successful refresh queues it again
            if listed.digest not in self._prioritised:
                await self._sleep(OFFSCREEN_PAUSE)

    async def wait_for_change(self) -> None:
        """Wait until facts were learned, or refused, since the last call."""
        await self._learned.wait()
        self._learned.clear()
        self._view_learned.clear()

    async def wait_for_view(self) -> None:
        """Wait until all models on the screen are known, the last of them since the last change."""
        await self._view_learned.wait()

    def _next_queued(self) -> ListedModel | None:
        """Remove and return the next model to ask about; None when there is none."""
        for digest in self._prioritised:
            if digest in self._queue:
                return self._queue.pop(digest)
        return self._queue.pop(next(iter(self._queue))) if self._queue else None

    async def _ask_about(self, listed: ListedModel) -> None:
        """Learn the facts of one model; a refusal is final for this run, unless it is Busy."""
        version = self._version
        try:
            runner = listed.details.runner if listed.name in self._repeated else ""
            show = await self._request(listed.digest, listed.name, runner)
        except Busy:
            return  # the next refresh queues it again
        except Refused:
            self._refused.add(listed.digest)
            self._note_learned(listed.digest)
        else:
            if version == self._version:
                self._store(listed.digest, show)

    async def _request(self, digest: str, name: str, runner: str) -> Show:
        """Ask the server, once for all who want the same meanwhile; raises OllamaError.

        Where the one who asks is cancelled, one of those who wait asks again.
        """
        key = self._version, digest, name
        while (under_way := self._requests.get(key)) is not None:
            await asyncio.wait([under_way])
            if not under_way.cancelled():
                return under_way.result()
        answer: asyncio.Future[Show] = asyncio.get_running_loop().create_future()
        self._requests[key] = answer
        try:
            answer.set_result(await self._ask_show(name, runner=runner))
        except OllamaError as error:
            answer.set_exception(error)
        finally:
            del self._requests[key]
            answer.cancel()  # unless it is there
        return answer.result()

    def _store(self, digest: str, show: Show) -> None:
        self._queue.pop(digest, None)
        if not digest:
            return
        before, facts = self.by_digest.get(digest), facts_of(show)
        if before and before.memory and facts.memory and facts.memory.needs_verbose:
            text = before.memory_text  # see `learn_memory`
            facts = msgspec.structs.replace(facts, memory_text=text)
        if facts != before:
            self.by_digest[digest] = facts
            self._unsaved += 1
            self._note_learned(digest)

    def _note_learned(self, digest: str) -> None:
        """Wake those who wait for news of this model, or of the last one on the screen."""
        self._unknown.pop(digest, None)
        self._learned.set()
        if digest in self._prioritised and self._unknown.keys().isdisjoint(self._prioritised):
            self._view_learned.set()

    def save_now_and_then(self) -> None:
        """Write when there is much to lose or nothing more to learn."""
        if self._unsaved >= SAVE_EVERY or not self._queue:
            self.save()

    def save(self) -> None:
        """Write what was learned since the last time."""
        if self._cache is not None and self._version is not None and self._unsaved:
            self._cache.keep_facts(self.by_digest, self._version)
            self._unsaved = 0
