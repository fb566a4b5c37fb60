"""What the user wants done."""
