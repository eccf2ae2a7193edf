"""What is outdated: layers against layers, whatever the digests of manifests say."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from hashlib import sha256

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.api.replies import Layer, Manifest, Show
from ollama_tui.domain import updates as upstream
from ollama_tui.domain.comparison import (
    Installed,
    InstalledLayers,
    RegistryContent,
    installed_layers,
)
from ollama_tui.domain.model import Model, ModelKey
from ollama_tui.domain.updates import UpdateStatus, Upstream
from tests.domain.models import NOW, a_model

IMAGE = "application/vnd.ollama.image."
OLD, NEW = "0" * 64, "1" * 64


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def layer(kind: str, text: str, size: int | None = None) -> Layer:
    """Return the layer of `text`; weights are given a size of their own."""
    return Layer(IMAGE + kind, f"sha256:{digest(text)}", len(text) if size is None else size)


def manifest(*layers: Layer, config: str = "config") -> Manifest:
    return Manifest(layer("config", config, 400), layers)


WEIGHTS = layer("model", "weights", 4_000_000_000)
TEMPLATE = layer("template", "{{ .Prompt }}!")
LICENSE = layer("license", "Do as you like.")
PARAMS = layer("params", '{"stop":["x"]}')
ORIGINAL = manifest(WEIGHTS, TEMPLATE, LICENSE, PARAMS)

SHOW = Show(
    modelfile=f"FROM /models/blobs/sha256-{digest('weights')}\n",
    template="{{ .Prompt }}!",
    license="Do as you like.",
)
MINE = installed_layers(SHOW)


def installed(parent_model: str = "") -> Model:
    return a_model("m:latest", digest=OLD, size=ORIGINAL.size, parent_model=parent_model)


def digests(layers: Iterable[Layer]) -> frozenset[str]:
    return frozenset(each.digest for each in layers)


HERE = digests(ORIGINAL.everything)


def judged(
    newest: Manifest, *, mine: InstalledLayers | None = MINE, model: Model | None = None,
    here: frozenset[str] = HERE,
) -> Upstream:  # fmt: skip
    model = model or installed()
    content = RegistryContent(NEW, chosen=NEW, manifests={NEW: newest}, pushed_at=NOW)
    known = Installed(frozenset((model.digest,)), mine)
    return upstream.compared(model, known, content, here, now=NOW)


NEW_WEIGHTS = layer("model", "weights, better", 4_100_000_000)
NEW_LICENSE = layer("license", "Do as you like, but ask.")
NEW_TEMPLATE = layer("template", "{{ .Messages }}")


@pytest.mark.parametrize(
    ("newest", "changes", "fetched"),
    [
        (manifest(NEW_WEIGHTS, TEMPLATE, LICENSE, PARAMS, config="2"), "weights", [NEW_WEIGHTS]),
        (manifest(WEIGHTS, TEMPLATE, NEW_LICENSE, PARAMS, config="2"), "license", [NEW_LICENSE]),
        (
            manifest(NEW_WEIGHTS, NEW_TEMPLATE, LICENSE, config="2"),
            "weights, template",
            [NEW_WEIGHTS, NEW_TEMPLATE],
        ),
        (
            manifest(WEIGHTS, TEMPLATE, LICENSE, layer("params", "{}"), config="2"),
            "parameters",
            [layer("params", "{}")],
        ),
        (
            manifest(WEIGHTS, layer("projector", "eyes", 7), TEMPLATE, LICENSE, config="2"),
            "projector",
            [layer("projector", "eyes", 7)],
        ),
        (manifest(WEIGHTS, TEMPLATE, LICENSE, PARAMS, config="2"), "metadata", []),
        (manifest(WEIGHTS, TEMPLATE, PARAMS, config="2"), "license removed", []),
        (
            manifest(*ORIGINAL.layers, layer("system", "Be brief."), config="2"),
            "system prompt",
            [layer("system", "Be brief.")],
        ),
        (
            manifest(*ORIGINAL.layers, layer("unheard.of", "?"), config="2"),
            "other data",
            [layer("unheard.of", "?")],
        ),
    ],
)
def test_changes_are_named_and_bytes_are_those_of_the_layers_not_here(
    newest: Manifest, changes: str, fetched: list[Layer]
) -> None:
    found = judged(newest)
    assert found.status is UpdateStatus.OUTDATED
    assert ", ".join(found.changes) == changes
    assert found.missing == (*fetched, newest.config)
    assert found.to_fetch == sum(each.size for each in fetched) + 400
    assert found.total == newest.size


def test_the_same_layers_in_a_manifest_written_anew_are_current() -> None:
    found = judged(ORIGINAL)
    assert found.status is UpdateStatus.CURRENT
    assert not found.missing


def test_without_details_the_same_layers_are_current_too() -> None:
    assert judged(ORIGINAL, mine=None).status is UpdateStatus.CURRENT


def test_what_another_model_brought_here_already_is_still_newer() -> None:
    newest = manifest(NEW_WEIGHTS, TEMPLATE, LICENSE, PARAMS, config="2")
    found = judged(newest, here=HERE | digests(newest.everything))
    assert found.status is UpdateStatus.OUTDATED
    assert (found.to_fetch, found.changes) == (0, ("weights",))


def test_weights_of_the_same_size_that_are_here_for_another_model_are_still_newer() -> None:
    same_size = layer("model", "other", 4_000_000_000)
    newest = manifest(same_size, TEMPLATE, LICENSE, PARAMS)
    found = judged(newest, here=HERE | digests(newest.everything))
    assert newest.size == ORIGINAL.size
    assert (found.status, found.changes) == (UpdateStatus.OUTDATED, ("weights",))


def test_a_layer_named_twice_is_fetched_once_and_counted_twice() -> None:
    newest = manifest(WEIGHTS, TEMPLATE, NEW_LICENSE, NEW_LICENSE, PARAMS)
    found = judged(newest)
    assert found.missing == (NEW_LICENSE,)
    assert found.total == ORIGINAL.size - LICENSE.size + 2 * NEW_LICENSE.size


STRANGER = manifest(
    layer("model", "their weights", 9),
    layer("template", "theirs"),
    layer("license", "Theirs."),
    config="theirs, too",
)


@pytest.mark.parametrize("here", [HERE, HERE | digests(STRANGER.everything)])
def test_a_model_with_nothing_in_common_is_another_one(here: frozenset[str]) -> None:
    """Its blobs may well be here, for a model that really is from there."""
    found = judged(STRANGER, here=here)
    assert found.status is UpdateStatus.UNKNOWN
    assert found.reason.startswith("ollama.com has another model of this name")


def test_without_details_it_is_another_one_when_no_layer_is_here() -> None:
    assert judged(STRANGER, mine=None).status is UpdateStatus.UNKNOWN


def test_several_licenses_alone_show_that_it_is_the_same_model() -> None:
    use = layer("license", "No harm.")
    newest = manifest(NEW_WEIGHTS, NEW_TEMPLATE, LICENSE, use, config="2")
    mine = installed_layers(Show(modelfile=SHOW.modelfile, license="Do as you like.\nNo harm."))
    here = digests([WEIGHTS, LICENSE, use])
    assert judged(newest, mine=mine, here=here).changes == ("weights", "template")
    assert judged(newest, mine=mine, here=digests([WEIGHTS])).status is UpdateStatus.UNKNOWN


@pytest.mark.parametrize(
    ("parent", "said"),
    [
        ("llama3.2:3b", "Made here from llama3.2:3b."),
        ("/root/.ollama/models/blobs/sha256-abc", "Made here from a file."),
        ("C:\\models\\x.gguf", "Made here from a file."),
    ],
)
def test_what_was_made_here_is_not_compared(parent: str, said: str) -> None:
    assert upstream.incomparable(installed(parent_model=parent)) == said
    mine = InstalledLayers(MINE.blobs, MINE.texts, parent)
    newest = manifest(NEW_WEIGHTS, TEMPLATE, config="2")
    found = judged(newest, mine=mine)
    assert (found.status, found.reason) == (UpdateStatus.UNKNOWN, said)


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (a_model("m", digest=OLD, cloud=True), upstream.CLOUD),
        (a_model("m", digest=""), upstream.NAMELESS),
        (a_model("[red]/../x", digest=OLD), upstream.NAMELESS),
        (a_model("m", digest=OLD), None),
        (a_model("hf.co/a/b:c", digest=OLD), None),
    ],
)
def test_what_no_registry_knows_is_not_asked_for(model: Model, why: str | None) -> None:
    assert upstream.incomparable(model) == why


OUTDATED = judged(manifest(NEW_WEIGHTS, TEMPLATE, config="2"))
CURRENT = upstream.current(installed(), NOW)
UNKNOWN = upstream.unknown(installed(), "no network", NOW)


@pytest.mark.parametrize(
    ("found", "now_has", "stands"),
    [
        (OUTDATED, OLD, UpdateStatus.OUTDATED),
        (OUTDATED, NEW, UpdateStatus.CURRENT),  # pulled since
        (OUTDATED, "2" * 64, None),  # changed here since
        (CURRENT, OLD, UpdateStatus.CURRENT),
        (CURRENT, NEW, None),
        (UNKNOWN, OLD, UpdateStatus.UNKNOWN),
        (UNKNOWN, "", None),
        (None, OLD, None),
    ],
)
def test_a_finding_holds_as_long_as_the_model_is_the_same(
    found: Upstream | None, now_has: str, stands: UpdateStatus | None
) -> None:
    model = a_model("m:latest", digest=now_has)
    assert upstream.update_status(model, found) is stands
    findings = {} if found is None else {ModelKey("m:latest", found.digest): found}
    known = upstream.known({model.key: model}, findings)
    assert known.outdated == ({model.key} if stands is UpdateStatus.OUTDATED else frozenset())
    assert known.uncertain == ({model.key} if stands is UpdateStatus.UNKNOWN else frozenset())
    assert known.current == ({model.key} if stands is UpdateStatus.CURRENT else frozenset())


def test_a_name_with_several_rows_is_updated_once() -> None:
    first, second = installed(), a_model("m:latest", digest="2" * 64)
    other = a_model("n:latest", digest=OLD)
    newer = msgspec.structs.replace(OUTDATED, digest=second.digest)
    found = {first.key: OUTDATED, second.key: newer, other.key: OUTDATED}
    models = (first, second, other)
    assert upstream.to_update(models, found) == [(first, OUTDATED), (other, OUTDATED)]
    found[first.key] = CURRENT
    assert upstream.to_update(models, found) == [(second, newer), (other, OUTDATED)]
    assert upstream.to_update((a_model("x", digest=OLD),), found) == []


def test_models_are_counted_by_how_they_stand() -> None:
    old, same, doubt = UpdateStatus.OUTDATED, UpdateStatus.CURRENT, UpdateStatus.UNKNOWN
    said = upstream.counted([doubt, old, None, same, same])
    assert said == "1 outdated, 2 up to date and 1 not known"
    assert upstream.counted([same]) == "1 up to date"
    assert upstream.counted([None, None]) == ""


def test_findings_about_models_that_are_gone_count_for_nothing() -> None:
    assert upstream.known({}, {ModelKey("m:latest", OLD): OUTDATED}) == upstream.known({}, {})


def test_what_two_updates_share_is_fetched_once() -> None:
    assert upstream.together([OUTDATED, OUTDATED]) == OUTDATED.to_fetch


def test_the_cost_is_said_with_what_changes() -> None:
    assert upstream.cost(OUTDATED) == "4.1 GB to fetch: weights and license removed"


@pytest.mark.parametrize(
    ("newest", "there", "digest_", "said"),
    [
        (ORIGINAL, None, NEW, "fetches nothing: all of its 4.0 GB is on the server"),
        (STRANGER, None, NEW, "fetches 422 B"),
        (
            manifest(WEIGHTS, TEMPLATE, NEW_LICENSE, PARAMS),
            installed(),
            NEW,
            "fetches 24 B of 4.0 GB, changes license",
        ),
        (ORIGINAL, installed(), OLD, "up to date"),
    ],
)
def test_an_offer_says_size_what_is_missing_and_what_changes(
    newest: Manifest, there: Model | None, digest_: str, said: str
) -> None:
    mine = MINE if there else None
    offer = upstream.offered(newest, HERE, there, mine, digest_)
    assert (offer.words, offer.total) == (said, newest.size)


KINDS = ("model", "projector", "template", "system", "license", "params", "odd")
some_layers = st.lists(
    st.builds(layer, st.sampled_from(KINDS), st.sampled_from("abcdefg"), st.integers(0, 99)),
    max_size=6,
)


@given(newest=some_layers, here=some_layers, mine=st.sampled_from([None, MINE]))
def test_what_is_to_fetch_is_never_more_than_the_model_nor_anything_that_is_here(
    newest: list[Layer], here: list[Layer], mine: InstalledLayers | None
) -> None:
    found = judged(manifest(*newest), mine=mine, here=digests(here))
    assert digests(found.missing).isdisjoint(digests(here))
    assert found.to_fetch <= found.total or found.status is UpdateStatus.UNKNOWN
    assert (found.status is UpdateStatus.OUTDATED) == bool(found.changes)
    assert (found.status is UpdateStatus.UNKNOWN) == bool(found.reason)


def test_ages_do_not_matter_to_a_finding() -> None:
    later = upstream.current(installed(), NOW + timedelta(days=400))
    assert upstream.update_status(installed(), later) is UpdateStatus.CURRENT
