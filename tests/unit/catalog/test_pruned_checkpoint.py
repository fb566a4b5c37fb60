"""Models of which parts were cut out layer by layer: sized exactly from their tensors, and estimated from them."""

import json

import pytest
from header_files import write_safetensors

from advisor.catalog import local_model
from advisor.estimate import table
from advisor.report import local_model as words

HIDDEN, HEADS, SIZE, VOCAB = 64, 4, 16, 100
INNER = (256, 96, 160)
KEPT_HEADS = (4, 2, 3)


@pytest.fixture
def pruned(tmp_path):
    """A Llama whose layers kept different numbers of heads and inner neurons."""
    tensors = {"model.embed_tokens.weight": ("F16", (VOCAB, HIDDEN)), "model.norm.weight": ("F16", (HIDDEN,)),
               "lm_head.weight": ("F16", (VOCAB, HIDDEN))}  # fmt: skip
    for layer, (inner, heads) in enumerate(zip(INNER, KEPT_HEADS, strict=True)):
        stem, width = f"model.layers.{layer}", heads * SIZE
        for name, shape in (
            ("self_attn.q_proj", (width, HIDDEN)), ("self_attn.k_proj", (width, HIDDEN)),
            ("self_attn.v_proj", (width, HIDDEN)), ("self_attn.o_proj", (HIDDEN, width)),
            ("mlp.gate_proj", (inner, HIDDEN)), ("mlp.up_proj", (inner, HIDDEN)), ("mlp.down_proj", (HIDDEN, inner)),
            ("input_layernorm", (HIDDEN,)), ("post_attention_layernorm", (HIDDEN,)),
        ):  # fmt: skip
            tensors[f"{stem}.{name}.weight"] = ("F16", shape)
    write_safetensors(tmp_path / "model.safetensors", tensors)
    config = {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": HIDDEN,
              "intermediate_size": INNER[0], "num_attention_heads": HEADS, "num_key_value_heads": HEADS,
              "num_hidden_layers": 3, "vocab_size": VOCAB, "tie_word_embeddings": False}  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(config), "utf-8")
    return tmp_path


def expected():
    blocks = sum(4 * heads * SIZE * HIDDEN + 3 * inner * HIDDEN for inner, heads in zip(INNER, KEPT_HEADS, strict=True))
    return 2 * VOCAB * HIDDEN + HIDDEN + 3 * 2 * HIDDEN + blocks


def test_it_is_sized_by_the_tensors_that_are_there(pruned):
    model = local_model.load(pruned)
    assert model.known.num_parameters == expected()
    assert (model.known.agrees, model.known.family_known) == (False, True)
    assert model.checkpoint.weight_bytes() == 2 * expected()
    assert "would have" in words.recognised(model)
    assert any("Layers differ in shape" in text for text in words.remarks(model))


def test_its_estimate_counts_the_matrices_that_are_there(pruned):
    model = local_model.load(pruned)
    built = table.build(local_model.candidates(model))
    (place,) = [index for index, item in enumerate(built.candidates) if item.format.id == "onnx-fp32"]
    products = expected() - VOCAB * HIDDEN - 7 * HIDDEN  # a looked-up table and norms are not multiplied
    assert built.column("weight_bytes")[place] == 4 * expected()
    assert built.column("decoder_flops")[place] + built.column("head_flops")[place] == 2 * products
    assert built.column("speed_known").all()
