"""The answer: the smallest model that is enough."""
