"""Synthetic vision transformers and detectors."""
