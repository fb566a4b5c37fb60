"""Synthetic encoder-decoders: T5, BART, Marian, NLLB, Whisper."""
