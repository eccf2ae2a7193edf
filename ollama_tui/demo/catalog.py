"""What the demo's registry offers: models with the sizes of well-known ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from ollama_tui.demo import texts as t
from ollama_tui.demo.weights import Shape

Newer = Literal["weights", "template", "license"]


@dataclass(frozen=True, slots=True)
class CatalogModel:
    """A model of the registry, and whether and since when it is installed here."""

    name: str
    size: int
    """Bytes of the weights."""
    shape: Shape
    template: str = ""
    licenses: tuple[str, ...] = (t.PERMISSIVE,)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    system: str = ""
    projector: int = 0
    """Bytes of a vision projector; 0 for none."""
    config: Mapping[str, Any] = field(default_factory=dict)
    age: float = 30.0
    """Days since it was pulled here, or else pushed there."""
    installed: bool = True
    aliases: tuple[str, ...] = ()
    """Other tags of the registry for the same manifest."""
    installed_aliases: Mapping[str, float] = field(default_factory=dict)
    runners: tuple[str, ...] = ()
    """Runners for which the registry has a manifest each, in a list; empty for a single one."""
    newer: tuple[Newer, ...] = ()
    """What of it is newer in the registry than on this server."""


def _stop(*words: str) -> dict[str, Any]:
    return {"stop": list(words)}


_IM = _stop("<|im_start|>", "<|im_end|>")
_QWEN3 = {**_IM, "temperature": 0.6, "top_k": 20, "top_p": 0.95, "repeat_penalty": 1}
_GEMMA = {**_stop("<end_of_turn>"), "temperature": 1, "top_k": 64, "top_p": 0.95}
_EOT = _stop("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")
_LLAMA = (t.COMMUNITY, t.USE_POLICY)
_B = 1_000_000_000
_gemma2 = partial(Shape, "gemma2", vocab=256000, head=256, window=4096)
_gemma3 = partial(Shape, "gemma3", vocab=262144, head=256, window=1024)
_gptoss = partial(Shape, "gptoss", vocab=201088, head=64, window=128)
_qwen3moe = partial(Shape, "qwen3moe", vocab=151936, experts=128, expert_feed_forward=768, head=128)

ADAPTERS = {"sql": 168_035_680}
"""Bytes of LoRA adapters."""

CATALOG: tuple[CatalogModel, ...] = (
    CatalogModel(
        "qwen3:1.7b",
        1_359_279_008,
        Shape("qwen3", 2_031_739_904, "Q4_K_M", 40960, 2048, 28, 16, 8, 6144, 151936),
        t.CHATML_THINKING,
        parameters=_QWEN3,
        age=1.2,
        runners=("llamacpp", "mlx"),
    ),
    CatalogModel(
        "qwen3:8b",
        5_225_374_528,
        Shape("qwen3", 8_190_735_360, "Q4_K_M", 40960, 4096, 36, 32, 8, 12288, 151936),
        t.CHATML_THINKING,
        parameters=_QWEN3,
        age=76.0,
        aliases=("qwen3:latest",),
    ),
    CatalogModel(
        "qwen3:30b-a3b",
        18_556_685_856,
        _qwen3moe(30_532_122_624, "Q4_K_M", 262144, 2048, 48, 32, 4, 6144),
        t.CHATML_THINKING,
        parameters=_QWEN3,
        age=33.5,
    ),
    CatalogModel(
        "gemma3:4b",
        3_338_792_448,
        _gemma3(4_299_915_632, "Q4_K_M", 131072, 2560, 34, 8, 4, 10240, vision_blocks=27),
        t.TURNS,
        (t.COMMUNITY,),
        _GEMMA,
        age=5.5,
        runners=("llamacpp", "mlx"),
        aliases=("gemma3:latest",),
        installed_aliases={"gemma3:latest": 5.4},
    ),
    CatalogModel(
        "llava:7b",
        4_108_916_384,
        Shape("llama", 7_241_732_096, "Q4_0", 32768, 4096, 32, 32, 8, 14336, 32000),
        t.INST,
        parameters=_stop("[INST]", "[/INST]"),
        projector=624_434_336,
        config={"model_families": ["llama", "clip"]},
        age=560.0,
        aliases=("llava:latest",),
    ),
    CatalogModel(
        "gpt-oss:20b",
        13_780_154_624,
        _gptoss(20_914_757_184, "MXFP4", 131072, 2880, 24, 64, 8, 2880, experts=32),
        t.HARMONY,
        parameters={"temperature": 1},
        age=0.4,
        aliases=("gpt-oss:latest",),
    ),
    CatalogModel(
        "nomic-embed-text:latest",
        274_290_656,
        Shape("nomic-bert", 136_727_040, "F16", 2048, 768, 12, 12, 12, 3072, 30522, pooling=1),
        parameters={"num_ctx": 8192},
        age=302.0,
        aliases=("nomic-embed-text:v1.5",),
    ),
    CatalogModel(
        "deepseek-r1:8b",
        5_225_373_760,
        Shape("qwen3", 8_190_735_360, "Q4_K_M", 131072, 4096, 36, 32, 8, 12288, 151936),
        t.CHATML + "<think>\n",
        parameters={**_IM, "temperature": 0.6, "top_p": 0.95},
        age=64.0,
        aliases=("deepseek-r1:latest",),
    ),
    CatalogModel(
        "codellama:7b-code",
        3_825_898_144,
        Shape("llama", 6_738_546_688, "Q4_0", 16384, 4096, 32, 32, 32, 11008, 32016),
        t.FILL,
        _LLAMA,
        {"rope_frequency_base": 1000000},
        age=690.0,
    ),
    CatalogModel(
        "llama3.2-vision:11b",
        5_963_057_056,
        Shape("mllama", 9_775_192_064, "Q4_K_M", 131072, 4096, 40, 32, 8, 14336, 128256),
        t.HEADERS,
        _LLAMA,
        {"temperature": 0.6, "top_p": 0.9},
        projector=1_939_133_472,
        age=190.0,
        aliases=("llama3.2-vision:latest",),
    ),
    CatalogModel(
        "llama3.2:3b",
        2_019_377_376,
        Shape("llama", 3_212_749_888, "Q4_K_M", 131072, 3072, 28, 24, 8, 8192, 128256),
        t.HEADERS_TOOLS,
        _LLAMA,
        _EOT,
        age=120.0,
        aliases=("llama3.2:latest",),
        installed_aliases={"llama3.2:latest": 118.0},
    ),
    CatalogModel(
        "llama3.1:8b",
        4_920_734_272,
        Shape("llama", 8_030_261_312, "Q4_K_M", 131072, 4096, 32, 32, 8, 14336, 128256),
        t.HEADERS_TOOLS,
        _LLAMA,
        _EOT,
        age=240.0,
        aliases=("llama3.1:latest",),
        newer=("weights",),
    ),
    CatalogModel(
        "mistral:7b",
        4_372_811_936,
        Shape("llama", 7_248_023_552, "Q4_K_M", 32768, 4096, 32, 32, 8, 14336, 32768),
        t.INST_TOOLS,
        parameters=_stop("[INST]", "[/INST]"),
        age=143.0,
        aliases=("mistral:latest",),
    ),
    CatalogModel(
        "mixtral:8x7b",
        26_442_493_120,
        Shape("llama", 46_702_792_704, "Q4_0", 32768, 4096, 32, 32, 8, 14336, 32000, experts=8),
        t.INST_TOOLS,
        parameters=_stop("[INST]", "[/INST]"),
        age=511.0,
    ),
    CatalogModel(
        "phi4-mini:3.8b",
        2_491_876_224,
        Shape("phi3", 3_836_021_856, "Q4_K_M", 131072, 3072, 32, 24, 8, 8192, 200064),
        t.CHATML_TOOLS,
        age=98.0,
        aliases=("phi4-mini:latest",),
    ),
    CatalogModel(
        "phi4:14b",
        9_053_114_464,
        Shape("phi3", 14_659_507_200, "Q4_K_M", 16384, 5120, 40, 40, 10, 17920, 100352),
        t.CHATML,
        parameters=_IM,
        age=99.0,
    ),
    CatalogModel(
        "bge-m3:latest",
        1_157_671_200,
        Shape("bert", 566_703_104, "F16", 8192, 1024, 24, 16, 16, 4096, 250002, pooling=2),
        age=270.0,
    ),
    CatalogModel(
        "mxbai-embed-large:latest",
        669_603_712,
        Shape("bert", 334_090_240, "F16", 512, 1024, 24, 16, 16, 4096, 30522, pooling=2),
        parameters={"num_ctx": 512},
        age=441.0,
    ),
    CatalogModel(
        "qwen2.5-coder:7b",
        4_683_073_184,
        Shape("qwen2", 7_615_616_512, "Q4_K_M", 32768, 3584, 28, 28, 4, 18944, 152064),
        t.FILL_CHAT,
        age=58.0,
    ),
    CatalogModel(
        "qwen2.5-coder:1.5b-base",
        986_061_888,
        Shape("qwen2", 1_543_714_304, "Q4_K_M", 32768, 1536, 28, 12, 2, 8960, 151936),
        t.FILL,
        age=58.5,
    ),
    CatalogModel(
        "starcoder2:3b",
        1_710_094_720,
        Shape("starcoder2", 3_181_466_112, "Q4_0", 16384, 3072, 30, 24, 2, 12288, 49152),
        t.FILL,
        (t.RESEARCH,),
        age=630.0,
        newer=("license",),
    ),
    CatalogModel(
        "gemma2:2b",
        1_629_509_152,
        _gemma2(2_614_341_888, "Q4_0", 8192, 2304, 26, 8, 4, 9216),
        t.TURNS,
        (t.COMMUNITY,),
        _stop("<start_of_turn>", "<end_of_turn>"),
        age=395.0,
    ),
    CatalogModel(
        "smollm2:135m",
        270_886_336,
        Shape("llama", 134_515_008, "F16", 8192, 576, 30, 9, 3, 1536, 49152),
        t.CHATML_TOOLS,
        parameters=_IM,
        system="You are a helpful little assistant.",
        age=20.0,
    ),
    CatalogModel(
        "tinyllama:1.1b-chat-fp16",
        2_200_927_616,
        Shape("llama", 1_100_048_384, "F16", 2048, 2048, 22, 32, 4, 5632, 32000),
        t.INST,
        age=417.0,
    ),
    CatalogModel(
        "devstral:24b",
        14_333_908_672,
        Shape("llama", 23_572_403_200, "Q4_K_M", 131072, 5120, 40, 32, 8, 32768, 131072),
        t.INST_TOOLS,
        parameters={"temperature": 0.15},
        system="You work on code with the tools you are given, and ask before you delete.",
        age=26.0,
        runners=("llamacpp", "mlx"),
    ),
    CatalogModel(
        "granite3.3:2b",
        1_545_303_328,
        Shape("granite", 2_533_539_840, "Q4_K_M", 131072, 2048, 40, 32, 8, 8192, 49159),
        t.CHATML_TOOLS,
        age=167.0,
        newer=("weights", "template"),
    ),
    CatalogModel(
        "hf.co/acme-labs/Compass-3B-GGUF:Q4_K_M",
        1_915_305_312,
        Shape(
            "llama",
            3_075_098_624,
            "Q4_K_M",
            65536,
            2048,
            36,
            16,
            4,
            11008,
            128256,
            chat_template=t.JINJA,
        ),
        licenses=(),
        config={"file_type": "unknown"},
        age=14.0,
    ),
    # Only in the registry
    CatalogModel(
        "qwen3:0.6b",
        522_640_096,
        Shape("qwen3", 751_632_384, "Q4_K_M", 40960, 1024, 28, 16, 8, 3072, 151936, head=128),
        t.CHATML_THINKING,
        parameters=_QWEN3,
        installed=False,
    ),
    CatalogModel(
        "qwen3:4b",
        2_497_280_480,
        Shape("qwen3", 4_022_468_096, "Q4_K_M", 262144, 2560, 36, 32, 8, 9728, 151936, head=128),
        t.CHATML_THINKING,
        parameters=_QWEN3,
        installed=False,
    ),
    CatalogModel(
        "gemma3:1b",
        815_310_432,
        _gemma3(999_885_952, "Q4_K_M", 32768, 1152, 26, 4, 1, 6912, window=512),
        t.TURNS,
        (t.COMMUNITY,),
        _GEMMA,
        installed=False,
    ),
    CatalogModel(
        "gemma3:12b",
        8_149_180_896,
        _gemma3(12_187_325_040, "Q4_K_M", 131072, 3840, 48, 16, 8, 15360, vision_blocks=27),
        t.TURNS,
        (t.COMMUNITY,),
        _GEMMA,
        installed=False,
    ),
    CatalogModel(
        "llama3.2:1b",
        1_321_082_688,
        Shape("llama", 1_235_814_432, "Q8_0", 131072, 2048, 16, 32, 8, 8192, 128256),
        t.HEADERS_TOOLS,
        _LLAMA,
        _EOT,
        installed=False,
    ),
    CatalogModel(
        "llama3.3:70b",
        42_520_397_952,
        Shape("llama", 70_553_706_560, "Q4_K_M", 131072, 8192, 80, 64, 8, 28672, 128256),
        t.HEADERS_TOOLS,
        _LLAMA,
        _EOT,
        installed=False,
        aliases=("llama3.3:latest",),
    ),
    CatalogModel(
        "all-minilm:latest",
        45_949_216,
        Shape("bert", 22_565_376, "F16", 512, 384, 6, 12, 12, 1536, 30522, pooling=1),
        installed=False,
    ),
)
