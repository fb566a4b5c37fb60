"""Runs models with their real weights with ONNX Runtime, in a child of its own."""
