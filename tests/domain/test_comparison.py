"""Which manifest is compared with which, and what a conversion leaves nobody able to tell."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.api.registry import Published
from ollama_tui.api.replies import Layer, ListedManifest, Manifest
from ollama_tui.domain import updates as upstream
from ollama_tui.domain.comparison import (
    Installed,
    InstalledLayers,
    content_of,
    lost_by_conversion,
    runner_order,
    targets,
)
from ollama_tui.domain.storage.packaging import go_json
from ollama_tui.domain.updates import UpdateStatus
from tests.domain.models import NOW, a_model

Runner = Literal["", "ggml", "llamacpp", "mlx"]
RUNNERS: tuple[Runner, ...] = ("ggml", "llamacpp", "mlx")
MINE = "0" * 64
GGML, LLAMACPP, MLX = "a" * 64, "b" * 64, "c" * 64
LIST = Published(
    "d" * 64,
    children=(
        ListedManifest(GGML, "ggml"),
        ListedManifest(MLX, "mlx"),
        ListedManifest(LLAMACPP, "llamacpp"),
    ),
)
ELSEWHERE, ON_APPLE = ("llamacpp", "ggml", "mlx"), ("mlx", "llamacpp", "ggml")


def plain(runner: str = "") -> Published:
    config = Layer("config", f"sha256:{'e' * 64}", 1)
    return Published("d" * 64, Manifest(config, (), runner))


def installed(runner: str = "", *, is_converted: bool | None = False) -> Installed:
    return Installed(frozenset((MINE,)), runner=runner, is_converted=is_converted)


@pytest.mark.parametrize(("order", "chosen"), [(ELSEWHERE, LLAMACPP), (ON_APPLE, MLX), ((), "")])
def test_the_first_runner_that_a_list_has_is_chosen(order: tuple[str, ...], chosen: str) -> None:
    assert content_of(LIST, order).chosen == chosen


@pytest.mark.parametrize(
    ("on_apple_silicon", "runners", "order"),
    [
        (True, ("ggml",), ON_APPLE),
        (False, ("mlx", "ggml"), ELSEWHERE),
        (None, ("ggml", "llamacpp"), ELSEWHERE),
        (None, ("ggml", "mlx"), ON_APPLE),
        (None, (), ELSEWHERE),
    ],
)
def test_a_server_elsewhere_is_known_by_what_it_runs(
    on_apple_silicon: bool | None, runners: tuple[str, ...], order: tuple[str, ...]
) -> None:
    models = [a_model(runner=runner) for runner in runners]
    assert runner_order(models, on_apple_silicon=on_apple_silicon) == order


@pytest.mark.parametrize(
    ("runner", "compared"),
    [
        ("", (GGML, LLAMACPP)),
        ("ggml", (GGML, LLAMACPP)),
        ("mlx", (MLX, LLAMACPP)),
        ("llamacpp", (LLAMACPP,)),
        ("vllm", (LLAMACPP,)),
    ],
)
def test_a_model_is_compared_with_what_there_is_for_its_runner(
    runner: str, compared: tuple[str, ...]
) -> None:
    assert targets(installed(runner), content_of(LIST, ELSEWHERE)) == compared


def test_what_a_model_was_converted_from_is_compared_with_what_there_is_for_that() -> None:
    here = Installed(
        frozenset((MINE,)),
        runner="llamacpp",
        is_converted=True,
        original=InstalledLayers(frozenset(), {}),
    )
    assert targets(here, content_of(LIST, ELSEWHERE)) == (LLAMACPP, GGML)


@pytest.mark.parametrize("theirs", ["", "ggml", "llamacpp", "mlx"])
@pytest.mark.parametrize("mine", ["", "ggml", "llamacpp", "mlx"])
def test_a_plain_manifest_is_compared_with_whatever_is_here(mine: str, theirs: str) -> None:
    published = plain(theirs)
    assert targets(installed(mine), content_of(published, ELSEWHERE)) == (published.digest,)


def test_a_manifest_in_a_list_has_the_digest_that_a_server_gives_it() -> None:
    child = {"config": {"size": 1}, "runner": "ggml", "schemaVersion": 2}
    whole = [ListedManifest("", "ggml", plain().manifest, go_json(child)) for _ in range(2)]
    children = content_of(Published("d" * 64, children=tuple(whole)), ELSEWHERE).children
    (digest,) = children
    assert len(digest) == 64


@pytest.mark.parametrize(
    ("is_converted", "runner", "published", "lost"),
    [
        (True, "llamacpp", LIST, True),
        (False, "llamacpp", plain(), False),
        (None, "llamacpp", plain(), True),
        (None, "llamacpp", plain("llamacpp"), False),
        (None, "llamacpp", LIST, False),
        (None, "ggml", plain(), False),
        (None, "", plain(), False),
    ],
)
def test_what_may_have_been_converted_is_known_by_what_there_is_for_its_runner(
    is_converted: bool | None, runner: str, published: Published, lost: bool
) -> None:
    here, content = installed(runner, is_converted=is_converted), content_of(published, ELSEWHERE)
    assert lost_by_conversion(a_model(), here, content) is lost


@pytest.mark.parametrize(("days", "lost"), [(1, True), (3, False)])
def test_what_is_older_than_what_was_pushed_was_pulled(days: int, lost: bool) -> None:
    published = Published(LIST.digest, None, LIST.children, NOW - timedelta(days=2))
    here = installed("llamacpp", is_converted=None)
    assert lost_by_conversion(a_model(days=days), here, content_of(published, ELSEWHERE)) is lost


digests = st.frozensets(st.sampled_from([MINE, GGML, LLAMACPP, MLX, "d" * 64, "f" * 64]))
layers = st.builds(
    InstalledLayers,
    st.frozensets(st.sampled_from(["1" * 64, "2" * 64])),
    st.just({}),
    exact=st.none() | st.frozensets(st.sampled_from(["1" * 64, "2" * 64, "e" * 64])),
)
anything = st.builds(
    Installed,
    digests,
    st.none() | layers,
    st.sampled_from(["", *RUNNERS]),
    st.sampled_from([True, False, None]),
    digests,
    st.none() | layers,
    st.sampled_from([True, False, None]),
)
manifests = st.builds(
    Manifest,
    st.just(Layer("config", f"sha256:{'e' * 64}", 1)),
    st.lists(
        st.builds(
            Layer,
            st.just("application/vnd.ollama.image.model"),
            st.sampled_from([f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"]),
            st.just(5),
        ),
        max_size=2,
    ).map(tuple),
    st.sampled_from(["", *RUNNERS]),
)


@given(here=anything, manifest=manifests, is_list=st.booleans(), present=st.booleans())
def test_nothing_is_outdated_without_a_proof(
    here: Installed, manifest: Manifest, is_list: bool, present: bool
) -> None:
    published = LIST if is_list else Published("d" * 64, manifest)
    content = content_of(published, ELSEWHERE)
    read = dict.fromkeys((*content.children, content.digest), manifest)
    content = type(content)(content.digest, content.children, content.chosen, read)
    on_server = frozenset(each.digest for each in manifest.everything) if present else frozenset()
    found = upstream.compared(
        a_model(digest=MINE, size=manifest.size), here, content, on_server, now=NOW
    )
    if (here.digests | here.original_digests) & {content.digest, *content.children}:
        assert found.status is UpdateStatus.CURRENT
    if found.status is UpdateStatus.OUTDATED:
        assert not (here.is_converted and here.original is None)
        assert found.changes
        assert found.newest == content.chosen
    assert bool(found.reason) is (found.status is UpdateStatus.UNKNOWN)
