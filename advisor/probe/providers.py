"""Which execution provider of ONNX Runtime runs a model, and whether it really did. Pure; imports no runtime.

Only the CPU provider was ever run by this project. The choice for all others and the reading of their placement are
tested with written answers and are unverified on hardware.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from advisor.errors import InvalidInputError
from advisor.hardware.model import HardwareProfile

CPU = "CPUExecutionProvider"
ProviderId = Literal["cpu", "cuda", "rocm", "migraphx", "directml", "coreml", "openvino", "qnn"]
_DEVICE_MEMORY_SHARE = 0.9
"""[1] Of the free memory of a card: the driver and the screen keep the rest."""
_SHOWN_OPERATORS = 3


class ProviderUse(msgspec.Struct, frozen=True, kw_only=True):
    """One provider as a session is given it."""

    name: str
    """The runtime's name, `CUDAExecutionProvider`."""
    options: dict[str, str] = {}
    device: str = "cpu"
    """`cpu`, `gpu:0` (place among the machine's graphics processors) or `npu:0`."""


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """What the runtime gave to one provider."""

    provider: str
    num_nodes: int
    num_by_operator: dict[str, int]
    """`Conv` or `com.microsoft:MatMulNBits` -> nodes, most frequent first."""


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Providers in the order the runtime tries them; the last is the processor."""

    uses: tuple[ProviderUse, ...]
    passed_over: tuple[str, ...] = ()
    """Why a provider that the runtime has is not used, one sentence each."""


class _Provider(msgspec.Struct, frozen=True, kw_only=True):
    id: ProviderId
    name: str
    label: str
    vendors: frozenset[str] = frozenset()
    """Of the graphics processors it runs on; empty: of any."""
    storages: frozenset[str] = frozenset()
    """How weights may be stored so that the matrix products have a kernel there."""
    decoders: bool = False
    """Whether GroupQueryAttention over a cache of 32-bit floats has a kernel there."""


_PROVIDERS: tuple[_Provider, ...] = (
    _Provider(
        id="cuda", name="CUDAExecutionProvider", label="CUDA", vendors=frozenset({"NVIDIA"}),
        storages=frozenset({"float32", "blocks4", "blocks8"}),
    ),
    _Provider(
        id="rocm", name="ROCMExecutionProvider", label="ROCm", vendors=frozenset({"AMD"}),
        storages=frozenset({"float32"}),
    ),
    _Provider(
        id="migraphx", name="MIGraphXExecutionProvider", label="MIGraphX", vendors=frozenset({"AMD"}),
        storages=frozenset({"float32", "blocks4"}),
    ),
    _Provider(id="directml", name="DmlExecutionProvider", label="DirectML", storages=frozenset({"float32", "blocks4"})),
    _Provider(
        id="coreml", name="CoreMLExecutionProvider", label="CoreML", vendors=frozenset({"Apple"}),
        storages=frozenset({"float32"}),
    ),
    _Provider(
        id="openvino", name="OpenVINOExecutionProvider", label="OpenVINO", vendors=frozenset({"Intel"}),
        storages=frozenset({"float32", "blocks4"}),
    ),
    _Provider(id="qnn", name="QNNExecutionProvider", label="QNN"),
    _Provider(
        id="cpu", name=CPU, label="the processor", storages=frozenset({"float32", "blocks4", "blocks8", "dynamic8"}),
        decoders=True,
    ),
)  # fmt: skip
"""In the order of choice. Source of `storages` and `decoders`: ONNX Runtime, docs/OperatorKernels.md, and the
configurations onnxruntime-genai's builder (0.18) accepts: GroupQueryAttention with 32-bit floats on the CPU only, with
16-bit floats on CUDA and DirectML. QNN runs models that were quantized for it beforehand, none of ours."""
_BY_NAME = {provider.name: provider for provider in _PROVIDERS}
_BY_ID: Mapping[str, _Provider] = {provider.id: provider for provider in _PROVIDERS}
PROVIDER_IDS: tuple[str, ...] = tuple(_BY_ID)


def processor() -> ProviderUse:
    """Return the CPU provider, which every session has."""
    return ProviderUse(name=CPU)


def label(name: str) -> str:
    """Return a provider's short name for people: `CUDA` for `CUDAExecutionProvider`."""
    known = _BY_NAME.get(name)
    return known.label if known is not None else name.removesuffix("ExecutionProvider")


def select(
    available: Sequence[str], profile: HardwareProfile, *, storage_name: str | None = None, decoder: bool = False
) -> Selection:
    """Return the providers for a model, best first, the processor last.

    Args:
        available: names the runtime gives, from the job `providers`.
        profile: the machine.
        storage_name: how the weights are stored; null: not known, as of a file of the user's.
        decoder: whether the graph keeps a cache that attention appends to.
    """
    uses: list[ProviderUse] = []
    passed_over: list[str] = []
    for provider in _PROVIDERS:
        if provider.id == "cpu" or provider.name not in available:
            continue
        device = _device(provider, profile)
        why_not = _why_not(provider, device, storage_name, decoder=decoder)
        if why_not:
            passed_over.append(f"{provider.label} is not used: {why_not}.")
        elif device is not None:
            uses.append(_use(provider, device, profile))
    return Selection(uses=(*uses[:1], processor()), passed_over=tuple(passed_over))


def forced(wanted: str, available: Sequence[str], profile: HardwareProfile) -> Selection:
    """Return one provider the user named, and the processor for the nodes that it has no kernel for.

    Args:
        wanted: `cpu`, `cuda`, ... or the runtime's own name of a provider.
        available: names the runtime gives.
        profile: the machine.

    Raises:
        InvalidInputError: `provider-unknown`, or `provider-unavailable` with what is available.
    """
    provider = _BY_ID.get(wanted.lower()) or _BY_NAME.get(wanted)
    here = ", ".join(_short(name) for name in available if name in _BY_NAME) or "cpu"
    if provider is None:
        raise InvalidInputError(
            "provider-unknown",
            f"There is no execution provider named {wanted!r}.",
            remedy=f"Known: {', '.join(PROVIDER_IDS)}; available here: {here}.",
        )
    if provider.id == "cpu":
        return Selection(uses=(processor(),))
    if provider.name not in available:
        raise InvalidInputError(
            "provider-unavailable",
            f"This installation of ONNX Runtime has no {provider.label} provider.",
            remedy=f"Available here: {here}. Another ONNX Runtime package brings {provider.label}.",
        )
    device = _device(provider, profile) or "gpu:0"
    return Selection(uses=(_use(provider, device, profile), processor()))


def placement(records: Iterable[tuple[str, str, str]]) -> tuple[Placement, ...]:
    """Count the nodes each provider got, the busiest first.

    Args:
        records: provider, operator domain and operator type of each node, as the runtime records them.
    """
    found: dict[str, Counter[str]] = {}
    for name, domain, operator in records:
        found.setdefault(name, Counter())[f"{domain}:{operator}" if domain else operator] += 1
    placed = (
        Placement(provider=name, num_nodes=counts.total(), num_by_operator=dict(counts.most_common()))
        for name, counts in found.items()
    )
    return tuple(sorted(placed, key=lambda item: (-item.num_nodes, item.provider)))


def fallbacks(requested: Sequence[str], registered: Sequence[str], placed: Sequence[Placement]) -> tuple[str, ...]:
    """Return what did not run where it was asked to, one sentence each; nothing when the processor was asked for.

    Args:
        requested: names given to the session, best first.
        registered: names the session has.
        placed: which provider got which nodes; empty where the runtime did not record it.
    """
    wanted = next((name for name in requested if name != CPU), None)
    if wanted is None:
        return ()
    name = label(wanted)
    if wanted not in registered:
        return (f"{name} was asked for, but ONNX Runtime started without it: all ran on the processor.",)
    total = sum(item.num_nodes for item in placed)
    elsewhere = [item for item in placed if item.provider != wanted]
    if total and sum(item.num_nodes for item in elsewhere) == total:
        return (f"{name} was asked for, but no node of the model ran on it.",)
    return tuple(
        f"{item.num_nodes} of {total} nodes ran on {label(item.provider)} in place of {name}: {_operators(item)}."
        for item in elsewhere
    )


def really_ran(requested: Sequence[ProviderUse], registered: Sequence[str], placed: Sequence[Placement]) -> ProviderUse:
    """Return the provider that ran most of the model.

    Args:
        requested: given to the session, best first.
        registered: names the session has.
        placed: which provider got which nodes; empty: the first one registered counts.
    """
    busiest = placed[0].provider if placed else next(iter(registered), CPU)
    known = {use.name: use for use in requested if use.name in registered}
    return known.get(busiest) or ProviderUse(name=busiest)


def _operators(item: Placement) -> str:
    shown = [f"{name} ({count})" for name, count in item.num_by_operator.items()][:_SHOWN_OPERATORS]
    more = len(item.num_by_operator) - len(shown)
    return ", ".join(shown) + (f" and {more} other kinds" if more else "")


def _short(name: str) -> str:
    return _BY_NAME[name].id


def _device(provider: _Provider, profile: HardwareProfile) -> str | None:
    """Return the device of this machine that a provider runs on, or nothing."""
    if provider.id == "qnn":
        return "npu:0" if profile.npus else None
    for index, gpu in enumerate(profile.gpus):
        if not provider.vendors or gpu.vendor.value in provider.vendors:
            return f"gpu:{index}"
    return "npu:0" if provider.id == "openvino" and profile.npus else None


def _why_not(provider: _Provider, device: str | None, storage_name: str | None, *, decoder: bool) -> str:
    if device is None:
        return "this machine has no device for it that is known"
    if storage_name is not None and storage_name not in provider.storages:
        return f"it has no kernel for weights stored as {storage_name}"
    if decoder and not provider.decoders:
        return "its attention over a cache needs 16-bit floats, and the test model keeps 32-bit ones"
    return ""


def _use(provider: _Provider, device: str, profile: HardwareProfile) -> ProviderUse:
    return ProviderUse(name=provider.name, options=_options(provider, device, profile), device=device)


def _options(provider: _Provider, device: str, profile: HardwareProfile) -> dict[str, str]:
    """Return the options of a provider. Source: onnxruntime.ai, execution providers, one page each."""
    match provider.id:
        case "cuda":
            limit = _memory_limit(device, profile)
            return {"device_id": _number(provider, device, profile), "arena_extend_strategy": "kSameAsRequested",
                    **({"gpu_mem_limit": str(limit)} if limit else {})}  # fmt: skip
        case "rocm" | "migraphx" | "directml":
            return {"device_id": _number(provider, device, profile)}
        case "coreml":
            return {"ModelFormat": "MLProgram", "MLComputeUnits": "ALL"}
        case "openvino":
            return {"device_type": "NPU" if device.startswith("npu") else "GPU"}
        case "qnn":
            return {"backend_type": "htp"}
        case _:
            return {}


def _number(provider: _Provider, device: str, profile: HardwareProfile) -> str:
    """Return the device's place among those the provider counts: those of its vendors."""
    place = int(device.partition(":")[2])
    before = profile.gpus[:place]
    return str(sum(not provider.vendors or gpu.vendor.value in provider.vendors for gpu in before))


def _memory_limit(device: str, profile: HardwareProfile) -> int | None:
    place = int(device.partition(":")[2])
    free = profile.gpus[place].free_bytes.value if place < len(profile.gpus) else None
    return None if free is None else int(_DEVICE_MEMORY_SHARE * free)
