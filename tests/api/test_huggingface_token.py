"""Where the token of Hugging Face goes and where not; redirects; the address of a mirror."""

from __future__ import annotations

import logging

import httpx
import pytest

from ollama_tui.api.errors import NotOllama
from ollama_tui.api.huggingface import DEFAULT_ENDPOINT, endpoint_from
from tests.api.hub_answers import (
    CODER,
    HUB,
    LISTED,
    TOKEN,
    Answer,
    a_hub,
    failure_of,
    info,
    refused,
)


async def test_the_token_goes_to_the_hub() -> None:
    hub, transport = a_hub([LISTED], token=f" {TOKEN}\n")
    await hub.search("")
    assert transport.sent[0].authorization == f"Bearer {TOKEN}"
    assert TOKEN not in repr(hub)


def redirecting(*targets: str, status: int = 307) -> Answer:
    """Return what redirects to one target after the other, and answers at the last."""
    left = list(targets)

    def answer(_: httpx.Request) -> httpx.Response:
        if left:
            return httpx.Response(status, headers={"location": left.pop(0)})
        return httpx.Response(200, json=info())

    return answer


@pytest.mark.parametrize(
    "target",
    [
        "https://cdn.example/x",
        "https://huggingface.co:8443/x",
        "https://huggingface.co.example/x",
        "//cdn.example/x",
    ],
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_the_token_stays_behind_when_a_redirect_leaves_the_origin(
    target: str, status: int
) -> None:
    # Also when the next redirect leads back: with words of whoever sent it there.
    hub, transport = a_hub(redirecting(target, f"https://{HUB}/back", status=status), token=TOKEN)
    await hub.files(CODER)
    assert [sent.authorization for sent in transport.sent] == [f"Bearer {TOKEN}", None, None]


async def test_the_token_follows_a_renamed_repository() -> None:
    hub, transport = a_hub(redirecting(f"/api/models/{CODER}"), token=TOKEN)
    await hub.files("quants/Old-GGUF")
    assert [sent.path for sent in transport.sent] == ["/api/models/quants/Old-GGUF",
                                                     f"/api/models/{CODER}"]  # fmt: skip
    assert {sent.authorization for sent in transport.sent} == {f"Bearer {TOKEN}"}


@pytest.mark.parametrize(
    "target",
    ["http://huggingface.co/x", "http://cdn.example/x", "ftp://x/y", "file:///etc/passwd", "",
     "http://[", "javascript:x", "https://user@huggingface.co/x", "https://user@cdn.example/x"],
)  # fmt: skip
async def test_a_redirect_to_what_is_less_safe_is_not_followed(target: str) -> None:
    hub, transport = a_hub(redirecting(target), token=TOKEN)
    with pytest.raises(NotOllama, match="not followed"):
        await hub.files(CODER)
    assert len(transport.sent) == 1


async def test_redirects_end() -> None:
    hub, transport = a_hub(redirecting(*[f"/api/models/{CODER}"] * 50))
    with pytest.raises(NotOllama, match="redirects too often"):
        await hub.files(CODER)
    assert len(transport.sent) == 5


@pytest.mark.parametrize(
    ("endpoint", "sent"),
    [
        ("https://mirror.example", True),
        ("https://mirror.example/hub", True),
        ("http://127.0.0.1:8080", True),
        ("http://mirror.example", False),
    ],
)
async def test_the_token_goes_to_a_mirror_only_where_nobody_can_read_it(
    endpoint: str, sent: bool
) -> None:
    hub, transport = a_hub([LISTED], endpoint=endpoint, token=TOKEN)
    await hub.search("")
    assert (transport.sent[0].authorization is not None) is sent
    assert f"{transport.sent[0].origin}{transport.sent[0].path}" == f"{endpoint}/api/models"


@pytest.mark.parametrize("token", ["ä" * 8, "two words", "a\x00b", "a\nb"])
async def test_a_token_that_cannot_be_sent_is_a_sentence(token: str) -> None:
    error = await failure_of([LISTED], token=token)
    assert error.hint == "Check HF_TOKEN."
    assert token not in str(error)


async def test_the_token_is_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    hub, _ = a_hub([LISTED], token=TOKEN)
    await hub.search("")
    await failure_of(refused(500, message=TOKEN), token=TOKEN)
    assert TOKEN not in caplog.text


@pytest.mark.parametrize(
    ("value", "means"),
    [
        ("", DEFAULT_ENDPOINT),
        ("https://mirror.example/", "https://mirror.example"),
        (" http://127.0.0.1:8080/hub ", "http://127.0.0.1:8080/hub"),
    ],
)
def test_the_endpoint_is_that_of_the_environment(value: str, means: str) -> None:
    assert endpoint_from({"HF_ENDPOINT": value}) == means


@pytest.mark.parametrize(
    "value",
    ["huggingface.co", "ftp://x", "https://", "https://a b", "https://x?y=1", "https://x#y",
     "https://[", "https://x:99999", "https://ü.example", "https://user:secret@x"],
)  # fmt: skip
def test_what_is_no_endpoint_is_a_sentence(value: str) -> None:
    with pytest.raises(ValueError, match="HF_ENDPOINT") as caught:
        endpoint_from({"HF_ENDPOINT": value})
    assert "secret" not in str(caught.value)
