"""The user's own examples: read, scored, compared with an interval. No model is run here."""
