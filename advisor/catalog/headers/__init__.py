"""Sizes of models from the headers of their weight files. Reads a few kilobytes of each file, never a weight."""
