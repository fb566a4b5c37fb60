"""The kernel families whose rates differ, and which candidate runs under which."""

from typing import Literal

from advisor.catalog.model import Format

KernelFamily = Literal["fp32", "fp16", "bf16", "fp8", "int8", "int4", "k-quant", "int8-dynamic", "conv", "int4-b128"]
KERNEL_FAMILIES: tuple[KernelFamily, ...] = (
    "fp32", "fp16", "bf16", "fp8", "int8", "int4", "k-quant", "int8-dynamic", "conv", "int4-b128",
)  # fmt: skip
"""Order in which the table of candidates numbers them."""
_OWN_KERNELS: dict[str, KernelFamily] = {"onnx-int8-dynamic": "int8-dynamic", "onnx-int4-b128": "int4-b128"}
"""Format -> family, where formats of the same bits differ in speed: blocks of 128 are a third quicker than of 32."""


def family(how: Format, *, convolutions: bool = False) -> KernelFamily:
    """Return the family of a candidate's products.

    Args:
        how: its format. Weights of 8 bits with one scale for a whole matrix run in other kernels than those in blocks,
            and long blocks in other ones than short blocks.
        convolutions: the model is a network of convolutions: no format quantizes them.
    """
    if convolutions:
        return "conv"
    return _OWN_KERNELS.get(how.id, how.kernel_family)
