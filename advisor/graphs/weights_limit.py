"""Where the weights of a graph go. Pure, for those who must not import onnx."""

INSIDE_LIMIT_BYTES = 2_000_000_000
"""[B] Weights below this are kept inside the graph's file: protobuf reads no message of 2 GiB."""
