"""Models that a run of the live suite makes for itself, and takes away again."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from hashlib import sha256
from pathlib import Path

import pytest

from ollama_tui.api.client import Ollama
from ollama_tui.api.errors import NotFound, OllamaError
from ollama_tui.api.replies import ListedModel
from ollama_tui.api.requests import CreateRequest

PREFIX = "ollama-tui-live-"
"""Begins the name of every model made, changed or deleted by the live suite."""
LICENSE = 'Sample License\n\nYou may use "this model" for tests.\nNothing is promised.'
ATTEMPTS = 20
PAUSE = 0.25
"""Seconds between two attempts to clean up."""


class OwnModels:
    """Gives names that nobody else has, and deletes whatever is left under them."""

    def __init__(
        self, ollama: Ollama, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._ollama = ollama
        self._sleep = sleep
        self._stem = f"{PREFIX}{secrets.token_hex(4)}"

    def name(self, tag: str) -> str:
        """Return a name of this run."""
        return f"{self._stem}:{tag}"

    async def clean(self) -> None:
        """Delete every model of this run, and only those; raise when some stay.

        A busy server fails now and then, and its list with it while models come and go.
        """
        for attempt in range(ATTEMPTS):
            try:
                left = [m.name for m in await self._ollama.list() if m.name.startswith(self._stem)]
                if not left:
                    return
                for name in left:
                    try:
                        await self._ollama.delete(name)
                    except NotFound:
                        continue
            except OllamaError:
                if attempt == ATTEMPTS - 1:
                    raise
            await self._sleep(PAUSE)
        raise AssertionError(f"models of this run stay on the server: {left}")


async def make_small(ollama: Ollama, name: str, folder: Path, *, license: str = "") -> None:
    """Make a model of some hundred kilobytes out of a file; raise OllamaError."""
    path = folder / "small.gguf"
    write_small(path)
    digest = f"sha256:{sha256(path.read_bytes()).hexdigest()}"
    if not await ollama.blob_exists(digest):
        await ollama.upload_blob(digest, path)
    request = CreateRequest(
        model=name, files={path.name: digest}, license=[license] if license else []
    )
    async with aclosing(ollama.create(request)) as events:
        async for _ in events:
            pass


async def smallest(ollama: Ollama, why: str = "") -> ListedModel:
    """Return the smallest model with weights that somebody else put there; skip without one."""
    local = [m for m in await ollama.list() if not m.remote_host and not m.remote_model]
    local = [m for m in local if m.size and not m.name.startswith(PREFIX)]
    if not local:
        pytest.skip(f"{why} The server has no model: pull one, such as qwen3:0.6b.".lstrip())
    return min(local, key=lambda model: model.size)


def write_small(path: Path) -> None:
    """Write a whole LLaMA of one layer with a vocabulary of bytes; its weights are zeros."""
    import gguf
    import numpy as np

    width, feed_forward, vocabulary = 64, 128, [f"<0x{byte:02X}>" for byte in range(256)]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("Small")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_context_length(512)
    writer.add_embedding_length(width)
    writer.add_block_count(1)
    writer.add_feed_forward_length(feed_forward)
    writer.add_head_count(4)
    writer.add_head_count_kv(4)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(width // 4)
    writer.add_vocab_size(len(vocabulary))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(vocabulary)
    writer.add_token_scores([0.0] * len(vocabulary))
    writer.add_token_types([gguf.TokenType.BYTE] * len(vocabulary))
    shapes = {
        "token_embd": (len(vocabulary), width),
        "output": (len(vocabulary), width),
        "output_norm": (width,),
        "blk.0.attn_norm": (width,),
        "blk.0.ffn_norm": (width,),
        **{f"blk.0.attn_{part}": (width, width) for part in ("q", "k", "v", "output")},
        "blk.0.ffn_gate": (feed_forward, width),
        "blk.0.ffn_up": (feed_forward, width),
        "blk.0.ffn_down": (width, feed_forward),
    }
    for name, shape in shapes.items():
        kind = np.float16 if len(shape) > 1 else np.float32
        writer.add_tensor(f"{name}.weight", np.zeros(shape, kind))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
