"""Model cards written by hand, small enough to build and run."""

from advisor.catalog import formats
from advisor.catalog.model import Architecture, Candidate, ModelCard, ParameterFacts
from advisor.graphs import traits
from advisor.graphs.shape import DecoderShape

QWEN = {
    "model_type": "qwen2", "num_hidden_layers": 24, "hidden_size": 896, "intermediate_size": 4864,
    "num_attention_heads": 14, "num_key_value_heads": 2, "head_dim": 64, "vocab_size": 151936,
    "tie_word_embeddings": True, "max_position_embeddings": 32768,
}  # fmt: skip
QWEN_PARAMETERS = 494_032_768
"""Published total of Qwen2.5-0.5B."""
MINILM = {
    "model_type": "bert", "num_hidden_layers": 6, "hidden_size": 384, "intermediate_size": 1536,
    "num_attention_heads": 12, "num_key_value_heads": 12, "head_dim": 32, "vocab_size": 30522,
    "tie_word_embeddings": True, "max_position_embeddings": 512,
}  # fmt: skip
MINILM_PARAMETERS = 22_713_216
"""Published total of all-MiniLM-L6-v2, pooler included."""
TINY = {
    "num_hidden_layers": 2, "hidden_size": 64, "intermediate_size": 128, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 16, "vocab_size": 320, "tie_word_embeddings": True,
    "max_position_embeddings": 512,
}  # fmt: skip


def card(fields, *, parameters=None, tasks=("text-generation",), **changes):
    architecture = Architecture(**{**fields, **changes})
    return ModelCard(
        id="maker/model", family="Model", tasks=tuple(tasks), architecture=architecture,
        parameters=ParameterFacts(num_computed=parameters, verification="exact"),
    )  # fmt: skip


def tiny_decoder(model_type="llama", **changes):
    return card(TINY, model_type=model_type, **changes)


def tiny_encoder(model_type="bert", **changes):
    return card(TINY, model_type=model_type, num_key_value_heads=4, tasks=changes.pop("tasks", ("x",)), **changes)


def candidate(model, format_id="onnx-int4-b32"):
    return Candidate(model=model, format=formats.by_id(format_id))


def tiny_shape(model_type="llama", **changes) -> DecoderShape:
    shape = traits.decoder_shape(tiny_decoder(model_type, **changes))
    assert shape is not None
    return shape
