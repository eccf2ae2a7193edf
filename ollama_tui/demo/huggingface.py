"""The demo's Hugging Face: a few dozen repositories, its API, and what servers pull from it.

Shapes, headers and words are those of https://huggingface.co/docs/hub/api.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha1, sha256

import httpx

from ollama_tui.demo import texts as t
from ollama_tui.demo.draft import ImageDraft, set_texts
from ollama_tui.demo.http import Fault
from ollama_tui.demo.manifest import BlobFile, ImageManifest
from ollama_tui.demo.store import Store
from ollama_tui.demo.weights import FILE_TYPES, Shape, projector
from ollama_tui.domain.names import Name

HUB = "huggingface.co"
HOSTS = ("hf.co", HUB)
API = "/api/models"
_ORDERS = ("trendingScore", "downloads", "likes", "lastModified")
_SHARDED = (
    '400: {"error":"The specified tag is a sharded GGUF. Ollama does not support this yet. '
    'Please use another tag or \\"latest\\"."}'
)
_GATED = '401: {"error":"Invalid username or password."}'


@dataclass(frozen=True, slots=True)
class HubRepository:
    """A repository: how it is liked, and its files with their bytes."""

    id: str
    shape: Shape
    files: dict[str, int]
    downloads: int
    likes: int
    trending: int
    age: float
    """Days since its last change."""
    gated: bool | str = False
    task: str = "text-generation"

    def digest(self, path: str) -> str:
        """Return the SHA-256 of a file, 64 hex digits."""
        is_installed = self.id == "acme-labs/Compass-3B-GGUF" and path.endswith("Q4_K_M.gguf")
        content = f"hf.co/{self.id}:{path}"
        if is_installed:  # as the demo's server has it
            content = f"weights of hf.co/{self.id}:Q4_K_M "
        return sha256(content.encode()).hexdigest()

    def updated(self, now: datetime) -> str:
        """Return when it changed last, as the API writes it."""
        return f"{now - timedelta(days=self.age):%Y-%m-%dT%H:%M:%S}.000Z"


def _quantized(stem: str, parameters: float, *labels: str) -> dict[str, int]:
    """Return files of a model in several quantizations, with the sizes they usually have."""
    bits = {
        "IQ4_XS": 4.32, "Q2_K": 2.95, "Q3_K_M": 3.88, "Q4_K_M": 4.86, "UD-Q4_K_XL": 4.96,
        "Q5_K_M": 5.7, "Q6_K": 6.57, "Q8_0": 8.51, "F16": 16.01, "BF16": 16.01, "MXFP4": 4.63,
    }  # fmt: skip
    return {
        f"{stem}-{label}.gguf": int(parameters * bits[label] / 8) // 32 * 32 for label in labels
    }


def _parts(stem: str, count: int, size: int, missing: int = 0) -> dict[str, int]:
    """Return the files of a model in parts, without the last ones where some are missing."""
    present = range(1, count + 1 - missing)
    return {f"{stem}-{number:05}-of-{count:05}.gguf": size + number * 32 for number in present}


_CODER_30B = Shape(
    "qwen3moe", 30_532_122_624, "Q4_K_M", 262144, 2048, 48, 32, 4, 6144, 151936,
    basename="Qwen3-Coder", experts=128, expert_feed_forward=768, head=128, chat_template=t.JINJA,
)  # fmt: skip
_CODER_480B = Shape(
    "qwen3moe", 480_154_875_392, "Q4_K_M", 262144, 6144, 62, 96, 8, 8192, 151936,
    basename="Qwen3-Coder", experts=160, expert_feed_forward=2560, head=128, chat_template=t.JINJA,
)  # fmt: skip
_QWEN3_8B = Shape("qwen3", 8_190_735_360, "Q4_K_M", 40960, 4096, 36, 32, 8, 12288, 151936)
_COMPASS = Shape(
    "llama", 3_075_098_624, "Q4_K_M", 65536, 2048, 36, 16, 4, 11008, 128256, chat_template=t.JINJA
)
_GLIMPSE = Shape(
    "gemma3", 3_880_099_328, "Q4_K_M", 131072, 2560, 34, 8, 4, 10240, 262144, head=256, window=1024
)
_AURORA = Shape("llama", 8_030_261_248, "Q4_K_M", 131072, 4096, 32, 32, 8, 14336, 128256)
_OSS_20B = Shape(
    "gpt-oss", 20_914_757_184, "MXFP4", 131072, 2880, 24, 64, 8, 2880, 201088, head=64, window=128
)
_SMALL_CODER = Shape("qwen2", 7_615_616_512, "Q4_K_M", 32768, 3584, 28, 28, 4, 18944, 152064)

_NAMED = (
    HubRepository(
        "lantern-quants/Qwen3-Coder-30B-A3B-Instruct-GGUF", _CODER_30B,
        {
            "README.md": 14_210,
            "imatrix.gguf": 122_448_512,
            **_quantized(
                "Qwen3-Coder-30B-A3B-Instruct", 30_532_122_624,
                "Q2_K", "Q3_K_M", "Q4_K_M", "Q5_K_M", "Q6_K", "Q8_0",
            ),
            **_parts("BF16/Qwen3-Coder-30B-A3B-Instruct-BF16", 2, 30_541_060_000),
        },
        412_908, 1_204, 96, 2.4,
    ),
    HubRepository(
        "lantern-quants/Qwen3-Coder-480B-A35B-Instruct-GGUF", _CODER_480B,
        {
            "README.md": 15_001,
            **_parts("Q4_K_M/Qwen3-Coder-480B-A35B-Instruct-Q4_K_M", 6, 48_401_233_920),
            **_parts("Q2_K/Qwen3-Coder-480B-A35B-Instruct-Q2_K", 4, 44_102_400_000, missing=1),
        },
        38_400, 610, 40, 12.0,
    ),
    HubRepository(
        "harbor/Coder-7B-Instruct-GGUF", _SMALL_CODER,
        _quantized("coder-7b-instruct", 7_615_616_512, "Q2_K", "Q4_K_M", "Q6_K", "Q8_0"),
        98_331, 288, 21, 61.0,
    ),
    HubRepository(
        "acme-labs/Compass-3B-GGUF", _COMPASS,
        {"README.md": 5_120, "Compass-3B-Q4_K_M.gguf": 1_915_305_312,
         **_quantized("Compass-3B", 3_075_098_624, "Q6_K", "Q8_0")},
        20_550, 77, 12, 14.0,
    ),
    HubRepository(
        "acme-labs/Glimpse-4B-it-GGUF", _GLIMPSE,
        {"mmproj-Glimpse-4B-it-F16.gguf": 851_251_104,
         **_quantized("Glimpse-4B-it", 3_880_099_328, "Q4_K_M", "Q8_0")},
        151_207, 402, 55, 5.1, task="image-text-to-text",
    ),
    HubRepository(
        "northwind/Aurora-8B-Instruct-GGUF", _AURORA,
        {"LICENSE": 7_712, **_quantized("Aurora-8B-Instruct", 8_030_261_248, "Q4_K_M", "Q8_0")},
        210_030, 930, 62, 30.2, gated="manual",
    ),
    HubRepository(
        "polar-quants/Qwen3-8B-GGUF", _QWEN3_8B,
        {"config.json": 728, "imatrix_polar.gguf": 13_642_656,
         **_quantized("Qwen3-8B", 8_190_735_360, "IQ4_XS", "UD-Q4_K_XL", "Q6_K", "BF16")},
        380_114, 745, 48, 3.3,
    ),
    HubRepository(
        "lantern-quants/gpt-oss-20b-GGUF", _OSS_20B,
        _quantized("gpt-oss-20b", 20_914_757_184, "MXFP4", "F16"),
        301_220, 811, 33, 88.0,
    ),
)  # fmt: skip


@cache
def repositories() -> dict[str, HubRepository]:
    """Return all repositories by their id in lower case: some with names, and more for paging."""
    found = list(_NAMED)
    for number in range(1, 37):
        base = ("Willow", "Granary", "Estuary")[number % 3]
        name = f"{base}-{1 + number % 9}B-v{number}"
        parameters = (1 + number % 9) * 1_050_000_000
        shape = Shape("llama", parameters, context=32768)
        files = _quantized(name, parameters, "Q4_K_M", "Q8_0")
        found.append(
            HubRepository(
                f"community-quants/{name}-GGUF", shape, files, 9_000 - number * 211,
                90 - number, 11 - number // 4, 20.0 + number * 3,
            )
        )  # fmt: skip
    return {each.id.lower(): each for each in found}


# ---- the API


def serve(request: httpx.Request, now: datetime) -> httpx.Response:
    """Answer a request to the API."""
    path = request.url.path
    if path == API:
        return _search(request, now)
    found = repositories().get(path.removeprefix(f"{API}/").lower())
    if found is None or not path.startswith(f"{API}/"):
        headers = {
            "x-error-code": "RepoNotFound",
            "x-error-message": "Invalid username or password.",
        }
        body = {"error": "Invalid username or password."}
        return httpx.Response(401, headers=headers, json=body)
    return httpx.Response(200, json=_info(found, now))


def _search(request: httpx.Request, now: datetime) -> httpx.Response:
    asked = request.url.params
    words = asked.get("search", "").lower().split()
    order = asked.get("sort", "trendingScore")
    try:
        limit = int(asked.get("limit", "1000"))
        start = json.loads(urlsafe_b64decode(asked["cursor"]))["at"] if "cursor" in asked else 0
    except (ValueError, KeyError, TypeError):
        return httpx.Response(400, json={"error": "Invalid cursor"})
    if order not in _ORDERS:
        return httpx.Response(400, json={"error": f"Invalid sort parameter: {order}"})
    found = [r for r in repositories().values() if all(word in r.id.lower() for word in words)]
    found.sort(key=lambda each: _rank(each, order), reverse=True)
    headers = {
        "ratelimit": '"api";r=499;t=300',
        "ratelimit-policy": '"fixed window";"api";q=500;w=300',
    }
    if len(found) > start + limit:
        cursor = urlsafe_b64encode(json.dumps({"at": start + limit}).encode()).decode()
        following = request.url.copy_set_param("cursor", cursor)
        headers["link"] = f'<{following}>; rel="next"'
    page = [_listed(each, now) for each in found[start : start + limit]]
    return httpx.Response(200, headers=headers, json=page)


def _rank(each: HubRepository, order: str) -> float:
    ranks = {"downloads": each.downloads, "likes": each.likes, "lastModified": -each.age}
    return ranks.get(order, each.trending)


def _listed(each: HubRepository, now: datetime) -> dict[str, object]:
    """Return a repository as a search lists it, with the fields that were asked for."""
    return {
        "_id": sha1(each.id.encode(), usedforsecurity=False).hexdigest()[:24],
        "id": each.id,
        "downloads": each.downloads,
        "likes": each.likes,
        "lastModified": each.updated(now),
        "gated": each.gated,
        "private": False,
        "disabled": False,
        "pipeline_tag": each.task,
        "gguf": {
            "total": each.shape.parameters,
            "architecture": each.shape.arch,
            "context_length": each.shape.context,
            "chat_template": each.shape.chat_template,
        },
    }


def _info(each: HubRepository, now: datetime) -> dict[str, object]:
    """Return a repository with its files, sizes and digests."""
    siblings: list[dict[str, object]] = []
    for path, size in each.files.items():
        blob = sha1(path.encode(), usedforsecurity=False).hexdigest()
        sibling: dict[str, object] = {"rfilename": path, "size": size, "blobId": blob}
        if path.endswith(".gguf"):
            sibling["lfs"] = {"sha256": each.digest(path), "size": size, "pointerSize": 136}
        siblings.append(sibling)
    author = each.id.partition("/")[0]
    tags = ["gguf", each.task, f"base_model:{each.id.removesuffix('-GGUF')}"]
    about = {"modelId": each.id, "author": author, "tags": tags, "library_name": "gguf"}
    return {**_listed(each, now), **about, "siblings": siblings}


# ---- what servers pull


@dataclass(frozen=True, slots=True)
class Served:
    """What the Hub serves to Ollama under a tag."""

    content: ImageManifest
    blobs: dict[str, BlobFile]
    age: float
    """Days since it was pushed."""


def served(name: Name) -> Served | None:
    """Return what a tag means; None where there is nothing of that name.

    Raises Fault for what the Hub does not serve: models in parts, and gated repositories, since
    the demo's server has no key there.
    """
    found = repositories().get(f"{name.namespace}/{name.model}".lower())
    if name.host.lower() not in HOSTS or found is None:
        return None
    tag = "q4_k_m" if name.tag == "latest" else name.tag.lower()
    path = next((path for path in found.files if _means(tag, path)), "")
    if not path:
        return None
    if found.gated:
        raise Fault(f"pull model manifest: {_GATED}")
    if "-of-" in path:
        raise Fault(f"pull model manifest: {_SHARDED}")
    store = Store()
    draft = ImageDraft(store)
    label = next((kind for kind in FILE_TYPES if kind.lower() in tag), found.shape.file_type)
    made = replace(found.shape, file_type=label).weights()
    draft.add("model", BlobFile(f"sha256:{found.digest(path)}", found.files[path], weights=made))
    for eyes in (path for path in found.files if path.startswith("mmproj-")):
        seen = projector(found.files[eyes] // 2)
        blob = BlobFile(f"sha256:{found.digest(eyes)}", found.files[eyes], weights=seen)
        draft.add("projector", blob)
    draft.describe(made)
    draft.config |= {"file_type": "unknown"}
    set_texts(draft, {"template": t.CHATML_TOOLS})
    return Served(draft.manifest(), store.blobs, found.age)


def _means(tag: str, path: str) -> bool:
    """Whether a tag means a file: its quantization, or all of its name."""
    file = path.rpartition("/")[2].lower()
    is_model = file.endswith(".gguf") and not file.startswith(("mmproj-", "imatrix"))
    stem = file.removesuffix(".gguf").partition("-of-")[0]
    return is_model and (file == tag or re.search(rf"-{re.escape(tag)}(?=-|$)", stem) is not None)
