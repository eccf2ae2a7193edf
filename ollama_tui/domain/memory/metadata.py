"""The memory shape of a model from the metadata of its GGUF, as show or a file's header has them.

Arrays with a value for each layer are left out of show, unless it is verbose. Most of what they
say follows from the tensors, which are always there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from math import prod

import msgspec

from ollama_tui.api.replies import Show, Tensor, VerboseShow
from ollama_tui.domain.memory import architectures as known
from ollama_tui.domain.memory.shape import Basis, LayerGroup, MemoryShape
from ollama_tui.domain.quantization import BLOCKS

_MOST_LAYERS = 4096
_LARGEST = 2**53
"""No dimension is larger, and no product of what is worth a figure."""
_LONGEST_VALUE = 100_000
"""Characters of a value that is read; a number for each of the most layers has less."""
_BLOCK = re.compile(r"blk\.(\d{1,4})\.([a-z0-9_]+)")
_NUM_CTX = re.compile(r"^num_ctx\s+(\d{1,9})\s*$", re.MULTILINE)
_EMBEDDING = "token_embd.weight"
_OUTPUT = "output.weight"
_F32 = 4


def memory_shape(show: Show) -> MemoryShape | None:
    """Return the shape of a model by its details; None for one without GGUF metadata."""
    shape = shape_from(show.model_info, show.tensors)
    own = _NUM_CTX.search(show.parameters)
    if shape is None or own is None:
        return shape
    return msgspec.structs.replace(shape, num_ctx=int(own[1]))


def shape_from_verbose(show: VerboseShow, before: MemoryShape) -> MemoryShape | None:
    """Return the shape by all metadata; None if there is none in it.

    What they do not say is as it was `before`.
    """
    prefix = f"{before.architecture}."
    info: dict[str, object] = {"general.architecture": before.architecture}
    for key, text in show.model_info.items():
        if key.startswith(prefix) and len(text) <= _LONGEST_VALUE:
            with suppress(msgspec.DecodeError):
                info[key] = msgspec.json.decode(text)
    shape = shape_from(info, show.tensors)
    return shape and msgspec.structs.replace(shape, num_ctx=before.num_ctx)


def tensor_bytes(tensor: Tensor) -> int:
    """Return what a tensor takes, without padding; 0 when its type or shape means nothing."""
    weights, taken = BLOCKS.get(tensor.type.upper(), (1, 0))
    count = prod(tensor.shape) if tensor.shape else 0
    return -(-count // weights) * taken if count < _LARGEST else 0


def shape_from(info: Mapping[str, object], tensors: Iterable[Tensor]) -> MemoryShape | None:
    """Return the shape by metadata, as show or a header names them.

    None where they do not say which layers there are and what these keep.
    """
    architecture = info.get("general.architecture")
    if not isinstance(architecture, str):
        return None
    return _Reader(architecture, info, tuple(tensors)).shape()


class _Reader:
    """Reads the metadata of one model; what is missing makes an estimate of a figure."""

    def __init__(
        self, architecture: str, info: Mapping[str, object], tensors: tuple[Tensor, ...]
    ) -> None:
        self.architecture = architecture
        self._info = info
        self._tensors = tensors
        self.is_certain = architecture in known.KNOWN
        self.needs_verbose = False

    def shape(self) -> MemoryShape | None:
        """Return the shape; None when the metadata name no layers, or nothing of what they keep."""
        blocks = self.number("block_count")
        if not 0 < blocks <= _MOST_LAYERS:
            return None
        layers = max(0, blocks - self.number("nextn_predict_layers"))
        total = {t.name: tensor_bytes(t) for t in self._tensors}
        window = self._window(layers)
        groups, recurrent = self._layers(blocks, layers, window)
        if not groups and not recurrent and self.architecture not in known.WITHOUT_KV:
            return None
        embedding_shape = next((t.shape for t in self._tensors if t.name == _EMBEDDING), [])
        embedding = self.number("embedding_length")
        vocabulary = embedding_shape[1] if len(embedding_shape) > 1 else self.number("vocab_size")
        heads = max(self.per_layer("attention.head_count", layers) or [0])
        basis = Basis.EXACT if self.is_certain else Basis.ESTIMATE
        if self.needs_verbose:
            basis = Basis.ESTIMATE
        return MemoryShape(
            architecture=self.architecture,
            weights=sum(total.values()) if all(total.values()) else 0,
            on_cpu=total.get(_EMBEDDING, 0) if _OUTPUT in total else 0,
            layers=groups,
            window=window,
            recurrent=recurrent,
            vocabulary=vocabulary,
            embedding=embedding,
            heads=heads,
            context_length=self.number("context_length"),
            basis=basis,
            needs_verbose=self.needs_verbose,
            widest=min(self._widest(layers, embedding, heads), _LARGEST),
            inputs=min(self._inputs(blocks, embedding), _LARGEST),
        )

    @cached_property
    def _rows(self) -> dict[tuple[int, str], list[int]]:
        """Dimensions of the tensors of each layer, by layer and name."""
        named = ((_BLOCK.match(tensor.name), tensor.shape) for tensor in self._tensors)
        return {(int(match[1]), match[2]): shape for match, shape in named if match}

    # ---- values

    def value(self, key: str) -> object:
        """Return `<architecture>.<key>`; None where it is missing or left out."""
        return self._info.get(f"{self.architecture}.{key}")

    def is_left_out(self, key: str) -> bool:
        """Whether there is an array of that name that the answer does not hold."""
        name = f"{self.architecture}.{key}"
        return name in self._info and self._info[name] is None

    def number(self, key: str, default: int = 0) -> int:
        """Return a number that is one for all layers; `default` for anything else."""
        value = self.value(key)
        is_number = isinstance(value, int) and not isinstance(value, bool)
        return value if is_number and 0 <= value < _LARGEST else default  # type: ignore[operator, return-value]

    def per_layer(self, key: str, layers: int) -> list[int] | None:
        """Return a number for each layer, of one number or an array; None when not known."""
        value = self.value(key)
        if isinstance(value, Sequence) and not isinstance(value, str):
            numbers = [n if isinstance(n, int) and 0 <= n < _LARGEST else 0 for n in value]
            return numbers[:layers] if len(numbers) >= layers else None
        return [self.number(key)] * layers if self.number(key) or value == 0 else None

    # ---- layers

    def _window(self, layers: int) -> int:
        """Return the tokens of the sliding window; 0 where nothing slides."""
        sliding = known.SLIDING.get(self.architecture)
        if sliding is None or (sliding.only_with_layers not in (0, layers)):
            return 0
        if self.value("attention.sliding_window") == 0:
            return 0
        window = self.number("attention.sliding_window", sliding.window)
        return window and (sliding.fixed_window or window)

    def _slides(self, layers: int, window: int) -> list[bool]:
        """Return for each layer whether it slides."""
        if not window:
            return [False] * layers
        key = "attention.sliding_window_pattern"
        sliding, pattern = known.SLIDING[self.architecture], self.value(key)
        if isinstance(pattern, Sequence) and not isinstance(pattern, str):
            if len(pattern) >= layers:
                return [bool(each) for each in pattern[:layers]]
            self.is_certain = False
            return [False] * layers
        if self.is_left_out(key):
            return self._slides_by_tensors(layers)
        period = self.number(key, sliding.period)
        if not period:
            self.is_certain = False
            return [False] * layers
        if sliding.dense_first:
            return [i % period != 0 for i in range(layers)]
        return [i % period < period - 1 for i in range(layers)]

    def _slides_by_tensors(self, layers: int) -> list[bool]:
        """Return which layers slide by the length of their heads, where it differs for those."""
        full, sliding = self.number("attention.key_length"), self._sliding_length("key")
        if full != sliding:
            lengths = [self._rows.get((i, "attn_k_norm"), [0])[0] for i in range(layers)]
            if all(length in (full, sliding) for length in lengths):
                return [length == sliding for length in lengths]
        self.needs_verbose = True
        return [False] * layers

    def _sliding_length(self, of: str) -> int:
        return self.number(f"attention.{of}_length_swa", self.number(f"attention.{of}_length"))

    def _layers(self, blocks: int, layers: int, window: int) -> tuple[tuple[LayerGroup, ...], int]:
        """Return the layers with a KV cache in groups, and the recurrent state of the others."""
        name = self.architecture
        if name in known.WITHOUT_KV:
            return (), 0
        attends, recurs = self._kinds(layers)
        slides = self._slides(layers, window)
        last = known.FIRST_LAYERS_WITH_KV.get(name, layers)
        if name == "gemma4":
            last = max(0, blocks - self.number("attention.shared_kv_layers"))
        widths = self._widths(layers, slides, attends)
        kept = [
            (*widths[i], slides[i])
            for i in range(layers)
            if attends[i] and i < last and widths[i] != (0, 0)
        ]
        # Their order does not matter, so that like layers make one group.
        alike = Counter(kept)
        groups = tuple(LayerGroup(alike[each], *each) for each in sorted(alike))
        return groups, sum(recurs) * self._recurrent_bytes()

    def _kinds(self, layers: int) -> tuple[list[bool], list[bool]]:
        """Return for each layer whether it attends, and whether it has recurrent state."""
        name, all_layers = self.architecture, [True] * layers
        if name not in known.HYBRID:
            if self.number("ssm.state_size") or self.number("shortconv.l_cache"):
                self.is_certain = False
            return all_layers, [False] * layers
        if name in known.BOTH:
            return all_layers, all_layers
        if name in known.ALL_RECURRENT:
            return [False] * layers, all_layers
        if name in known.INTERVALS:
            named = self.value("attention.recurrent_layers")
            if isinstance(named, Sequence) and len(named) >= layers:
                recurs = [bool(each) for each in named[:layers]]
            elif self.is_left_out("attention.recurrent_layers") and self._has_all(layers):
                recurs = [not self._attends(i) for i in range(layers)]
            else:
                interval = self.number("full_attention_interval", 4) or 1
                recurs = [(i + 1) % interval != 0 for i in range(layers)]
            return [not each for each in recurs], recurs
        heads = self.per_layer("attention.head_count_kv", layers)
        if heads is None:
            if self._has_all(layers):
                attends = [self._attends(i) for i in range(layers)]
                recurs = [
                    (i, "ssm_in") in self._rows or (i, "shortconv") in self._rows
                    for i in range(layers)
                ]
                return attends, recurs
            self.needs_verbose = True
            return all_layers, [False] * layers
        if name in known.BY_FEED_FORWARD:
            forward = self.per_layer("feed_forward_length", layers)
            if forward is None and self._has_all(layers):
                forward = [int((i, "ffn_up") in self._rows) for i in range(layers)]
            self.needs_verbose = self.needs_verbose or forward is None
            forward = forward or [0] * layers
            idle = [each == 0 for each in forward]
            recurs = [heads[i] == 0 and idle[i] for i in range(layers)]
            return [idle[i] and not recurs[i] for i in range(layers)], recurs
        recurs = [each == 0 for each in heads]
        return [not each for each in recurs], recurs

    def _attends(self, layer: int) -> bool:
        return (layer, "attn_k") in self._rows or (layer, "attn_qkv") in self._rows

    def _has_all(self, layers: int) -> bool:
        """Whether the tensors of all layers are listed, so that a missing one says something."""
        return {layer for layer, _ in self._rows}.issuperset(range(layers))

    def _widths(
        self, layers: int, slides: Sequence[bool], attends: Sequence[bool]
    ) -> list[tuple[int, int]]:
        """Return the elements of keys and of values of one token, for each layer."""
        if not any(attends):
            return [(0, 0)] * layers
        keys, values = self.number("attention.key_length"), self.number("attention.value_length")
        if self.number("attention.key_length_mla") and self.number("attention.value_length_mla"):
            return [(keys, 0)] * layers
        heads = self.per_layer("attention.head_count", layers)
        if heads is not None and (most := max(heads, default=0)):
            keys = keys or self.number("embedding_length") // most
            values = values or self.number("embedding_length") // most
        kv_heads = self.per_layer("attention.head_count_kv", layers)
        if kv_heads is None and self.is_left_out("attention.head_count_kv"):
            return self._widths_by_tensors(layers, attends, (keys, values), heads)
        kv_heads = kv_heads or heads
        if kv_heads is None or not keys:
            self.is_certain = False
            return [(0, 0)] * layers
        short = self._sliding_length("key") or keys, self._sliding_length("value") or values
        lengths = [short if each else (keys, values) for each in slides]
        return [
            (count * key, count * value)
            for count, (key, value) in zip(kv_heads, lengths, strict=True)
        ]

    def _widths_by_tensors(
        self,
        layers: int,
        attends: Sequence[bool],
        lengths: tuple[int, int],
        heads: Sequence[int] | None,
    ) -> list[tuple[int, int]]:
        """Return the widths by the tensors that make keys and values of an embedding.

        Where a layer has one for both, it is told apart by what verbose details say; until then
        all heads count, which is never too little.
        """
        found: list[tuple[int, int]] = []
        for i in range(layers):
            key, value = self._rows.get((i, "attn_k")), self._rows.get((i, "attn_v"))
            if key is not None and len(key) > 1:
                # Layers without values of their own use their keys as such.
                found.append((key[1], value[1] if value and len(value) > 1 else key[1]))
            elif attends[i] and heads is not None:
                self.needs_verbose = True
                found.append((heads[i] * lengths[0], heads[i] * lengths[1]))
            else:
                self.needs_verbose = self.needs_verbose or attends[i]
                found.append((0, 0))
        return found

    def _recurrent_bytes(self) -> int:
        """Return the bytes of one recurrent layer's state for one sequence, in F32."""
        if cache := self.number("shortconv.l_cache"):
            return self.number("embedding_length") * (cache - 1) * _F32
        inner, state = self.number("ssm.inner_size"), self.number("ssm.state_size")
        convolution = inner + 2 * self.number("ssm.group_count") * state
        kernel = max(0, self.number("ssm.conv_kernel") - 1)
        return (kernel * convolution + state * inner) * _F32

    # ---- what a token takes while it is computed

    def _widest(self, layers: int, embedding: int, heads: int) -> int:
        """Return the elements that the widest step within a layer keeps of one token."""
        forward = max(self.per_layer("feed_forward_length", layers) or self._forward())
        if self.architecture in known.UNGATED:
            return max(0, 2 * forward - 3 * embedding)
        steps = [3 * forward + self.number("embedding_length_per_layer_input") * layers]
        if used := self.number("expert_used_count"):
            expert = self.number("expert_feed_forward_length") or forward
            steps += [3 * used * expert, (2 * used + 1) * embedding]
        if length := self.number("attention.key_length_mla"):
            steps.append(heads * (2 * self.number("attention.key_length") + length))
        return max(steps)

    def _forward(self) -> list[int]:
        """Return the feed-forward lengths by the tensors, where the metadata have none."""
        shapes = [self._rows[key] for key in self._rows if key[1] == "ffn_up"]
        return [shape[1] for shape in shapes if len(shape) == 2] or [0]

    def _inputs(self, blocks: int, embedding: int) -> int:
        """Return the elements that are kept of one token until all layers are through."""
        is_kept = self.architecture == "gemma4"
        per_layer = self.number("embedding_length_per_layer_input") * blocks if is_kept else 0
        images = self.number("n_deepstack_layers")
        return per_layer + (images and (4 * images + 5) * embedding)
