"""Synthetic decoders with state-space, convolution or linear-attention layers."""
