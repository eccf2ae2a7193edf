"""The digests a stored manifest may have in a registry, against manifests real servers wrote."""

import json
from hashlib import sha256

import pytest

from ollama_tui.domain.storage.packaging import LIST_TYPE, MANIFEST_TYPE, embedded_digest, origins

IMAGE = "application/vnd.ollama.image."


def layer(kind: str, digest: str, size: int, /, **more: str) -> dict[str, object]:
    return {"mediaType": kind, "digest": f"sha256:{digest}", "size": size, **more}


def written(config: dict[str, object], /, *layers: dict[str, object], **more: str) -> bytes:
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": config}
    return json.dumps({**manifest, "layers": layers, **more}, separators=(",", ":")).encode()


def digest(content: bytes) -> str:
    return sha256(content).hexdigest()


CONFIG_TYPE = "application/vnd.docker.container.image.v1+json"
RUNNER = {"runner": "ggml", "format": "gguf"}

CONVERTED = (
    layer(CONFIG_TYPE, "d525304fc6d0fab8d35277dcfae467091c6866a457a77d025675944d86458dd0", 411),
    layer(
        IMAGE + "model",
        "1ef7eb45e4b4cccc59198ab124fc80b52d30cc4142d12c44c8fd864e351399c7",
        341856,
    ),
    layer(IMAGE + "system", "d2bb0a71cafdb8df9aab65f7646cd005537b3a1d4207ca94d7e2fca9d08bcddc", 25),
    layer(
        IMAGE + "license", "b48920260b418b8b8e92046ff6205a11aa978e8d419e14b6dd5ab22496d18387", 22
    ),
)
"""Config and layers of what fixture-migrated-list-anchor-shadow was before its conversion."""
BEFORE_CONVERSION = "781cf8808cb608ea627a0948de506d1ad0702eddeda775234b08461d3c6ce7a6"

PUSHED = (
    layer(CONFIG_TYPE, "a8a90c473d90afc7df0f3421385958503bfe9bf37d7279f734917e3462538b5d", 410),
    layer(
        IMAGE + "model",
        "78fee9728ea290dd80066f4d9c7395e05c5d017b681389491acf5e8a30392910",
        250560,
        **{"from": "micro-a.gguf"},
    ),
    layer(IMAGE + "system", "b0899632b296b009d4c4ee25b74cd03b3a0bfd97c9a1009a1e70789fcf401991", 15),
    layer(
        IMAGE + "license", "6be6997dfb7838a22b35b359cf5a681f3f35ddbc3bd2679a6cec22dc25f49858", 13
    ),
)
"""Config and layers of what a server made and pushed."""
MADE = "2c467c12dbde0779339e3e85ccab1fbaca37b374b01a90f7b260b89e072204a1"
IN_THE_REGISTRY = "dbc25d4bff59f17250f3cd75a2070a6244da70981cdaa0377abbbea951761550"


def test_an_original_kept_by_a_conversion_was_pulled_without_a_runner() -> None:
    anchor = written(*CONVERTED, **RUNNER)
    assert len(anchor) == 734
    assert BEFORE_CONVERSION in origins(anchor)


def test_the_manifests_an_anchor_names_as_layers_were_not_pulled() -> None:
    shelf = [layer(LIST_TYPE, "e" * 64, 464), layer(MANIFEST_TYPE, "f" * 64, 732)]
    assert BEFORE_CONVERSION in origins(written(*CONVERTED, *shelf, **RUNNER))
    assert IN_THE_REGISTRY in origins(written(*PUSHED, *shelf, **RUNNER))


def test_a_pushed_model_has_no_newline_in_the_registry() -> None:
    content = written(*PUSHED, **RUNNER) + b"\n"
    assert len(content) == 757
    assert digest(content) == MADE
    assert IN_THE_REGISTRY in origins(content)
    assert MADE not in origins(content)


def test_what_was_pulled_is_its_own_origin() -> None:
    content = written(*PUSHED)
    assert origins(content) == {digest(content)}


def test_undoing_twice_is_undoing_once() -> None:
    content = written(*CONVERTED, layer(LIST_TYPE, "e" * 64, 464), **RUNNER) + b"\n"
    bare = written(*CONVERTED)
    assert origins(bare) <= origins(content)
    assert origins(bare) == {digest(bare)}


@pytest.mark.parametrize(
    ("name", "in_json"),
    [
        ("a<b>&c", rb"a\u003cb\u003e\u0026c"),
        ("line\u2028paragraph\u2029", rb"line\u2028paragraph\u2029"),
        ("größer", "größer".encode()),
        ("tab\tbell\a\x7f", b"tab\\tbell\\u0007\x7f"),
    ],
)
def test_text_is_written_as_the_server_writes_it(name: str, in_json: bytes) -> None:
    config = layer(CONFIG_TYPE, "a" * 64, 1, **{"from": "NAME"})
    was, now = written(config), written(config, runner="ggml")
    assert digest(was.replace(b"NAME", in_json)) in origins(now.replace(b"NAME", in_json))
    assert digest(was.replace(b"NAME", in_json)) in origins(
        now.replace(b'"NAME"', json.dumps(name).encode())
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[1]",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"layers":' + b"[" * 500 + b"]" * 500 + b"}",
        b'{"layers":{"mediaType":1}}',
        b"9" * 5000,
    ],
)
def test_what_is_no_manifest_has_only_its_own_digest(content: bytes) -> None:
    assert digest(content) in origins(content + b"\n")


@pytest.mark.parametrize("entry", ["3", "null", '{"mediaType":["a"]}', r'{"mediaType":"\ud800"}'])
def test_a_layer_that_is_none_is_kept(entry: str) -> None:
    content = f'{{"layers":[{entry}],"runner":"mlx"}}'.encode()
    kept = f'{{"layers":[{entry}]}}'.replace(r"\ud800", "\ufffd").encode()
    assert digest(kept) in origins(content)


def test_a_manifest_embedded_in_a_list_is_known_by_what_the_server_would_write() -> None:
    child = json.loads(written(*PUSHED, **RUNNER))
    assert embedded_digest(child) == IN_THE_REGISTRY
    assert embedded_digest(dict(reversed(child.items()))) == IN_THE_REGISTRY
    assert embedded_digest({**child, "other": 1, "runner": "mlx"}) != IN_THE_REGISTRY
    assert embedded_digest({"config": 1, "layers": [None], "runner": 2}) == embedded_digest(
        {"layers": [{"size": "1", "digest": []}]}
    )
