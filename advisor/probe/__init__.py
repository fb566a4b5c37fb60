"""Measurement, inside the child."""
