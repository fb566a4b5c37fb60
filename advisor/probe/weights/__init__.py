"""Probes with the model's real weights: real files, tokenizer and texts, measured as the synthetic probe does."""
