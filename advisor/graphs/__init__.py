"""Synthetic ONNX graphs with the exact shapes of a model."""
