"""Models with their real weights, ready to be run by ONNX Runtime on this computer: files, tokenizer, origin."""
