"""The kernel families whose rates differ, and which candidate runs under which."""

from typing import Literal

from advisor.catalog.model import Format

KernelFamily = Literal["fp32", "fp16", "bf16", "fp8", "int8", "int4", "k-quant", "int8-dynamic", "conv"]
KERNEL_FAMILIES: tuple[KernelFamily, ...] = (
    "fp32", "fp16", "bf16", "fp8", "int8", "int4", "k-quant", "int8-dynamic", "conv",
)  # fmt: skip
"""Order in which the table of candidates numbers them."""
_DYNAMIC = "onnx-int8-dynamic"


def family(how: Format, *, convolutions: bool = False) -> KernelFamily:
    """Return the family of a candidate's products.

    Args:
        how: its format. Weights of 8 bits with one scale for a whole matrix run in other kernels than those in blocks.
        convolutions: the model is a network of convolutions: no format quantizes them.
    """
    if convolutions:
        return "conv"
    return "int8-dynamic" if how.id == _DYNAMIC else how.kernel_family
