"""What a session says of its execution providers, and what they hold in a device's memory. Child only."""

import importlib
import os
from collections.abc import Sequence
from typing import Any

import onnxruntime as ort

from advisor.probe import providers
from advisor.probe.providers import Placement, ProviderUse

_RECORD_KEY = "session.record_ep_graph_assignment_info"
_NEEDS_NO_PATTERN = "DmlExecutionProvider"


def prepare(options: ort.SessionOptions, uses: Sequence[ProviderUse]) -> list[tuple[str, dict[str, str]]]:
    """Set what the providers need and return those the runtime has, in the form a session takes.

    Args:
        options: changed in place: the runtime is told to record which provider gets which node.
        uses: best first; those the runtime lacks are left out, and `fallbacks` will say so.
    """
    options.add_session_config_entry(_RECORD_KEY, "1")
    if any(use.name == _NEEDS_NO_PATTERN for use in uses):
        options.enable_mem_pattern = False  # DirectML's documentation asks for it
    here = set(ort.get_available_providers())
    return [(use.name, use.options) for use in uses if use.name in here]


def placement(session: ort.InferenceSession) -> tuple[Placement, ...]:
    """Return which provider got which nodes, nothing where the runtime did not record it.

    Source: `Session_GetEpGraphAssignmentInfo`, ONNX Runtime 1.24 and later. It is taken after the basic optimizations,
    so folded constants are not in it.
    """
    try:
        parts = session.get_provider_graph_assignment_info()
    except Exception:  # noqa: BLE001 - an older or a reduced build: not recorded
        return ()
    return providers.placement((part.ep_name, node.domain, node.op_type) for part in parts for node in part.get_nodes())


def device_memory_bytes(use: ProviderUse, nvml: Any = None) -> int | None:  # noqa: ANN401 - an untyped library
    """Return what this process holds in the memory of a CUDA device, or null where nothing tells.

    Args:
        use: the provider that ran.
        nvml: the library; `pynvml` by default.
    """
    if use.name != "CUDAExecutionProvider":
        return None
    try:
        if nvml is None:
            nvml = importlib.import_module("pynvml")
        nvml.nvmlInit()
    except Exception:  # noqa: BLE001 - no library or no driver: the figure is not known
        return None
    try:
        handle = nvml.nvmlDeviceGetHandleByIndex(int(use.options.get("device_id", "0")))
        processes = nvml.nvmlDeviceGetComputeRunningProcesses(handle)
        return next((int(item.usedGpuMemory) for item in processes if item.pid == os.getpid()), None)
    except Exception:  # noqa: BLE001 - NVML has one exception class per status
        return None
    finally:
        nvml.nvmlShutdown()
