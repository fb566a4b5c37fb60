"""Synthetic speech encoders: wav2vec 2.0, HuBERT, FastConformer."""
