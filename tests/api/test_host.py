"""OLLAMA_HOST is read as Ollama's own client reads it."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.api.host import Host, parse_host

TABLE = [
    (None, "http://127.0.0.1:11434"),
    ("", "http://127.0.0.1:11434"),
    ("   ", "http://127.0.0.1:11434"),
    ("example.com", "http://example.com:11434"),
    ("example.com:80", "http://example.com:80"),
    ("  'example.com:80' ", "http://example.com:80"),
    ('"example.com"', "http://example.com:11434"),
    ('" example.com:80 "', "http://example.com:80"),
    ("http://example.com", "http://example.com:80"),
    ("https://example.com", "https://example.com:443"),
    ("https://example.com:8443/ollama", "https://example.com:8443/ollama"),
    ("example.com/a/b/", "http://example.com:11434/a/b"),
    ("HTTP://example.com", "HTTP://example.com:11434"),
    ("tcp://example.com", "tcp://example.com:11434"),
    ("ollama.com", "https://ollama.com:443"),
    ("ollama.com:1234", "http://ollama.com:1234"),
    ("http://ollama.com", "http://ollama.com:80"),
    ("::1", "http://[::1]:11434"),
    ("[::1]", "http://[::1]:11434"),
    ("[::1]:99", "http://[::1]:99"),
    ("0:0:0:0:0:0:0:1", "http://[::1]:11434"),
    ("::", "http://[::1]:11434"),
    ("[::]:99", "http://[::1]:99"),
    ("0.0.0.0", "http://127.0.0.1:11434"),
    ("0.0.0.0:80", "http://127.0.0.1:80"),
    ("http://0.0.0.0", "http://127.0.0.1:80"),
    (":8080", "http://127.0.0.1:8080"),
    ("8080", "http://8080:11434"),
    ("localhost:99999", "http://localhost:11434"),
    ("localhost:", "http://localhost:11434"),
    ("localhost:abc", "http://localhost:11434"),
    ("localhost:-1", "http://localhost:11434"),
    ("https://localhost:x", "https://localhost:443"),
    ("localhost:٣", "http://localhost:11434"),
    ("fe80::1%eth0", "http://[fe80::1%eth0]:11434"),
]


@pytest.mark.parametrize(("value", "url"), TABLE)
def test_a_value_names_a_base_url(value: str | None, url: str) -> None:
    assert parse_host(value).url == url


@pytest.mark.parametrize("value", ["http://user:pw@h:1", "user@h", "https://a:b@ollama.com/x"])
def test_user_names_and_passwords_are_refused_without_repeating_them(value: str) -> None:
    with pytest.raises(ValueError, match="user name or password") as caught:
        parse_host(value)
    assert "pw" not in str(caught.value).replace("password", "")


@pytest.mark.parametrize(
    ("value", "loopback"),
    [
        (None, True),
        ("localhost", True),
        ("gpu.localhost:1", True),
        ("127.9.9.9", True),
        ("[::1]:5", True),
        ("0.0.0.0", True),
        ("gpu-box", False),
        ("10.0.0.1", False),
        ("localhost.example.com", False),
    ],
)
def test_loopback_is_this_machine_only(value: str | None, loopback: bool) -> None:
    assert parse_host(value).is_loopback is loopback


def own_addresses() -> list[str]:
    """Return the addresses that this machine would send from; none where it has no network."""
    found = []
    for family, elsewhere in ((socket.AF_INET, "198.51.100.1"), (socket.AF_INET6, "2001:db8::1")):
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((elsewhere, 9))
                found.append(probe.getsockname()[0])
        except OSError:
            continue
    return found


@pytest.mark.parametrize("value", [None, "localhost:1", "::1", *own_addresses()])
def test_a_server_is_local_by_each_of_this_machines_addresses(value: str | None) -> None:
    assert parse_host(value).is_local


def test_a_server_is_local_by_this_machines_host_name() -> None:
    name = socket.gethostname()
    assert parse_host(name).is_local
    assert parse_host(f"{name.partition('.')[0].upper()}.local:80").is_local


@pytest.mark.parametrize("value", ["198.51.100.1", "2001:db8::1", "ollama.com", "a.b.example", "x"])
def test_a_server_elsewhere_is_not_local(value: str) -> None:
    assert not parse_host(value).is_local


@pytest.mark.parametrize(
    ("proxies", "host", "proxied"),
    [
        ({}, "gpu-box", False),
        ({"HTTP_PROXY": "http://p:1"}, "gpu-box", True),
        ({"all_proxy": "http://p:1"}, "gpu-box", True),
        ({"http": "http://p:1"}, "gpu-box", True),
        ({"https_proxy": "http://p:1"}, "gpu-box", False),
        ({"http_proxy": ""}, "gpu-box", False),
        ({"no_proxy": "x", "PATH": "/bin"}, "gpu-box", False),
        ({"http_proxy": "http://p:1"}, "127.0.0.1", False),
        ({"http_proxy": "http://p:1"}, "gpu.localhost", False),
        ({"https_proxy": "http://p:1"}, "https://gpu-box", True),
    ],
)
def test_a_proxy_of_its_scheme_counts_except_for_loopback(
    proxies: dict[str, str], host: str, proxied: bool
) -> None:
    assert parse_host(host).is_proxied(proxies) is proxied


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("http://gpu-box:1/below/", "gpu-box:1"),
        ("http://gpu-box", "gpu-box"),
        ("https://user:hunter2@gpu-box:8443", "gpu-box:8443"),
        ("http://[::1]:99", "[::1]:99"),
        ("http://a\x1bb", "a\ufffdb"),
        ("//127.0.0.1:5000", "127.0.0.1:5000"),
        ("foo://x", "x"),
        ("http://", "that address"),
        ("", "that address"),
        ("http://[fe80", "that address"),
        ("http://h:99999", "that address"),
    ],
)
def test_a_url_gives_an_address_for_sentences(url: str, authority: str) -> None:
    assert Host.of_url(url).authority == authority


@pytest.mark.parametrize(
    ("value", "cloud"),
    [("ollama.com", True), ("https://OLLAMA.com", True), ("my-ollama.com", False), (None, False)],
)
def test_the_cloud_is_ollama_dot_com_itself(value: str | None, cloud: bool) -> None:
    assert parse_host(value).is_cloud is cloud


@pytest.mark.parametrize(
    ("value", "label"),
    [
        ("gpu-box", "gpu-box:11434"),
        ("https://gpu-box", "gpu-box"),
        ("http://gpu-box", "gpu-box"),
        ("https://gpu-box:80", "gpu-box:80"),
        ("ollama.com", "ollama.com"),
        ("[::1]:99", "[::1]:99"),
        ("https://h:8443/ollama", "h:8443/ollama"),
    ],
)
def test_the_label_is_short(value: str, label: str) -> None:
    assert parse_host(value).label == label


@given(st.text().filter(lambda text: "@" not in text))
def test_every_other_text_is_some_address_with_a_valid_port(text: str) -> None:
    host = parse_host(text)
    assert 0 <= host.port <= 65535
    assert host.name
    assert not host.url.endswith("/")
