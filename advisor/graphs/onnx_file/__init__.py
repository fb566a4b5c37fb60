"""Reading ONNX files that were made elsewhere: their header only, never their weights. In a child only."""
