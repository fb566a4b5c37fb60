"""Run calls and children off the GUI thread."""
