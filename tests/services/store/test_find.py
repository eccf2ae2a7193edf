"""Where a store may be: what the server says first, then the usual places."""

from __future__ import annotations

from pathlib import Path

import pytest

from ollama_tui.services.store.find import USUAL, named_in, roots

BLOB = "sha256-" + "a" * 64


@pytest.mark.parametrize(
    ("modelfile", "found"),
    [
        (f"# Modelfile\n\nFROM /srv/models/blobs/{BLOB}\nTEMPLATE x", ["/srv/models"]),
        (f"FROM /srv/my models/blobs/{BLOB}\nADAPTER /b/blobs/{BLOB}", ["/srv/my models", "/b"]),
        (f"FROM C:\\Users\\me\\.ollama\\models\\blobs\\{BLOB}", []),
        (f"FROM models/blobs/{BLOB}", []),
        (f"FROM /srv/\0/blobs/{BLOB}", []),
        ("FROM /srv/models/blobs/sha256-abc", []),
        ("FROM qwen3:1.7b", []),
        ("FROM ", []),
        (f'SYSTEM """\nFROM /evil/blobs/{BLOB}\n"""', []),
        ("", []),
    ],
)
def test_the_head_of_a_modelfile_names_the_store(modelfile: str, found: list[str]) -> None:
    assert list(named_in(modelfile)) == [Path(path) for path in found]


def test_what_the_server_says_comes_before_the_environment_and_the_usual_places() -> None:
    looked = roots([f"FROM /s/blobs/{BLOB}"], {"OLLAMA_MODELS": ' "/env" ', "HOME": "/home/me"})
    assert looked == (Path("/s"), Path("/env"), Path("/home/me/.ollama/models"), *USUAL)


def test_a_place_named_twice_is_looked_into_once() -> None:
    assert roots([f"FROM {USUAL[0]}/blobs/{BLOB}"], {}) == USUAL
