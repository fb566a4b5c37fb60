"""Synthetic denoisers of latent diffusion: U-Nets and diffusion transformers."""
