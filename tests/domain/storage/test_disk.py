"""The disk in a few figures."""

from __future__ import annotations

from dataclasses import replace

from ollama_tui.domain.storage.contents import PartialDownload
from ollama_tui.domain.storage.disk import DiskShares, disk_shares
from ollama_tui.domain.storage.usage import Amount, Usage
from tests.domain.models import a_model
from tests.domain.storage.test_report import after_an_upgrade
from tests.domain.storage.test_usage import FAMILY, MB, SIZES, THEN, measured

GB = 1000 * MB


def test_the_parts_of_a_disk_are_its_whole() -> None:
    partial = PartialDownload("p", 3 * MB, THEN)
    sizes = {**SIZES, "o": 5 * MB}
    usage = measured(FAMILY, sizes, partials=(partial,), free=7 * GB, capacity=20 * GB)
    shares = disk_shares(usage)
    assert shares.models == 900 * MB + 20 + 300
    assert shares.shared == 4000 * MB + 7000
    assert shares.leftovers == 8 * MB
    assert shares.free == 7 * GB
    assert shares.capacity == 20 * GB


def test_without_the_disk_only_models_are_known() -> None:
    models = (a_model("one", digest="1", size=MB), a_model("two", digest="2", size=2 * MB))
    shares = disk_shares(Usage(models))
    assert (shares.models, shares.other, shares.free) == (3 * MB, None, None)
    assert shares.capacity is None
    assert shares.estimated


def test_what_an_upgrade_keeps_is_left_over_and_no_model_has_it() -> None:
    usage = after_an_upgrade()
    shares = disk_shares(usage)
    assert shares.leftovers == usage.originals_freed.bytes > 0
    assert shares.models + shares.shared + shares.leftovers == usage.unique.bytes


def test_what_marks_free_is_taken_from_models_then_from_what_they_share() -> None:
    shares = DiskShares(models=10, shared=5, leftovers=4, other=3, free=2)
    assert shares.without(Amount(12)) == replace(shares, models=0, shared=3, marked=12)
    assert shares.without(Amount(100)).marked == 19
    assert shares.without(Amount(17)).capacity == shares.capacity == 24


def test_what_only_marked_models_share_is_taken_from_what_models_share() -> None:
    shares = DiskShares(models=10, shared=5, leftovers=4, other=3, free=2)
    assert shares.without(Amount(6), 4) == replace(shares, models=8, shared=1, marked=6)
    assert shares.without(Amount(4), 4) == replace(shares, shared=1, marked=4)
    assert shares.without(Amount(3), 9) == replace(shares, shared=2, marked=3)
