"""Models, machines and workloads made by hand."""

from pathlib import Path

import msgspec

from advisor.catalog import formats
from advisor.catalog.model import (
    Architecture,
    CacheFacts,
    Candidate,
    EncoderDecoderFacts,
    MlaFacts,
    ModelCard,
    MoeFacts,
    ParameterFacts,
)
from advisor.estimate.families import KERNEL_FAMILIES
from advisor.estimate.model import PowerModel, Roof, Roofs
from advisor.evidence import Quantity
from advisor.hardware.model import (
    CpuFacts,
    DiskFacts,
    Fact,
    GpuFacts,
    HardwareProfile,
    MemoryFacts,
    OsFacts,
    PowerFacts,
    RuntimeFacts,
)
from advisor.task.model import Workload

REPOSITORY = Path(__file__).resolve().parents[1]
GIB = 1024**3
CHAT = Workload(num_input_tokens=100, num_output_tokens=50, num_context_tokens=2048)
READ = Workload(num_input_tokens=100, num_output_tokens=0)


def card(architecture=None, *, cache=None, tasks=("text-generation",), total=None, read=None, context=None, name="a/b"):
    return ModelCard(
        id=name,
        family="made",
        tasks=tasks,
        parameters=ParameterFacts(num_published=total, num_read_per_token=read, verification="published_only"),
        architecture=architecture,
        cache=cache,
        num_context_tokens=context,
    )


def llama(*, layers=4, hidden=256, heads=8, kv_heads=2, inner=512, vocab=1000, tied=True, cache=True, **changes):
    head_dim = hidden // heads
    shape = Architecture(
        model_type="llama",
        num_hidden_layers=layers,
        hidden_size=hidden,
        intermediate_size=inner,
        num_attention_heads=heads,
        num_key_value_heads=kv_heads,
        head_dim=head_dim,
        vocab_size=vocab,
        tie_word_embeddings=tied,
        max_position_embeddings=8192,
    )
    facts = CacheFacts(num_elements_per_token=2 * layers * kv_heads * head_dim) if cache else None
    return card(shape, cache=facts, **changes)


def windowed(window=64):
    shape = msgspec.structs.replace(
        llama().architecture,
        model_type="gemma3_text",
        sliding_window=window,
        layer_pattern={"sliding_attention": 3, "full_attention": 1},
    )
    cache = CacheFacts(num_elements_per_token=128, num_elements_per_token_windowed=384, window=window)
    return card(shape, cache=cache)


def mixture(*, experts=8, per_token=2):
    shape = msgspec.structs.replace(
        llama().architecture,
        model_type="mixtral",
        moe=MoeFacts(num_experts=experts, num_experts_per_token=per_token, expert_intermediate_size=512),
    )
    return card(shape, cache=CacheFacts(num_elements_per_token=512))


def latent():
    shape = Architecture(
        model_type="deepseek_v2",
        num_hidden_layers=2,
        hidden_size=256,
        intermediate_size=512,
        num_attention_heads=4,
        num_key_value_heads=4,
        vocab_size=1000,
        tie_word_embeddings=False,
        moe=MoeFacts(num_experts=4, num_experts_per_token=2, expert_intermediate_size=128, num_first_dense_layers=1),
        mla=MlaFacts(kv_lora_rank=64, qk_rope_head_dim=16, qk_nope_head_dim=32, v_head_dim=32),
    )
    return card(shape, cache=CacheFacts(num_elements_per_token=2 * (64 + 16)))


def translator():
    shape = Architecture(
        model_type="marian",
        hidden_size=128,
        intermediate_size=256,
        num_attention_heads=4,
        num_key_value_heads=4,
        head_dim=32,
        vocab_size=1000,
        tie_word_embeddings=True,
        max_position_embeddings=512,
        encoder_decoder=EncoderDecoderFacts(
            num_encoder_layers=3,
            num_decoder_layers=3,
            num_encoder_heads=4,
            num_decoder_heads=4,
            encoder_intermediate_size=256,
            decoder_intermediate_size=256,
        ),
    )
    return card(shape, cache=CacheFacts(num_elements_per_token=2 * 3 * 128), tasks=("translation",))


def candidate(model, format_id="onnx-int4-b32"):
    return Candidate(model=model, format=formats.by_id(format_id))


def quantity(value, unit, *, k=1.0, evidence="estimated"):
    return Quantity(value=value, low=value / k, high=value * k, unit=unit, evidence=evidence, basis="made by hand")


def roofs(
    *,
    stream=10e9,
    compute=100e9,
    attention=10e9,
    overhead=1e-6,
    runtime=50e6,
    free=GIB,
    k=1.0,
    evidence="estimated",
    device="cpu",
):
    return Roofs(
        device=device,
        label="a machine",
        roofs=tuple(
            Roof(
                family=family,
                stream_bytes_per_s=quantity(stream, "B/s", k=k, evidence=evidence),
                compute_flops_per_s=quantity(
                    compute * (0.4 if family == "conv" else 1.0), "FLOP/s", k=k, evidence=evidence
                ),
            )
            for family in KERNEL_FAMILIES
        ),
        attention_bytes_per_s=quantity(attention, "B/s", k=k, evidence=evidence),
        operator_overhead_s=quantity(overhead, "s", k=k, evidence=evidence),
        runtime_bytes=quantity(runtime, "B"),
        memory_free_bytes=free,
        memory_basis="made by hand",
    )


def power(*, watts=36.0, k=1.0, evidence="estimated"):
    return PowerModel(
        active_power_w=quantity(watts, "W", k=k, evidence=evidence),
        idle_power_w=quantity(5.0, "W"),
        boundary="everything",
    )


def fact(value, **changes):
    return Fact(value=value, source="made by hand", **changes)


def cpu(**changes):
    facts = {
        "vendor": "AMD",
        "model": "Processor nobody lists",
        "num_physical_cores": 4,
        "num_logical_cores": 8,
        "num_usable_cpus": 8.0,
        "l1d_bytes": None,
        "l2_bytes": None,
        "l3_bytes": None,
        "max_frequency_hz": 4e9,
        "instruction_sets": ("avx2", "fma"),
        "virtualised": False,
        "hypervisor": None,
        "container": "none",
        "power_limit_w": 40.0,
        "short_power_limit_w": None,
    }
    return CpuFacts(**{name: fact(value) for name, value in (facts | changes).items()})


def gpu(**changes):
    facts = {
        "vendor": "NVIDIA",
        "name": "A card",
        "total_bytes": 8 * GIB,
        "free_bytes": 7 * GIB,
        "unified_memory": False,
        "memory_bandwidth_bytes_per_s": 400e9,
        "power_limit_w": 200.0,
        "driver": None,
    }
    return GpuFacts(**{name: fact(value) for name, value in (facts | changes).items()})


def machine(processor=None, *, gpus=(), total=16 * GIB, available=8 * GIB, cgroup=None, speed=50e9):
    return HardwareProfile(
        name="made",
        created="2026-01-01T00:00:00Z",
        os=OsFacts(system=fact("Linux"), release=fact(None), kernel=fact(None), machine=fact("x86_64")),
        cpu=processor or cpu(),
        memory=MemoryFacts(
            total_bytes=fact(total),
            available_bytes=available if isinstance(available, Fact) else fact(available),
            cgroup_limit_bytes=fact(cgroup),
            swap_total_bytes=fact(0),
            swap_free_bytes=fact(0),
            speed_bytes_per_s=fact(speed),
        ),
        disk=DiskFacts(folder=fact(None), free_bytes=fact(None), total_bytes=fact(None)),
        gpus=gpus,
        npus=(),
        power=PowerFacts(source=fact("mains"), battery_share=fact(None), battery_capacity_wh=fact(None)),
        runtime=RuntimeFacts(version=fact(None), providers=fact(None)),
        fingerprint="made",
    )
