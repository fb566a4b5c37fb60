"""The answer on paper."""
