"""Power, energy and carbon."""
