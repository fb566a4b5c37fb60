"""Synthetic convolutional networks."""
