"""What the weights of a model hold, beyond their headers. Reads every byte: in a child, never in the window."""
