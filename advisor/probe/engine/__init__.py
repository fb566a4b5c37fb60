"""Runs graphs with ONNX Runtime and times them, in a child of its own."""
