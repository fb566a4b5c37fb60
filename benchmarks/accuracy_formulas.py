"""Public formulas of other tools, so that ours can be held against them. Sources: benchmarks/README.md."""

BITS = {"onnx-fp32": 32, "onnx-int8": 8, "onnx-int8-dynamic": 8, "onnx-int4-b32": 4, "onnx-int4-b128": 4}
LLMFIT_BYTES = {32: 4.0, 8: 1.05, 4: 0.58}
"""[B] A parameter, of the formats F32, Q8_0 and Q4_0."""
LLMFIT_SPEED = {32: None, 8: 0.8, 4: 1.15}
"""[1] Speed of Q8_0 and Q4_0; none is stated for F32."""
LLMFIT_X86 = 70.0
LLMFIT_CPU_ONLY = 0.3


def parameters_with_overhead_bytes(candidate, _workload):
    """BentoML, LLM inference handbook: parameters x bits / 8 x 1.2."""
    return candidate.model.num_parameters() * BITS[candidate.format.id] / 8 * 1.2


def weights_and_cache_bytes(candidate, workload):
    """llmfit and ggufit: parameters x bytes of the format, and the cache in 16 bits."""
    cache = candidate.model.cache
    elements = 0 if cache is None else cache.num_elements_per_token + cache.num_elements_per_token_windowed
    weights = candidate.model.num_parameters() * LLMFIT_BYTES[BITS[candidate.format.id]]
    return weights + 2 * elements * (workload.num_context_tokens or 0)


def bandwidth_token_s(candidate, bandwidth_bytes_per_s):
    """llama-roofline: time of a token = bytes of the model / measured bandwidth."""
    return candidate.model.num_parameters() * BITS[candidate.format.id] / 8 / bandwidth_bytes_per_s


def constant_token_s(candidate):
    """llmfit, 0.x: tokens/s = 70 / billions of parameters x factor of the format x 0.3 on a processor alone."""
    factor = LLMFIT_SPEED[BITS[candidate.format.id]]
    if factor is None:
        return None
    return candidate.model.num_parameters() / 1e9 / (LLMFIT_X86 * factor * LLMFIT_CPU_ONLY)
