"""Convolutional image models: ResNet, ConvNeXt, SegFormer, DETR."""

from collections.abc import Callable, Mapping

from advisor.catalog.inventory.parts import linear, need, norm, table, vector
from advisor.catalog.inventory.seq2seq import Block, stack
from advisor.catalog.model import Architecture, Part, TensorGroup

_RESNET_STEM = 64
_RESNET50 = ((3, 4, 6, 3), (256, 512, 1024, 2048))
_SEGFORMER_REDUCTIONS = (8, 4, 2, 1)
_DETR_INNER = 2048
_COLOURS = 3


def _conv(name: str, num_out: int, columns: int, num_layers: int = 1, *, bias: bool = False) -> list[TensorGroup]:
    return linear(name, num_out, columns, num_layers, bias=bias, part="backbone", role="conv")


def resnet_body(depths: tuple[int, ...], widths: tuple[int, ...], *, has_norms: bool = True) -> list[TensorGroup]:
    """Return a ResNet without classifier: plain blocks where widths start at the stem's, else bottlenecks.

    Args:
        depths: blocks in each stage.
        widths: output channels of each stage.
        has_norms: batch norms are weights; detectors freeze them into buffers.
    """
    groups = _conv("conv", _RESNET_STEM, _COLOURS * 49)
    channels = [_RESNET_STEM]
    before = _RESNET_STEM
    for depth, width in zip(depths, widths, strict=True):
        for index in range(depth):
            stage_in = before if index == 0 else width
            shapes = _resnet_block(stage_in, width, is_plain=widths[0] == _RESNET_STEM)
            if index == 0 and (stage_in != width or before != _RESNET_STEM):
                shapes.append((width, stage_in))
            for num_out, columns in shapes:
                groups += _conv("conv", num_out, columns)
            channels += [num_out for num_out, _ in shapes]
        before = width
    for num_out in channels if has_norms else ():
        groups += norm(num_out, bias=True, part="backbone")
    return groups


def _resnet_block(num_in: int, width: int, *, is_plain: bool) -> list[tuple[int, int]]:
    if is_plain:
        return [(width, 9 * num_in), (width, 9 * width)]
    inner = width // 4
    return [(inner, num_in), (inner, 9 * inner), (width, inner)]


def _classifier(components: Mapping[str, int], width: int) -> list[TensorGroup]:
    labels = components.get("classifier", 0) // (width + 1)
    return linear("cls.output", labels, width, bias=True, part="head") if labels else []


def resnet(shape: Architecture, components: Mapping[str, int]) -> list[TensorGroup]:
    """Return a ResNet with its classifier.

    Raises:
        ShapeNotSourced: a field is null.
    """
    facts = need(shape.vision)
    widths = need(facts.hidden_sizes)
    return resnet_body(need(facts.depths), widths) + _classifier(components, widths[-1])


def convnext(shape: Architecture, components: Mapping[str, int]) -> list[TensorGroup]:
    """Return a ConvNeXt; the second version normalises responses where the first scales layers."""
    facts = need(shape.vision)
    depths, widths = need(facts.depths), need(facts.hidden_sizes)
    second = shape.model_type == "convnextv2"
    groups = _conv("stem", widths[0], _COLOURS * 16, bias=True) + norm(widths[0], bias=True, part="backbone")
    for index, (depth, width) in enumerate(zip(depths, widths, strict=True)):
        if index:
            groups += norm(widths[index - 1], bias=True, part="backbone")
            groups += _conv("downsample", width, 4 * widths[index - 1], bias=True)
        groups += _conv("depthwise", width, 49, depth, bias=True) + norm(width, depth, bias=True, part="backbone")
        groups += linear("ffn_up", 4 * width, width, depth, bias=True, part="backbone")
        groups += linear("ffn_down", width, 4 * width, depth, bias=True, part="backbone")
        scale = 4 * width if second else width
        groups += vector("layer_scale", scale, depth, per_layer=2 if second else 1, part="backbone")
    return groups + norm(widths[-1], bias=True, part="backbone") + _classifier(components, widths[-1])


def segformer(shape: Architecture, components: Mapping[str, int]) -> list[TensorGroup]:
    """Return a SegFormer: four stages of attention over shrunken keys, and a decoder of linear layers."""
    facts = need(shape.vision)
    depths, widths, size = need(facts.depths), need(facts.hidden_sizes), need(facts.decoder_hidden_size)
    groups: list[TensorGroup] = []
    part: Part = "backbone"
    before = _COLOURS
    for index, (depth, width) in enumerate(zip(depths, widths, strict=True)):
        groups += _conv("patch_embd", width, before * (9 if index else 49), bias=True)
        groups += norm(width, 2 * depth + 2, bias=True, part=part)
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            groups += linear(name, width, width, depth, bias=True, part=part)
        reduction = _SEGFORMER_REDUCTIONS[index]
        if reduction > 1:
            groups += _conv("reduction", width, width * reduction**2, depth, bias=True)
            groups += norm(width, depth, bias=True, part=part)
        groups += linear("ffn_up", 4 * width, width, depth, bias=True, part=part)
        groups += _conv("depthwise", 4 * width, 9, depth, bias=True)
        groups += linear("ffn_down", width, 4 * width, depth, bias=True, part=part)
        groups += linear("decode", size, width, bias=True, part="head")
        before = width
    groups += linear("fuse", size, 4 * size, part="head", role="conv") + norm(size, bias=True, part="head")
    used = size * (sum(widths) + 4) + 4 * size * size + 2 * size
    labels = (components.get("decode_head", used) - used) // (size + 1)
    return groups + (linear("cls.output", labels, size, bias=True, part="head") if labels else [])


def detr(shape: Architecture, components: Mapping[str, int]) -> list[TensorGroup]:
    """Return a DETR with a ResNet-50 backbone, whose norms are frozen."""
    facts = need(shape.detector)
    size, widths = need(facts.d_model), _RESNET50[1]
    groups = resnet_body(*_RESNET50, has_norms=False)
    groups += linear("projection", size, widths[-1], bias=True, part="backbone", role="conv")
    encoder = Block(
        part="encoder", num_layers=need(facts.num_encoder_layers), hidden_size=size, attention_size=size,
        intermediate_size=_DETR_INNER,
    )  # fmt: skip
    decoder = Block(
        part="decoder", num_layers=need(facts.num_decoder_layers), hidden_size=size, attention_size=size,
        intermediate_size=_DETR_INNER, cross_attention=True,
    )  # fmt: skip
    groups += stack(encoder) + stack(decoder) + norm(size, bias=True, part="decoder")
    groups += table("query_embd", need(facts.num_queries), size, part="decoder")
    labels = components.get("class_labels_classifier", 0) // (size + 1)
    groups += linear("cls.output", labels, size, bias=True, part="head") if labels else []
    groups += linear("box", size, size, 2, bias=True, part="head")
    return groups + linear("box.output", 4, size, bias=True, part="head")


RULES: dict[str, Callable[[Architecture, Mapping[str, int]], list[TensorGroup]]] = {
    "resnet": resnet,
    "convnext": convnext,
    "convnextv2": convnext,
    "segformer": segformer,
    "detr": detr,
}
