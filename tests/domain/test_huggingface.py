"""What files of a repository are to Ollama: quantizations, parts, projectors, names to pull."""

from __future__ import annotations

import pytest

from ollama_tui.api.huggingface_replies import (
    GgufMetadata,
    Repository,
    RepositoryFile,
    RepositoryListing,
)
from ollama_tui.domain import names
from ollama_tui.domain.huggingface import (
    Presence,
    Quantization,
    fits_text,
    gate_lines,
    here_as,
    label_of,
    memory_words,
    parts_text,
    presence,
    quantization_lines,
    quantizations,
    repository_lines,
)
from ollama_tui.domain.memory.available import GIB, configured
from ollama_tui.domain.memory.shape import Basis, LayerGroup, MemoryShape
from ollama_tui.domain.model import Facts, Model
from tests.domain.models import a_model

REPOSITORY = Repository("quants/Coder-30B-GGUF")
SHA = "5f" * 32


def listing(*files: tuple[str, int | None], sha: str = SHA) -> RepositoryListing:
    return RepositoryListing(REPOSITORY, tuple(RepositoryFile(p, size, sha) for p, size in files))


def found(*files: tuple[str, int | None]) -> dict[str, Quantization]:
    return {each.title: each for each in quantizations(listing(*files))}


def installed(name: str, *blobs: str, weights: str = "") -> Model:
    facts = Facts(blobs=blobs, weights=weights or next(iter(blobs), ""))
    return a_model(name, facts=facts)


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("Qwen3-8B-Q4_K_M.gguf", "Q4_K_M"),
        ("qwen3-8b-q4_k_m.gguf", "Q4_K_M"),
        ("Qwen3-8B.Q4_K_M.gguf", "Q4_K_M"),
        ("Qwen3-8B-UD-Q4_K_XL.gguf", "UD-Q4_K_XL"),
        ("Qwen3-8B-IQ4_XS.gguf", "IQ4_XS"),
        ("Qwen3-8B-IQ2_XXS.gguf", "IQ2_XXS"),
        ("Qwen3-8B-Q6_K.gguf", "Q6_K"),
        ("Qwen3-8B-Q6_K_L.gguf", "Q6_K_L"),
        ("Qwen3-8B-Q8_0.gguf", "Q8_0"),
        ("Qwen3-8B-Q4_0_4_8.gguf", "Q4_0_4_8"),
        ("model-TQ1_0.gguf", "TQ1_0"),
        ("Qwen3-8B-BF16.gguf", "BF16"),
        ("Qwen3-8B-F16.gguf", "F16"),
        ("gpt-oss-20b-MXFP4.gguf", "MXFP4"),
        ("gpt-oss-20b-mxfp4_moe.gguf", "MXFP4_MOE"),
        ("Q8_0-to-Q4_K_M.gguf", "Q4_K_M"),
        ("BF16/model-00001-of-00002.gguf", "BF16"),
        ("Q8_0/model-Q4_0.gguf", "Q4_0"),
        ("Qwen3-8B.gguf", ""),
        ("model-fp16.gguf", ""),
        ("model-XQ4_0X.gguf", ""),
        ("model-55IQ2_XXS.gguf", ""),
    ],
)
def test_the_quantization_is_in_the_name_of_the_file(path: str, label: str) -> None:
    assert label_of(path) == label


def test_quantizations_come_smallest_first_with_their_exact_bytes() -> None:
    rows = quantizations(
        listing(("a-Q8_0.gguf", 300), ("a-Q4_K_M.gguf", 200), ("a-F16.gguf", None))
    )
    assert [(row.title, row.total) for row in rows] == [
        ("Q4_K_M", 200), ("Q8_0", 300), ("F16", None)
    ]  # fmt: skip
    assert rows[2].size_text == "–"
    assert rows[0].name == "hf.co/quants/Coder-30B-GGUF:Q4_K_M"


def test_what_cannot_be_run_is_left_out() -> None:
    rows = found(
        ("README.md", 1), ("a-Q4_K_M.gguf", 2), ("imatrix.gguf", 3), ("imatrix_unsloth.gguf", 4),
        ("a.imatrix.gguf", 5), ("model.safetensors", 6), ("MTP/mtp-a-Q4_0.gguf", 7),
        ("x.gguf.txt", 8),
    )  # fmt: skip
    assert list(rows) == ["Q4_K_M"]


def test_parts_are_one_quantization_which_no_server_can_pull() -> None:
    files = [(f"Q8_0/a-Q8_0-0000{n}-of-00003.gguf", 100 + n) for n in (1, 2, 3)]
    (row,) = found(*files).values()
    assert (row.parts, row.total, row.name) == (3, 306, "")
    assert "3 parts, which no server can pull" in row.problem
    assert parts_text(row) == "3 parts"


def test_a_missing_part_is_said_and_no_size_made_of_the_others() -> None:
    (row,) = found(("a-Q8_0-00001-of-00003.gguf", 1), ("a-Q8_0-00003-of-00003.gguf", 1)).values()
    assert (row.missing_parts, row.total, row.digests) == (1, None, ())
    assert parts_text(row) == "2 of 3 parts"
    assert row.problem == "1 of its 3 parts is missing in the repository."


@pytest.mark.parametrize("number", ["00000-of-00002", "00003-of-00002", "00001-of-99999"])
def test_a_part_that_cannot_be_is_no_row(number: str) -> None:
    assert found((f"a-Q8_0-{number}.gguf", 1)) == {}


def test_the_projector_is_added_to_what_is_pulled() -> None:
    row = found(("a-Q4_K_M.gguf", 200), ("mmproj-a-F16.gguf", 50))["Q4_K_M"]
    assert (row.weights, row.projector, row.total) == (200, 50, 250)
    assert row.size_text == "250 B"


def test_of_several_projectors_the_largest_is_the_most_it_may_be() -> None:
    row = found(("a-Q4_K_M.gguf", 200), ("mmproj-F16.gguf", 50), ("mmproj-F32.gguf", 90))["Q4_K_M"]
    assert (row.total, row.projectors) == (290, 2)
    assert row.size_text == "≤ 290 B"


def test_a_projector_of_unknown_size_makes_the_sum_unknown() -> None:
    assert found(("a-Q4_K_M.gguf", 200), ("mmproj-F16.gguf", None))["Q4_K_M"].total is None


def test_a_tag_that_means_two_files_is_not_used() -> None:
    rows = quantizations(
        listing(
            ("a-Q4_K_M.gguf", 1), ("a-UD-Q4_K_M.gguf", 2), ("b-Q8_0.gguf", 3), ("c-Q8_0.gguf", 4)
        )
    )
    assert [row.name.partition(":")[2] for row in rows] == [
        "a-Q4_K_M.gguf", "a-UD-Q4_K_M.gguf", "b-Q8_0.gguf", "c-Q8_0.gguf"
    ]  # fmt: skip
    assert all(names.problem(row.name) is None for row in rows)


def test_a_file_without_a_quantization_is_pulled_by_its_name_or_alone() -> None:
    assert found(("coder.gguf", 1))["coder.gguf"].name.endswith(":coder.gguf")
    assert found(("a (1).gguf", 1))["a (1).gguf"].name.endswith(":latest")
    two = found(("a (1).gguf", 1), ("b/c.gguf", 1))
    assert [row.name for row in two.values()] == ["", ""]
    assert "No tag means this file alone" in two["c.gguf"].problem


def test_a_repository_whose_name_no_server_takes_is_said() -> None:
    odd = RepositoryListing(Repository("a.b/c"), (RepositoryFile("x-Q4_0.gguf", 1, SHA),))
    (row,) = quantizations(odd)
    assert row.name == ""
    assert "no server takes" in row.problem


# ---- what is here


def test_what_is_here_is_told_by_its_digest_under_whatever_name() -> None:
    row = found(("a-Q4_K_M.gguf", 1))["Q4_K_M"]
    assert presence(row, [installed("mine:latest", "aa" * 32, SHA)]) is Presence.HERE
    assert presence(row, [installed("mine:latest", f"sha256:{SHA}")]) is Presence.HERE
    assert here_as(row, [installed("mine:latest", SHA)]) == "mine:latest"


def test_the_same_name_with_other_weights_is_another_version() -> None:
    row = found(("a-Q4_K_M.gguf", 1))["Q4_K_M"]
    other = installed("hf.co/quants/coder-30b-gguf:q4_k_m", "aa" * 32)
    assert presence(row, [other]) is Presence.OTHER
    assert presence(row, []) is Presence.ABSENT
    assert presence(row, [installed("else:latest", "aa" * 32)]) is Presence.ABSENT


def test_nothing_is_claimed_of_a_namesake_whose_digest_is_not_known() -> None:
    row = found(("a-Q4_K_M.gguf", 1))["Q4_K_M"]
    unread = a_model(row.name)
    assert presence(row, [unread]) is Presence.UNKNOWN
    no_digest = quantizations(listing(("a-Q4_K_M.gguf", 1), sha=""))[0]
    assert presence(no_digest, [installed(row.name, SHA)]) is Presence.UNKNOWN


# ---- texts


def test_gates_say_where_terms_are_accepted_and_whose_key_is_needed() -> None:
    (terms, key) = gate_lines(Repository("a/b", gated="auto"))
    assert "accepted at huggingface.co/a/b" in terms
    assert "id_ed25519.pub" in key
    assert "huggingface.co/settings/keys" in key
    assert "approve" in gate_lines(Repository("a/b", gated="manual"))[0]
    assert gate_lines(Repository("a/b")) == ()


def test_lines_tell_what_is_known() -> None:
    about = Repository("a/b", task="text-generation", gguf=GgufMetadata(7, "qwen3", 4096))
    text = "\n".join("".join(t for t, _ in line) for line in repository_lines(about))
    assert "qwen3" in text
    assert "4,096 tokens" in text
    row = found(("a-Q4_K_M.gguf", 200), ("mmproj-F16.gguf", 50))["Q4_K_M"]
    lines = quantization_lines(row, about, [installed("mine:latest", SHA)])
    text = "\n".join("".join(t for t, _ in line) for line in lines)
    assert "200 B of weights, 50 B of projector" in text
    assert "as mine:latest, with the same weights" in text


CODER = MemoryShape(
    "qwen3moe",
    1,
    layers=(LayerGroup(48, 512, 512),),
    vocabulary=151936,
    embedding=2048,
    context_length=262144,
    basis=Basis.EXACT,
)
GPU = configured(24 * GIB)


@pytest.mark.parametrize(
    ("gigabytes", "said"),
    [(18.55, "up to 58K"), (32.48, "partly"), (2, "up to 219K"), (0.5, "up to 239K")],
)
def test_each_quantization_says_up_to_which_context_it_fits(gigabytes: float, said: str) -> None:
    row = found(("a-Q4_K_M.gguf", int(gigabytes * 10**9)))["Q4_K_M"]
    assert fits_text(row, CODER, GPU)[0][0] == said
    words = memory_words(row, CODER, GPU)
    assert words is not None
    assert words.tokens == "32K"


def test_no_estimate_is_made_up() -> None:
    row = found(("a-Q4_K_M.gguf", 5 * 10**9))["Q4_K_M"]
    assert fits_text(row, None, GPU) == (("–", "muted"),)  # weights alone say nothing
    assert fits_text(row, CODER, None) == (("–", "muted"),)
    huge = found(("a-F16.gguf", 61 * 10**9))["F16"]
    assert fits_text(huge, None, GPU)[0][0] == "partly"  # but that there are too many of them
    unknown = found(("a-F16.gguf", None))["F16"]
    assert fits_text(unknown, CODER, GPU) == (("–", "muted"),)
