"""Which models and formats exist, and the tensors each is made of."""
