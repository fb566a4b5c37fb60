"""Cards of encoder-decoders written by hand, small enough to build and run."""

import cards

from advisor.catalog.model import AudioFacts, EncoderDecoderFacts

HALVES = EncoderDecoderFacts(
    num_encoder_layers=4, num_decoder_layers=2, num_encoder_heads=4, num_decoder_heads=4, encoder_intermediate_size=160,
    decoder_intermediate_size=160,
)  # fmt: skip
SMALL = {
    "hidden_size": 64, "head_dim": 16, "num_attention_heads": 4, "vocab_size": 320, "max_position_embeddings": 64,
    "tie_word_embeddings": True,
}  # fmt: skip
SOUND = AudioFacts(num_encoder_layers=4, encoder_hidden_size=64, num_mel_bins=20, num_max_source_positions=30)
WAVE = AudioFacts(num_encoder_layers=4, encoder_hidden_size=64)
KINDS = {
    "t5 plain": {"model_type": "t5", "encoder_decoder": {"encoder_intermediate_size": 256}},
    "t5 gated": {"model_type": "t5"},
    "bart": {"model_type": "bart"},
    "mbart": {"model_type": "mbart"},
    "pegasus": {"model_type": "pegasus"},
    "marian": {"model_type": "marian"},
    "m2m_100": {"model_type": "m2m_100"},
    "whisper": {"model_type": "whisper", "audio": SOUND, "max_position_embeddings": None},
    "moonshine": {"model_type": "moonshine", "audio": WAVE},
}


def card(kind, **changes):
    """A card of one of `KINDS`; `encoder_decoder` changes single fields of the two halves."""
    fields = {**SMALL, **KINDS[kind], **changes}
    halves = {**KINDS[kind].get("encoder_decoder", {}), **changes.get("encoder_decoder", {})}
    facts = EncoderDecoderFacts(**{**{name: getattr(HALVES, name) for name in HALVES.__struct_fields__}, **halves})
    return cards.card({**fields, "encoder_decoder": facts}, tasks=("translation",))
