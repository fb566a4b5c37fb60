"""Models, formats and the tensors a model is made of."""

from typing import Annotated, Literal

import msgspec

Positive = Annotated[int, msgspec.Meta(gt=0)]
"""A size or count that a file may only give as one or more."""
Name = Annotated[str, msgspec.Meta(min_length=1)]
Natural = Annotated[int, msgspec.Meta(ge=0)]
"""A count that may be none at all."""

Runtime = Literal["onnxruntime", "llama.cpp", "transformers"]
TensorRole = Literal[
    "embedding", "position", "lm_head", "linear", "expert", "router", "norm", "bias", "conv", "state", "other"
]
"""`linear` and `expert` are 2-D matrices a format may quantize; `lm_head` and `embedding` follow their own."""
Part = Literal["text", "encoder", "decoder", "vision", "audio", "projector", "head", "backbone", "denoiser", "vae"]
LayerKind = Literal[
    "full_attention", "sliding_attention", "mla", "mamba1", "mamba2", "gated_delta_net", "short_conv", "rwkv",
    "rg_lru", "parallel_attention_mamba2", "mlp_only", "moe_only",
]  # fmt: skip


class MoeFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Mixture of experts."""

    num_experts: Positive
    num_experts_per_token: Positive
    expert_intermediate_size: Positive
    num_shared_experts: Natural = 0
    shared_expert_intermediate_size: Positive | None = None
    num_first_dense_layers: Natural = 0
    expert_layer_period: Positive = 1


class MlaFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Multi-head latent attention."""

    kv_lora_rank: Positive
    q_lora_rank: Positive | None = None
    qk_rope_head_dim: Positive
    qk_nope_head_dim: Positive
    v_head_dim: Positive


class SsmFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """State-space, linear-attention, convolution or recurrent layers. Fields not used by a kind are null."""

    kind: Literal["mamba1", "mamba2", "gated_delta_net", "short_conv", "rwkv4", "rg_lru"]
    num_ssm_layers: Positive
    num_attention_layers: Natural
    state_size: Positive | None = None
    conv_kernel: Positive | None = None
    expand: Positive | None = None
    num_heads: Positive | None = None
    head_dim: Positive | None = None
    num_groups: Positive | None = None
    inner_size: Positive | None = None
    num_key_heads: Positive | None = None
    num_value_heads: Positive | None = None
    key_head_dim: Positive | None = None
    value_head_dim: Positive | None = None
    attention_hidden_size: Positive | None = None
    lru_width: Positive | None = None


class EncoderDecoderFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sequence-to-sequence stack."""

    num_encoder_layers: Positive
    num_decoder_layers: Positive
    num_encoder_heads: Positive
    num_decoder_heads: Positive
    encoder_intermediate_size: Positive
    decoder_intermediate_size: Positive


class VisionFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Image tower or image model."""

    model_type: str
    hidden_size: Positive | None = None
    intermediate_size: Positive | None = None
    num_hidden_layers: Positive | None = None
    num_attention_heads: Positive | None = None
    image_size_px: tuple[Positive, ...] | None = None
    """One number for a square, else height and width."""
    patch_size_px: Positive | None = None
    num_tokens_per_image: Positive | None = None
    spatial_merge_size: Positive | None = None
    scale_factor: Positive | None = None
    depths: tuple[Positive, ...] | None = None
    hidden_sizes: tuple[Positive, ...] | None = None
    num_channels: Positive | None = None
    num_classes: Positive | None = None
    decoder_hidden_size: Positive | None = None


class AudioFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Speech encoder."""

    num_encoder_layers: Positive
    encoder_hidden_size: Positive
    num_encoder_heads: Positive | None = None
    num_mel_bins: Positive | None = None
    num_max_source_positions: Positive | None = None
    subsampling_factor: Positive | None = None


class DetectorFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Object detector."""

    backbone: str
    num_encoder_layers: Positive | None = None
    num_decoder_layers: Positive | None = None
    d_model: Positive | None = None
    num_queries: Positive | None = None
    backbone_depths: tuple[Positive, ...] | None = None
    backbone_hidden_sizes: tuple[Positive, ...] | None = None
    num_backbone_layers: Positive | None = None
    backbone_image_size_px: Positive | None = None
    backbone_patch_size_px: Positive | None = None


class Architecture(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The shape of a model, as far as it is sourced. Null means not sourced, never zero."""

    model_type: str
    num_hidden_layers: Positive | None = None
    hidden_size: Positive | None = None
    intermediate_size: Positive | None = None
    num_attention_heads: Positive | None = None
    num_key_value_heads: Positive | None = None
    head_dim: Positive | None = None
    vocab_size: Positive | None = None
    tie_word_embeddings: bool | None = None
    max_position_embeddings: Positive | None = None
    sliding_window: Positive | None = None
    """[tokens] Null when it is not smaller than the context."""
    layer_pattern: dict[str, Positive] | None = None
    """Number of layers of each kind, in the words of the facts table."""
    global_head_dim: Positive | None = None
    """Head size of full-attention layers where it differs from `head_dim` (Gemma 4)."""
    num_global_key_value_heads: Positive | None = None
    """Key-value heads of full-attention layers where they differ (Gemma 4)."""
    num_kv_shared_layers: Natural | None = None
    per_layer_embedding_size: Positive | None = None
    input_embedding_size: Positive | None = None
    """Width of the embedding table where it differs from `hidden_size` (ALBERT, ELECTRA)."""
    moe: MoeFacts | None = None
    mla: MlaFacts | None = None
    ssm: SsmFacts | None = None
    encoder_decoder: EncoderDecoderFacts | None = None
    vision: VisionFacts | None = None
    audio: AudioFacts | None = None
    detector: DetectorFacts | None = None


class CacheFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Elements a decoder keeps per sequence; multiply by the bytes of one element."""

    num_elements_per_token: Natural = 0
    """Full-attention (or latent) cache: grows with the context without end."""
    num_elements_per_token_windowed: Natural = 0
    """Sliding-window cache: grows up to `window` tokens."""
    window: Positive | None = None
    """[tokens]"""
    num_state_elements: Natural = 0
    """Constant state of recurrent layers, whatever the context."""


class Figure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One published quality figure. Figures of different benchmarks or metrics are never mixed into one number."""

    benchmark: str
    metric: str
    value: float
    source: str
    note: str | None = None


class ParameterFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Parameter counts and how far they were verified."""

    num_published: Positive | None = None
    num_computed: Positive | None = None
    """Total of the configuration instantiated without weights, or null."""
    num_read_per_token: Positive | None = None
    """Weights read for one generated token (routed experts only), or null."""
    num_experts_parameters: Positive | None = None
    verification: str
    """`exact`, `within_1pct`, `published_only`, ... as in SOURCES.md."""
    components: dict[str, Positive] = {}
    """Parameters of each named component, where they were computed."""
    source: str | None = None
    """Where the published count comes from."""
    note: str | None = None
    """Why computed and published counts differ, where they do and the reason is known."""


ADAPTER = "adapter"
"""Name of the groups that an adapter laid over a model adds."""


class TensorGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Tensors of one shape and role: the unit from which parameters, bytes and FLOPs are all computed."""

    name: str
    """GGUF-style hint: `token_embd` (`token_embd_shared` where there is no output matrix of its own), `output`,
    `attn_q`, `attn_k`, `attn_v`, `attn_qkv`, `attn_output`, `ffn_gate`, `ffn_up`, `ffn_down`, `ffn_gate_exps`, ...,
    `ssm_in`, `ssm_out`, `norm`, `bias`."""
    role: TensorRole
    part: Part
    num_rows: int
    """Output features N (or the length of a vector)."""
    num_columns: int = 1
    """Input features K."""
    num_tensors: int = 1
    """How many of this shape there are in the whole model (layers x experts)."""
    num_layers: int = 1
    """Over how many layers they are spread: formats that treat some layers differently need it."""
    active_share: float = 1.0
    """Share of the tensors that one token visits: experts_per_token / experts for routed experts."""
    num_queries_per_kv: int = 1
    """Query heads per key-value head: llama.cpp's mixtures give `attn_v` more bits where it is 4 or more."""
    num_experts: int = 0
    """Routed experts of the model, 0 for none: llama.cpp's mixtures know models of 8 experts."""
    tied: bool = False
    """True for an lm_head that is the embedding table again, and for blocks used again (ALBERT, Zamba2): no parameters
    of its own, but read and multiplied."""

    def num_parameters(self) -> int:
        """Return the parameters stored, 0 for a tied copy."""
        return 0 if self.tied else self.num_rows * self.num_columns * self.num_tensors


class ReadFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was read from the headers of a model's own files, instead of from the catalog."""

    structure: Literal["decoder", "encoder", "encoder-decoder", "vision", "speech", "diffusion"] | None
    """How it works inside, where its family is not known to us; null to let the family decide."""
    groups: tuple[TensorGroup, ...]
    """Its tensors: those of its family where they come to exactly its parameters, else as they are in the files."""
    roles_from_names: bool = False
    """Its tensors are those of the files, and what each is for was guessed from its name."""


class ModelCard(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One published model."""

    id: Name
    """Hub id, `owner/name`."""
    family: str
    tasks: tuple[str, ...]
    """Hub pipeline tags and our extra words (`chat`, `multilingual`, `code`), as sourced."""
    licence: str | None = None
    licence_source: str | None = None
    released: str | None = None
    """`YYYY-MM`."""
    parameters: ParameterFacts
    architecture: Architecture | None = None
    cache: CacheFacts | None = None
    num_context_tokens: Positive | None = None
    languages: tuple[str, ...] | None = None
    """Codes as normalised by the build script, or null when not sourced. May under-report."""
    num_languages: Positive | None = None
    embedding_size: Positive | None = None
    quality: tuple[Figure, ...] = ()
    notes: str | None = None
    gaps: tuple[str, ...] = ()
    read: ReadFacts | None = None
    """Only for a model of the user's own: the catalog has none."""

    def num_parameters(self) -> int | None:
        """Return the total that runs: computed where it exists, else published."""
        return self.parameters.num_computed or self.parameters.num_published


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """How weights are stored and run."""

    id: str
    """`onnx-fp32`, `onnx-fp16`, `onnx-int8-dynamic`, `onnx-int8`, `onnx-int4-b32`, `onnx-int4-b128`, `gguf-q8_0`,
    `gguf-q6_k`, `gguf-q5_k_m`, `gguf-q4_k_m`, `gguf-q4_0`, `gguf-q3_k_m`, `gguf-q2_k`, `safetensors-bf16`,
    `safetensors-fp8`, `safetensors-nf4`."""
    label: str
    runtime: Runtime
    linear_bits: float
    """Nominal bits of a linear weight: 4 for int4, 4.5 for Q4_0, ..."""
    kernel_family: Literal["fp32", "fp16", "bf16", "fp8", "int8", "int4", "k-quant"]
    """Which roof of `estimate` its linear layers run under."""
    block_size: int | None = None
    cache_element_bytes: int
    """[B] One element of the attention cache as that runtime keeps it."""
    activation_element_bytes: int
    """[B] One activation element."""
    probe: Literal["synthetic", "weights-only", "no"]
    """`synthetic`: ONNX Runtime can run it here with made-up weights, where a graph family exists."""
    applies_to: tuple[str, ...] = ()
    """Structural kinds it exists for: `decoder`, `encoder`, `encoder-decoder`, `vision`, `speech`, `diffusion`."""
    note: str = ""


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A model in a format, to be judged for one task on one machine."""

    model: ModelCard
    format: Format
