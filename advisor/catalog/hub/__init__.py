"""Models of a Hugging Face Hub: found, listed and sized over the network, only when the user asks for it."""
