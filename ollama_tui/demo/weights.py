"""Metadata and tensors of GGUF files: made up from a model's sizes, or read from uploads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Literal

from ollama_tui.demo.http import Fault
from ollama_tui.importing import gguf
from ollama_tui.importing.gguf import parse_header
from ollama_tui.importing.local_file import BadFile

FILE_TYPES = {name.removesuffix("_MOE"): number for number, name in gguf.FILE_TYPES.items()}
"""Numbers of `general.file_type` by name."""
BITS = {"F32": 32.0, "F16": 16.0, "BF16": 16.0, "Q8_0": 8.5, "Q4_K_M": 4.85, "Q4_K_S": 4.58}
"""Bits per weight of the types the server can quantize from and to."""
HIDDEN = ("general.name", "tokenizer.chat_template")

Tensor = dict[str, Any]
"""`name`, `type` and `shape`, as show lists them."""


@dataclass(frozen=True, slots=True)
class GeneratedArray:
    """An array of the metadata that is only made when somebody asks for it with verbose."""

    length: int
    item: Callable[[int], Any]


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """Metadata of one GGUF file and a way to list its tensors."""

    metadata: Mapping[str, Any]
    tensors: Callable[[], list[Tensor]]

    @property
    def architecture(self) -> str:
        """Value of `general.architecture`; empty when there is none."""
        return str(self.metadata.get("general.architecture", ""))

    @property
    def kind(self) -> Literal["model", "projector", "adapter"]:
        """Which part of a model it is."""
        if self.metadata.get("general.type") == "adapter":
            return "adapter"
        return "projector" if self.architecture == "clip" else "model"

    @property
    def file_type(self) -> str:
        """Name of the quantization; `unknown` for any other number."""
        number = self.metadata.get("general.file_type")
        return next((name for name, n in FILE_TYPES.items() if n == number), "unknown")

    @property
    def parameter_count(self) -> int:
        """Number of parameters."""
        return int(self.metadata.get("general.parameter_count", 0))

    @property
    def chat_template(self) -> str:
        """The Jinja template inside the file; may be empty."""
        return str(self.metadata.get("tokenizer.chat_template", ""))

    def own(self, key: str) -> Any:
        """Return `<architecture>.<key>`, None when absent."""
        return self.metadata.get(f"{self.architecture}.{key}")

    def info(self, verbose: bool, *, hidden: tuple[str, ...] = HIDDEN) -> dict[str, Any]:
        """Return the metadata sorted by key; arrays are None unless `verbose`."""
        found: dict[str, Any] = {}
        for key in sorted(self.metadata.keys() - set(hidden)):
            value = self.metadata[key]
            is_array = isinstance(value, GeneratedArray | list)
            if verbose and isinstance(value, GeneratedArray):
                value = [value.item(index) for index in range(value.length)]
            found[key] = None if is_array and not verbose else value
        return found

    def quantized(self, file_type: str) -> WeightsFile:
        """Return the same weights in another type."""
        metadata = {**self.metadata, "general.file_type": FILE_TYPES[file_type]}
        blocks = int(self.own("block_count") or 0)
        return WeightsFile(
            metadata,
            lambda: [
                {**tensor, "type": _tensor_type(tensor["name"], file_type, blocks)}
                if len(tensor["shape"]) > 1
                else tensor
                for tensor in self.tensors()
            ],
        )


def read_gguf(head: bytes, size: int) -> WeightsFile:
    """Return the content of a GGUF file of `size` bytes from its first bytes.

    Raises Fault in the words of the server when it is cut or damaged.
    """
    try:
        header = parse_header(BytesIO(head), size, "upload", keep_arrays=True)
    except BadFile:
        raise Fault("EOF") from None
    for tensor in header.tensors:
        end = header.weights_at + tensor.offset + tensor.bytes
        if end > size:
            problem = f"offset+size ({end}) exceeds file size ({size})"
            raise Fault(f'tensor "{tensor.name}" {problem}')
    found = {key: _plain(value) for key, value in header.metadata.items()}
    found.setdefault("general.parameter_count", header.parameters)
    listed = [{"name": t.name, "type": t.type, "shape": list(t.shape)} for t in header.tensors]
    return WeightsFile(found, lambda: list(listed))


def _plain(value: gguf.Value) -> Any:
    return [_plain(item) for item in value.items] if isinstance(value, gguf.Array) else value


def _tensor_type(name: str, file_type: str, blocks: int) -> str:
    """Return the type of a matrix: `Q4_K_M` stores some of them with six bits.

    Those are the last one, and of the sensitive ones the first and last eighth of the blocks and
    every third between, as llama.cpp chooses.
    """
    if not file_type.startswith("Q4_K"):
        return file_type
    if name == "output.weight":
        return "Q6_K"
    if file_type == "Q4_K_M" and ("attn_v" in name or "ffn_down" in name):
        block, eighth = int(name.split(".")[1]), blocks // 8
        if block < eighth or block >= 7 * blocks // 8 or (block - eighth) % 3 == 2:
            return "Q6_K"
    return "Q4_K"


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a transformer, from which its metadata and tensors follow."""

    arch: str
    parameters: int
    file_type: str = "Q4_K_M"
    context: int = 4096
    embedding: int = 4096
    blocks: int = 32
    heads: int = 32
    kv_heads: int = 8
    feed_forward: int = 14336
    vocab: int = 128256
    basename: str = ""
    experts: int = 0
    expert_feed_forward: int = 0
    """Of one expert, where it is not the feed-forward of the model."""
    head: int = 0
    """Length of a head; 0 where the embedding is split among them."""
    window: int = 0
    """Tokens of the sliding window; 0 for none."""
    pooling: int | None = None
    vision_blocks: int = 0
    chat_template: str = ""

    def weights(self) -> WeightsFile:
        """Return the weights of these sizes."""
        return WeightsFile(metadata(self), lambda: list(tensors(self)))


def metadata(shape: Shape) -> dict[str, Any]:
    """Return the GGUF metadata of `shape` in the order of a file, without empty keys."""
    own = {
        "attention.head_count": shape.heads,
        "attention.head_count_kv": shape.kv_heads,
        "attention.key_length": shape.head or None,
        "attention.layer_norm_rms_epsilon": 1e-05,
        "attention.sliding_window": shape.window or None,
        "attention.value_length": shape.head or None,
        "block_count": shape.blocks,
        "context_length": shape.context,
        "embedding_length": shape.embedding,
        "expert_count": shape.experts or None,
        "expert_feed_forward_length": shape.expert_feed_forward or None,
        "feed_forward_length": shape.feed_forward,
        "pooling_type": shape.pooling,
        "rope.freq_base": None if shape.pooling is not None else 1000000,
        "vision.block_count": shape.vision_blocks or None,
        "vocab_size": shape.vocab,
    }
    found: dict[str, Any] = {
        "general.architecture": shape.arch,
        "general.basename": shape.basename or shape.arch.title(),
        "general.file_type": FILE_TYPES[shape.file_type],
        "general.license": "apache-2.0",
        "general.name": shape.basename or shape.arch.title(),
        "general.parameter_count": shape.parameters,
        "general.quantization_version": 2,
        "general.size_label": parameter_size(shape.parameters),
        "general.type": "model",
        **{f"{shape.arch}.{key}": value for key, value in own.items()},
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "default",
        "tokenizer.ggml.tokens": GeneratedArray(shape.vocab, lambda n: f"tok{n:x}"),
        "tokenizer.ggml.token_type": GeneratedArray(shape.vocab, lambda n: 3 if n < 3 else 1),
        "tokenizer.ggml.merges": GeneratedArray(shape.vocab // 2, lambda n: f"t{n % 997} o{n}"),
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
        "tokenizer.chat_template": shape.chat_template or None,
    }
    return {key: value for key, value in found.items() if value is not None}


def tensors(shape: Shape) -> Iterator[Tensor]:
    """Yield name, type and shape of the tensors of `shape`, named as llama.cpp names them."""
    wide = [shape.embedding, shape.vocab]
    if shape.pooling is None:
        yield _tensor("output.weight", wide, shape)
        yield _tensor("output_norm.weight", [shape.embedding], shape)
    yield _tensor("token_embd.weight", wide, shape)
    for index in range(shape.blocks):
        yield from _block(shape, f"blk.{index}")
    for index in range(shape.vision_blocks):
        yield _tensor(f"v.blk.{index}.attn_qkv.weight", [1152, 3456], shape, "F16")
        yield _tensor(f"v.blk.{index}.ln1.weight", [1152], shape)


def _block(shape: Shape, prefix: str) -> Iterator[Tensor]:
    head = shape.head or shape.embedding // shape.heads
    width, key, query = shape.embedding, head * shape.kv_heads, head * shape.heads
    experts = [shape.experts] if shape.experts else []
    suffix = "_exps.weight" if experts else ".weight"
    forward = shape.expert_feed_forward or shape.feed_forward
    sizes = {
        "attn_k.weight": [width, key],
        "attn_norm.weight": [width],
        "attn_output.weight": [query, width],
        "attn_q.weight": [width, query],
        "attn_v.weight": [width, key],
        f"ffn_down{suffix}": [forward, width, *experts],
        f"ffn_gate{suffix}": [width, forward, *experts],
        "ffn_norm.weight": [width],
        f"ffn_up{suffix}": [width, forward, *experts],
    }
    for name, size in sizes.items():
        yield _tensor(f"{prefix}.{name}", size, shape)


def _tensor(name: str, size: list[int], shape: Shape, kind: str = "") -> Tensor:
    matrix = kind or _tensor_type(name, shape.file_type, shape.blocks)
    return {"name": name, "type": matrix if len(size) > 1 else "F32", "shape": size}


def projector(parameters: int, blocks: int = 24, embedding: int = 1024) -> WeightsFile:
    """Return a vision projector."""
    found: dict[str, Any] = {
        "clip.has_llava_projector": True,
        "clip.has_text_encoder": False,
        "clip.has_vision_encoder": True,
        "clip.projector_type": "mlp",
        "clip.use_gelu": False,
        "clip.vision.attention.head_count": 16,
        "clip.vision.attention.layer_norm_epsilon": 1e-05,
        "clip.vision.block_count": blocks,
        "clip.vision.embedding_length": embedding,
        "clip.vision.feed_forward_length": embedding * 4,
        "clip.vision.image_mean": GeneratedArray(3, lambda _: 0.48145467),
        "clip.vision.image_size": 336,
        "clip.vision.image_std": GeneratedArray(3, lambda _: 0.26862955),
        "clip.vision.patch_size": 14,
        "clip.vision.projection_dim": 768,
        "general.architecture": "clip",
        "general.file_type": 1,
        "general.name": "Vision projector",
        "general.parameter_count": parameters,
        "general.type": "mmproj",
    }
    return WeightsFile(found, list)


def adapter(arch: str) -> WeightsFile:
    """Return a LoRA adapter for models of `arch`."""
    found = {"general.architecture": arch, "general.type": "adapter", "adapter.type": "lora"}
    return WeightsFile({**found, "adapter.lora.alpha": 16.0}, list)


def parameter_size(count: float) -> str:
    """Return a parameter count as the server writes it: `8.0B`, `137.00M`, `5K`."""
    if count >= 1e9:
        return f"{count / 1e9:.1f}B"
    if count >= 1e6:
        return f"{count / 1e6:.2f}M"
    return f"{count / 1e3:.0f}K" if count >= 1e3 else f"{count:.0f}"
