"""Synthetic text encoders beyond BERT: ModernBERT, DeBERTa and others."""
