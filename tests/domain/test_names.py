import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.api.replies import is_cloud_name
from ollama_tui.domain import names as name
from ollama_tui.domain.names import InvalidName, Name

FIRST = "abcXYZ019_"


def part(punctuation: str) -> st.SearchStrategy[str]:
    rest = st.text(FIRST + punctuation, max_size=79)
    return st.builds(str.__add__, st.sampled_from(FIRST), rest)


NAMES = st.builds(Name, part("-.:"), part("-"), part("-."), part("-."))


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("llama3", "registry.ollama.ai/library/llama3:latest"),
        ("user/m:t", "registry.ollama.ai/user/m:t"),
        ("hf.co/User/Repo-GGUF:Q4_K_M", "hf.co/User/Repo-GGUF:Q4_K_M"),
        ("h:5000/ns/m", "h:5000/ns/m:latest"),
        ("http://h:5000/ns/m:1", "h:5000/ns/m:1"),
        ("https://ollama.com/library/qwen3:8b", "ollama.com/library/qwen3:8b"),
        ("_x", "registry.ollama.ai/library/_x:latest"),
        ("x-", "registry.ollama.ai/library/x-:latest"),
        ("x..y", "registry.ollama.ai/library/x..y:latest"),
        ("a" * 80, f"registry.ollama.ai/library/{'a' * 80}:latest"),
    ],
)
def test_a_valid_name_is_filled_in_with_the_defaults(text: str, full: str) -> None:
    assert name.parse(text).full == full
    assert name.problem(text) is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Type the name of a model."),
        ("   ", "Type the name of a model."),
        (" m", "A name cannot begin or end with a space."),
        ("m\n", "A name cannot begin or end with a space."),
        (
            "localhost:5000/x",
            "A server needs a namespace after it: localhost:5000/NAMESPACE/MODEL.",
        ),
        ("a.b/c", "A server needs a namespace after it: a.b/NAMESPACE/MODEL."),
        ("a/b/c/d", "A server address cannot contain “/”: only letters, digits and _ - . :."),
        ("x y", "A model name cannot contain a space: only letters, digits and _ - .."),
        ("-x", "A model name cannot begin with “-”: use a letter, a digit or “_”."),
        (".m", "A model name cannot begin with “.”: use a letter, a digit or “_”."),
        ("m:-t", "A tag cannot begin with “-”: use a letter, a digit or “_”."),
        (
            "m@sha256:abc",
            "A digest cannot be part of a name: leave out “@” and what follows.",
        ),
        ("é", "A model name cannot begin with “é”: use a letter, a digit or “_”."),
        ("m:", "The tag is missing."),
        (":t", "The model name is missing."),
        ("/m", "The namespace is missing."),
        ("a//m", "The namespace is missing."),
        ("/a/m", "The server address is missing."),
        ("a/", "The model name is missing."),
        ("a" * 81, "The model name is longer than 80 characters."),
        ("m:" + "t" * 81, "The tag is longer than 80 characters."),
        ("h" * 351 + "/n/m", "The server address is longer than 350 characters."),
        ("m:a:b", "A model name cannot contain “:”: only letters, digits and _ - .."),
        ("m\x1b[31m", "A model name cannot contain “\ufffd”: only letters, digits and _ - .."),
    ],
)
def test_what_is_no_name_is_refused_in_one_sentence(text: str, sentence: str) -> None:
    assert name.problem(text) == sentence
    with pytest.raises(InvalidName) as caught:
        name.parse(text)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("m", "m:latest"),
        ("library/m:t", "m:t"),
        ("user/m", "user/m:latest"),
        ("registry.ollama.ai/user/m", "user/m:latest"),
        ("h:1/library/m:t", "h:1/library/m:t"),
    ],
)
def test_the_display_form_leaves_out_default_host_and_namespace(text: str, shown: str) -> None:
    assert name.parse(text).display == shown


@given(NAMES)
def test_every_name_reads_back_from_its_display_and_full_form(value: Name) -> None:
    assert name.parse(value.display) == value
    assert name.parse(value.full) == value


@given(NAMES)
def test_case_never_makes_another_model(value: Name) -> None:
    assert name.same(value.display.upper(), value.full.lower())


@given(NAMES, NAMES)
def test_two_names_are_the_same_exactly_when_their_parts_are(a: Name, b: Name) -> None:
    assert name.same(a.full, b.display) == (a.full.lower() == b.full.lower())


@given(NAMES)
def test_both_spellings_of_the_public_host_name_one_model(value: Name) -> None:
    rest = f"{value.namespace}/{value.model}:{value.tag}"
    assert name.same(f"ollama.com/{rest}", f"registry.ollama.ai/{rest}")
    assert name.same(f"Ollama.com/{rest}", rest)
    assert name.parse(f"ollama.com/{rest}").display == f"ollama.com/{rest}"


@given(st.text())
def test_any_text_is_either_a_name_or_gets_one_printable_sentence(text: str) -> None:
    wrong = name.problem(text)
    if wrong is None:
        name.parse(text)
    else:
        assert "\x1b" not in wrong
        assert "\n" not in wrong
        assert wrong.endswith(".")


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("foo", "foo:latest", True),
        ("foo", "FOO", True),
        ("library/foo", "registry.ollama.ai/library/Foo:LATEST", True),
        ("foo", "foo:1", False),
        ("foo", "me/foo", False),
        ("hf.co/a/b", "a/b", False),
        ("ollama.com/library/foo", "foo:latest", True),
        ("ollama.com/me/foo", "foo", False),
        ("www.ollama.com/library/foo", "foo", False),
        ("bad name!", "BAD NAME!", True),
        ("bad name!", "bad name", False),
        ("", "", True),
        ("", "latest", False),
    ],
)
def test_sameness_of_two_texts(a: str, b: str, expected: bool) -> None:
    assert name.same(a, b) is expected


@pytest.mark.parametrize(
    ("text", "where", "used"),
    [
        ("gpt-oss:20b:cloud", "cloud", "gpt-oss:20b-cloud"),
        ("gpt-oss:20b-cloud", "cloud", "gpt-oss:20b-cloud"),
        ("gpt-oss:20b-CLOUD", "cloud", "gpt-oss:20b-cloud"),
        ("qwen3.5:cloud", "cloud", "qwen3.5:cloud"),
        ("qwen3.5:Cloud", "cloud", "qwen3.5:cloud"),
        ("m:8b:local", "local", "m:8b"),
        ("m:local", "local", "m"),
        ("m:LOCAL", "local", "m"),
        ("m-cloud", None, "m-cloud"),
        ("m:8b", None, "m:8b"),
        ("h:5000/ns/m-cloud", None, "h:5000/ns/m-cloud"),
        ("h:5000/ns/m:cloud", "cloud", "h:5000/ns/m:cloud"),
        ("h:5000/ns/m:1:cloud", "cloud", "h:5000/ns/m:1-cloud"),
    ],
)
def test_the_source_suffix_and_the_name_really_used(
    text: str, where: str | None, used: str
) -> None:
    assert name.source(text) == where
    assert is_cloud_name(text) is (where == "cloud")
    assert name.resolved(text) == used
    assert name.pull_problem(text) is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("m:cloud:local", "Use :local or :cloud, and only once."),
        ("m:local:cloud", "Use :local or :cloud, and only once."),
        ("m:local:local", "Use :local or :cloud, and only once."),
        ("m:x-cloud:local", "Use :local or :cloud, and only once."),
        ("m:x-cloud:cloud", "Use :local or :cloud, and only once."),
        ("m:-cloud", "A tag cannot begin with “-”: use a letter, a digit or “_”."),
        ("a b:cloud", "A model name cannot contain a space: only letters, digits and _ - .."),
        (":local", "Type the name of a model."),
    ],
)
def test_suffixes_that_contradict_each_other_are_refused(text: str, sentence: str) -> None:
    assert name.pull_problem(text) == sentence
    with pytest.raises(InvalidName):
        name.resolved(text)


@pytest.mark.parametrize("tag", ["cloud", "CLOUD", "local", "Local", "20b-cloud", "x-Cloud"])
def test_a_new_model_may_not_have_a_tag_the_server_would_misread(tag: str) -> None:
    assert name.problem(f"mine:{tag}") is None
    assert "cannot be used" in (name.new_name_problem(f"mine:{tag}") or "")


@pytest.mark.parametrize("text", ["mine", "mine:cloudy", "mine-cloud", "mine-cloud:1", "cloud/m:1"])
def test_other_new_names_are_fine(text: str) -> None:
    assert name.new_name_problem(text) is None


def test_a_new_name_must_also_be_a_name() -> None:
    assert name.new_name_problem("") == "Type the name of a model."
    assert name.new_name_problem("gpt-oss:20b:cloud") is not None


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("m:local", "m:latest"),
        ("me/m:LOCAL", "me/m:latest"),
        ("m:latest", None),
        ("m:cloud", None),
        ("m:7b-cloud", None),
        ("local:1", None),
        ("m:not-local", None),
        ("\x1b[2J", None),
    ],
)
def test_a_name_that_a_server_takes_for_another_is_not_deleted(
    text: str, taken: str | None
) -> None:
    said = name.deletion_problem(text)
    wanted = f"{text} cannot be deleted: a server takes that name for {taken}."
    assert said == (wanted if taken else None)


def test_a_twin_differs_by_case_only_and_is_not_chosen_itself() -> None:
    there = ("a:1", "A:1", "b:1", "B:1", "c:1")
    assert name.case_variants(("a:1", "c:1"), there) == {"a:1": "A:1"}
    assert name.case_variants(("a:1", "A:1"), there) == {}


HEX = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        (f"sha256-{HEX}", HEX),
        (f"sha256:{HEX}", HEX),
        (f"SHA256-{HEX.upper()}", HEX),
        (HEX, HEX),
        ("0123456789AB", "0123456789ab"),
        ("sha256-0123456789ab", "0123456789ab"),
        (f"llamacpp:{HEX}", HEX),
        ("ggml:0123456789ab", "0123456789ab"),
        ("llama.cpp:sha256-0123456789ab", "0123456789ab"),
        (f"MLX:sha256:{HEX}", HEX),
        ("0123456789ab:latest", "0123456789ab"),
        ("library/0123456789ab", "0123456789ab"),
        ("registry.ollama.ai/library/0123456789ab:latest", "0123456789ab"),
        ("ollama.com/Library/0123456789ab:Latest", "0123456789ab"),
        ("0123456789ab:local", "0123456789ab"),
        ("0123456789ab:cloud", None),
        ("0123456789ab:1", None),
        ("0123456789a", None),
        (f"{HEX}0", None),
        ("me/0123456789ab", None),
        ("hf.co/library/0123456789ab", None),
        (f"vllm:{HEX}", None),
        (f"library/llamacpp:{HEX}", None),
        ("sha256-0123456789g", None),
        ("qwen3:8b", None),
        ("", None),
    ],
)
def test_a_server_reads_these_names_as_digests(text: str, digits: str | None) -> None:
    assert name.digest_reference(text) == digits
    assert (name.digest_problem(text) is None) is (digits is None)


@pytest.mark.parametrize("text", [HEX, "0123456789ab", f"sha256:{HEX}", f"llamacpp:{HEX}"])
def test_a_new_model_may_not_be_named_like_a_digest(text: str) -> None:
    assert name.problem(text) is None
    said = f"“{text}” cannot be used: a server would read it as a digest."
    assert name.new_name_problem(text) == said


@pytest.mark.parametrize(
    ("text", "digest", "expected"),
    [
        (f"llamacpp:{HEX}", HEX, True),
        (f"library/llamacpp:{HEX}", HEX, True),
        (f"ollama.com/library/llamacpp:{HEX}", f"sha256:{HEX}", True),
        (f"llamacpp:{HEX}", HEX[::-1], False),
        (f"llamacpp:{HEX[:12]}", HEX, False),
        (f"ggml:{HEX}", HEX, False),
        (f"me/llamacpp:{HEX}", HEX, False),
        (f"hf.co/library/llamacpp:{HEX}", HEX, False),
        ("llamacpp:latest", HEX, False),
        (f"llamacpp:{HEX}", "", False),
    ],
)
def test_a_shadow_is_named_by_its_own_digest(text: str, digest: str, expected: bool) -> None:
    assert name.is_shadow(text, digest) is expected


def test_a_name_that_is_the_digest_of_another_model_is_not_deleted() -> None:
    named = "0123456789ab:latest"
    taken = f"{named} cannot be deleted: a server takes it for the digest of other:1."
    assert name.deletion_problem(named, [(named, "f" * 64), ("other:1", HEX)]) == taken
    assert name.deletion_problem(named, [("other:1", HEX)]) == taken
    assert name.deletion_problem(named, [(named, HEX)]) is None
    assert name.deletion_problem(named, [(named, "f" * 64), ("other:1", "e" * 64)]) is None


@pytest.mark.parametrize("meant", [f"sha256-{HEX}", f"sha256:{HEX}", f"llamacpp:{HEX}"])
def test_a_digest_that_is_meant_may_be_deleted(meant: str) -> None:
    assert name.deletion_problem(meant, [("other:1", HEX)]) is None
