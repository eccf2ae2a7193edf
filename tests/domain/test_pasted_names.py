import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.domain.names import Name, problem
from ollama_tui.domain.pasted_names import name_in, names_in

HF = "https://huggingface.co/User/Repo-GGUF"


@pytest.mark.parametrize(
    ("pasted", "name"),
    [
        ("qwen3:8b", "qwen3:8b"),
        ("  qwen3:8b\n", "qwen3:8b"),
        ("ollama run qwen3:8b", "qwen3:8b"),
        ("ollama pull qwen3:8b --insecure", "qwen3:8b"),
        ("ollama pull --insecure qwen3:8b", "qwen3:8b"),
        ("ollama run --keepalive 5m --verbose qwen3:8b hello there", "qwen3:8b"),
        ('ollama run qwen3 "why is the sky blue?"', "qwen3"),
        ("$ ollama run qwen3", "qwen3"),
        ("> ollama run qwen3", "qwen3"),
        ("PS C:\\Users\\me> ollama run qwen3", "qwen3"),
        ("```\nollama run qwen3\n```", "qwen3"),
        ("`ollama run qwen3`", "qwen3"),
        ("sudo docker exec -it ollama ollama run qwen3", "qwen3"),
        ("/usr/local/bin/ollama pull me/m", "me/m"),
        ("ollama run 'hf.co/User/Repo-GGUF:Q4_K_M'", "hf.co/User/Repo-GGUF:Q4_K_M"),
        ("ollama run https://ollama.com/library/qwen3", "qwen3"),
        ("FROM qwen3:8b", "qwen3:8b"),
        ('"qwen3:8b"', "qwen3:8b"),
        ("'qwen3:8b'", "qwen3:8b"),
        ("“qwen3:8b”", "qwen3:8b"),
        ("<https://ollama.com/library/qwen3>", "qwen3"),
        ("https://ollama.com/library/qwen3:8b", "qwen3:8b"),
        ("http://www.ollama.com/library/qwen3:8b", "qwen3:8b"),
        ("https://ollama.com/library/qwen3%3A8b", "qwen3:8b"),
        ("ollama.com/library/qwen3", "qwen3"),
        ("https://ollama.com/library/qwen3/tags", "qwen3"),
        ("https://ollama.com/library/qwen3:8b/blobs/a3de86cd1c13", "qwen3:8b"),
        ("https://ollama.com/library/qwen3?sort=new#readme", "qwen3"),
        ("https://ollama.com/user/model", "user/model"),
        ("https://ollama.com/user/model:1/", "user/model:1"),
        ("https://ollama.com/qwen3", "qwen3"),
        ("hf.co/User/Repo-GGUF", "hf.co/User/Repo-GGUF"),
        ("hf.co/User/Repo-GGUF:Q4_K_M", "hf.co/User/Repo-GGUF:Q4_K_M"),
        ("huggingface.co/User/Repo-GGUF", "huggingface.co/User/Repo-GGUF"),
        ("huggingface.co/User/Repo-GGUF/tree/main", "hf.co/User/Repo-GGUF"),
        (HF, "hf.co/User/Repo-GGUF"),
        (f"{HF}:Q8_0", "hf.co/User/Repo-GGUF:Q8_0"),
        (f"{HF}/tree/main", "hf.co/User/Repo-GGUF"),
        (f"{HF}?local-app=ollama", "hf.co/User/Repo-GGUF"),
        (f"{HF}?show_file_info=repo.Q6_K.gguf", "hf.co/User/Repo-GGUF:Q6_K"),
        (f"{HF}/blob/main/x-Q4_K_M.gguf", "hf.co/User/Repo-GGUF:Q4_K_M"),
        (f"{HF}/resolve/main/sub/x-Q4_K_M.gguf?download=true", "hf.co/User/Repo-GGUF:Q4_K_M"),
        (f"{HF}/blob/main/x-IQ2_XXS.gguf", "hf.co/User/Repo-GGUF:IQ2_XXS"),
        (f"{HF}/blob/main/x-UD-Q4_K_XL.gguf", "hf.co/User/Repo-GGUF:UD-Q4_K_XL"),
        (f"{HF}/blob/main/x-BF16-00001-of-00003.gguf", "hf.co/User/Repo-GGUF:BF16"),
        (f"{HF}/blob/main/model.gguf", "hf.co/User/Repo-GGUF:model.gguf"),
        ("https://hf.co/User/Repo-GGUF", "hf.co/User/Repo-GGUF"),
        ("https://registry.example:5000/team/m:1", "registry.example:5000/team/m:1"),
        ("https://registry.example/a/b/c", "https://registry.example/a/b/c"),
        ("ftp://ollama.com/library/qwen3", "ftp://ollama.com/library/qwen3"),
        ("ollama run", "ollama run"),
        ("ollama run --verbose", ""),
        ("not a name", "not a name"),
        ("", ""),
        ('"', '"'),
    ],
)
def test_a_paste_becomes_the_name_it_means(pasted: str, name: str) -> None:
    assert name_in(pasted) == name


PARTS = st.text("abcXYZ019_", min_size=1, max_size=20)


@given(st.builds(Name, PARTS, PARTS, PARTS, PARTS))
def test_plain_names_stay_as_they_are(value: Name) -> None:
    assert name_in(value.display) == value.display


@given(st.text(), st.sampled_from(["", "ollama run ", "https://ollama.com/", HF + "/", '"']))
def test_what_was_cleaned_stays_clean(text: str, prefix: str) -> None:
    once = name_in(prefix + text)
    assert not once or once == once.strip()
    if not problem(once):
        assert name_in(once) == once


def test_a_hostile_paste_takes_no_time_and_breaks_nothing() -> None:
    assert name_in('"' * 20_001) == '"'
    assert name_in("ollama " * 20_000) == ("ollama " * 20_000).strip()
    assert names_in("',' x")
    assert names_in(", " * 20_000) == ()
    assert names_in("ollama " * 20_000) == ("ollama",)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ()),
        ("  \n ", ()),
        ("qwen3:8b", ("qwen3:8b",)),
        ("qwen3:8b gemma3:4b", ("qwen3:8b", "gemma3:4b")),
        ("qwen3:8b,gemma3:4b, phi4", ("qwen3:8b", "gemma3:4b", "phi4")),
        ("qwen3:8b\ngemma3:4b\n", ("qwen3:8b", "gemma3:4b")),
        ("qwen3 QWEN3:latest library/qwen3", ("qwen3",)),
        ("ollama pull qwen3:8b\nollama pull gemma3:4b", ("qwen3:8b", "gemma3:4b")),
        ("ollama pull qwen3:8b, ollama run gemma3:4b", ("qwen3:8b", "gemma3:4b")),
        ("ollama pull qwen3:8b && ollama pull gemma3:4b", ("qwen3:8b", "gemma3:4b")),
        ("ollama pull qwen3:8b; ollama pull gemma3:4b", ("qwen3:8b", "gemma3:4b")),
        ("ollama pull qwen3:8b || failed=1", ("qwen3:8b",)),
        ('ollama run qwen3 "why is the sky blue, and since when?"', ("qwen3",)),
        ("ollama run qwen3 hello there", ("qwen3",)),
        ("$ qwen3:8b", ("qwen3:8b",)),
        ("$ ollama pull qwen3\npulling manifest\npulling 1aae9b5cb3f3: 45%", ("qwen3",)),
        ("```\nollama run qwen3\n```", ("qwen3",)),
        ("'qwen3:8b' \"gemma3:4b\"", ("qwen3:8b", "gemma3:4b")),
        ("FROM qwen3:8b", ("qwen3:8b",)),
        (
            "https://ollama.com/library/qwen3 https://huggingface.co/U/R-GGUF",
            ("qwen3", "hf.co/U/R-GGUF"),
        ),
        (
            "NAME          ID            SIZE    MODIFIED\n"
            "qwen3:8b      500a1f067a9f  5.2 GB  2 weeks ago\n"
            "gpt-oss:120b  8a1f067a9f00  -       3 days ago\n",
            ("qwen3:8b", "gpt-oss:120b"),
        ),
        (
            f"# name    digest  size\nqwen3:8b  sha256:{'1a' * 32}  5.2 GB\nphi4:14b  -  9.1 GB\n",
            ("qwen3:8b", "phi4:14b"),
        ),
        ("#!/bin/sh\n# Pulls 1 model\nollama pull qwen3:8b || failed=1\nexit 1", ("qwen3:8b",)),
        ("qwen3:tag:tag good", ("qwen3:tag:tag", "good")),
    ],
)
def test_several_names_are_each_found_once(text: str, names: tuple[str, ...]) -> None:
    assert names_in(text) == names


@given(st.text(max_size=60))
def test_no_text_is_too_odd_and_no_name_has_a_blank(text: str) -> None:
    assert all(name.split() == [name] for name in names_in(text))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("gemma3:1b, ollama pull qwen3:4b", ("gemma3:1b", "qwen3:4b")),
        (
            "qwen3:8b https://ollama.com/library/phi4 ollama run gemma3:1b",
            ("qwen3:8b", "phi4", "gemma3:1b"),
        ),
        ("docker exec -it ollama ollama run qwen3:8b", ("qwen3:8b",)),
        ("OLLAMA_HOST=gpu:11434 ollama pull qwen3:8b", ("qwen3:8b",)),
        ("curl -fsSL https://ollama.com/install.sh | sh && ollama run phi4", ("phi4",)),
    ],
)
def test_names_typed_beside_a_command_count_too(text: str, names: tuple[str, ...]) -> None:
    assert names_in(text) == names
