"""Synthetic decoders with mixtures of experts or latent attention."""
