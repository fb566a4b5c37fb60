"""Measuring an ONNX file of the user's: what is asked, which inputs are made, what came out."""
