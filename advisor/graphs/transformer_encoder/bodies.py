"""Whole text encoders: ModernBERT, DeBERTa v2 and v3, and those that normalize after each half. Pure.

Source: torch.onnx (opset 20) of the classes of transformers 5.24 that carry these model types; JinaBERT, which is not
among them, of the code published with it (jinaai/jina-bert-implementation).
"""

from advisor.graphs.transformer_encoder import attention
from advisor.graphs.transformer_encoder.pen import NOT_COUNTED, TextPen, finish, table
from advisor.graphs.transformer_encoder.shape import TextShape
from advisor.graphs.vision import parts
from advisor.graphs.vision.drawing import Tensor
from advisor.graphs.vision.pen import integers, number

_RELATIVE_BUCKETS = 32
"""Rows of MPNet's table of distances."""
_CUBE, _GELU_CUBIC, _GELU_ROOT = 3.0, 0.044714998453855515, 0.7978845834732056
"""[1] Source: Hendrycks and Gimpel, arXiv 1606.08415, section 2, in 32 bits."""
_DEBERTA_EPSILON = 1e-7
_BERT_EPSILON = 1e-12
_BOOL, _INT32, _INT64 = 9, 6, 7
"""Numbers of these types in onnx.proto3."""
_SIDES = ("query", "key", "value")


def draw_modern(pen: TextPen, shape: TextShape, num_layers: int) -> None:
    """Draw ModernBERT: norms first, no biases, local layers between global ones, each turned by tables of its own."""
    x = pen.embedding("words", pen.ids, shape.vocab_size, shape.hidden_size)
    x = pen.norm("embedding/norm", x, bias=False)
    tokens, views = pen.num_tokens, dict[bool, Tensor]()
    for index in range(num_layers):
        name, everything = f"layer.{index}", shape.is_global(index)
        if everything not in views:
            allowed = ("truth", 1, 1, tokens, 1) if everything else ("band", tokens, shape.local_reach)
            views[everything] = pen.seen(table(*allowed))
        y = pen.norm(f"{name}/attention_norm", x, bias=False) if index else x
        query, key, value = _packed(pen, f"{name}/attention", y, shape.num_heads)
        turn = "rotary/global" if everything else "rotary/local"
        query, key = attention.rotary(pen, turn, query), attention.rotary(pen, turn, key)
        y = parts.attend(pen, query, key, value, views[everything], guarded=True)
        x = pen.add(x, pen.linear(f"{name}/attention/output", y, shape.hidden_size, bias=False))
        x = pen.add(x, _geglu(pen, name, pen.norm(f"{name}/mlp_norm", x, bias=False), shape))
    finish(pen, shape, pen.norm("last_norm", x, bias=False))


def _packed(pen: TextPen, name: str, x: Tensor, num_heads: int) -> list[Tensor]:
    """Return queries, keys and values of one product, each (batch, heads, tokens, head size)."""
    batch, tokens, width = x.shape
    axis, size = 2, width // num_heads
    both = pen.linear(f"{name}/packed", x, 3 * width, bias=False)
    both = pen.reshape(both, (batch, tokens, 3, num_heads, size))
    found = []
    for index in range(3):
        cut = pen.slice(both, axis, index, index + 1)
        flat = pen.node("Squeeze", [cut, integers(axis)], (batch, tokens, num_heads, size))
        found.append(pen.transpose(flat, 0, 2, 1, 3))
    return found


def _geglu(pen: TextPen, name: str, x: Tensor, shape: TextShape) -> Tensor:
    both = pen.linear(f"{name}/up", x, 2 * shape.intermediate_size, bias=False)
    halves = [(*x.shape[:2], shape.intermediate_size)] * 2
    first, gate = pen.split("Split", [both], halves, axis=2, num_outputs=2)
    y = pen.binary("Mul", pen.unary("Gelu", first, approximate="none"), gate)
    return pen.linear(f"{name}/down", y, shape.hidden_size, bias=False)


def draw_disentangled(pen: TextPen, shape: TextShape, num_layers: int) -> None:
    """Draw DeBERTa v2 or v3: distances are read in every layer, words have no place of their own."""
    x = pen.embedding("words", pen.ids, shape.vocab_size, shape.hidden_size)
    x = pen.binary("Mul", pen.norm("embedding/norm", x, epsilon=_DEBERTA_EPSILON), pen.floats_of_mask())
    batch, tokens = pen.num_batch, pen.num_tokens
    rows = pen.node("Unsqueeze", [pen.mask, integers(1, 2)], (batch, 1, 1, tokens))
    columns = pen.node("Unsqueeze", [pen.mask, integers(1, 3)], (batch, 1, tokens, 1))
    pairs = pen.binary("Mul", rows, columns)
    hidden = pen.unary("Not", pen.cast(pairs, _BOOL))
    vectors = pen.weight("distances/weight", (2 * shape.num_buckets, shape.hidden_size))
    vectors = pen.norm("distances/norm", vectors, epsilon=_DEBERTA_EPSILON)
    distances = pen.node("Unsqueeze", [vectors, integers(0)], (1, *vectors.shape))
    for index in range(num_layers):
        name = f"layer.{index}"
        y = attention.disentangled(pen, f"{name}/attention", x, shape, distances, hidden)
        x = pen.norm(f"{name}/attention_norm", pen.add(y, x), epsilon=_DEBERTA_EPSILON)
        y = _mlp(pen, name, x, shape)
        x = pen.norm(f"{name}/mlp_norm", pen.add(y, x), epsilon=_DEBERTA_EPSILON)
    finish(pen, shape, x)


def draw_post_norm(pen: TextPen, shape: TextShape, num_layers: int) -> None:
    """Draw MPNet, ALBERT, ELECTRA, Nomic, GTE, Jina v2 and v3: BERT with other places, gates or shared layers."""
    x = _embed(pen, shape)
    seen = pen.seen(table("truth", 1, 1, pen.num_tokens, 1))
    added = _added(pen, shape)
    for index in range(num_layers):
        name = "layer" if shape.shared_layers else f"layer.{index}"
        y = _attention(pen, f"{name}/attention", x, shape, added, seen)
        x = pen.norm(f"{name}/attention_norm", pen.add(y, x), epsilon=_BERT_EPSILON)
        x = pen.norm(f"{name}/mlp_norm", pen.add(_mlp(pen, name, x, shape), x), epsilon=_BERT_EPSILON)
    finish(pen, shape, x)


def _embed(pen: TextPen, shape: TextShape) -> Tensor:
    width = shape.embedding_size
    x = pen.embedding("words", pen.ids, shape.vocab_size, width)
    if shape.num_token_types:
        x = pen.add(x, pen.types(shape, width))
    if shape.places in ("learned", "counted"):
        # The file holds the whole table; that of the text's own places is cut out when a session is made.
        rows = pen.weight("places/weight", (shape.num_positions, width))
        if shape.places == "learned":
            x = pen.add(x, pen.slice(rows, 0, shape.first_place, shape.first_place + pen.num_tokens))
        else:
            places = _counted(pen, shape.first_place)
            x = pen.add(x, pen.node("Gather", [rows, places], (*places.shape, width), axis=0))
    x = pen.norm("embedding/norm", x, epsilon=_BERT_EPSILON)
    return x if width == shape.hidden_size else pen.linear("embedding/projection", x, shape.hidden_size)


def _counted(pen: TextPen, first: int) -> Tensor:
    """Return places that skip padding, counted up from the ids (`create_position_ids_from_input_ids`)."""
    padding = f"scalar:{first - 1}"
    words = pen.cast(pen.unary("Not", pen.node("Equal", [pen.ids, padding], pen.ids.shape)), _INT32)
    wide = pen.cast(words, _INT64)
    total = pen.cast(pen.node("CumSum", [wide, "scalar:1"], wide.shape, exclusive=0, reverse=0), _INT32)
    return pen.binary("Add", pen.cast(pen.binary("Mul", total, words), _INT64), padding)


def _added(pen: TextPen, shape: TextShape) -> list[Tensor]:
    """Return what all layers add to their scores besides the padding."""
    heads, tokens = shape.num_heads, pen.num_tokens
    if shape.relative_bias:  # looked up once while exporting: a number for each head and pair of tokens
        counted = _RELATIVE_BUCKETS / tokens**2
        return [pen.weight("relative/scores", (1, heads, tokens, tokens), counted=counted)]
    if shape.places == "distance":
        slopes = pen.weight("slopes", (1, heads, 1, 1), counted=NOT_COUNTED)
        return [pen.node("Mul", [slopes, table("distances", tokens)], (1, heads, tokens, tokens))]
    return []


def _attention(
    pen: TextPen, name: str, x: Tensor, shape: TextShape, added: list[Tensor], seen: Tensor
) -> Tensor:  # fmt: skip
    sides = [pen.linear(f"{name}/{part}", x, shape.hidden_size, bias=shape.qkv_bias) for part in _SIDES]
    if added:
        flat = pen.reshape(sides[1], (*x.shape[:2], shape.num_heads, shape.head_size))
        query, value = (parts.heads(pen, side, shape.num_heads) for side in (sides[0], sides[2]))
        y = attention.plain(pen, query, pen.transpose(flat, 0, 2, 3, 1), value, [*added, seen])
    else:
        query, key, value = (parts.heads(pen, side, shape.num_heads) for side in sides)
        if shape.places == "rotary":
            query, key = attention.rotary(pen, "rotary", query), attention.rotary(pen, "rotary", key)
        y = parts.attend(pen, query, key, value, seen, guarded=True)
    return pen.linear(f"{name}/output", y, shape.hidden_size, bias=shape.qkv_bias)


def _mlp(pen: TextPen, name: str, x: Tensor, shape: TextShape) -> Tensor:
    if shape.gate_packed:
        both, inner = pen.linear(f"{name}/up", x, 2 * shape.intermediate_size, bias=False), shape.intermediate_size
        y = pen.binary("Mul", _activate(pen, pen.slice(both, 2, 0, inner), shape), pen.slice(both, 2, inner))
        return pen.linear(f"{name}/down", y, shape.hidden_size, bias=shape.down_bias)
    y = _activate(pen, pen.linear(f"{name}/up", x, shape.intermediate_size, bias=shape.up_bias), shape)
    if shape.gated:
        y = pen.binary("Mul", y, pen.linear(f"{name}/gate", x, shape.intermediate_size, bias=shape.up_bias))
    return pen.linear(f"{name}/down", y, shape.hidden_size, bias=shape.down_bias)


def _activate(pen: TextPen, x: Tensor, shape: TextShape) -> Tensor:
    if shape.activation != "gelu-parts":
        return parts.activate(pen, x, shape.activation)
    cube = pen.scale(pen.binary("Pow", x, number(_CUBE)), _GELU_CUBIC)
    inner = pen.unary("Tanh", pen.scale(pen.add(x, cube), _GELU_ROOT))
    return pen.binary("Mul", pen.scale(x, 0.5), pen.binary("Add", inner, number(1.0)))
