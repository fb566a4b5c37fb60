"""Models with their real weights, judged on text: what compression costs, and the user's own examples. In a child."""
