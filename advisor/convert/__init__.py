"""Brings models onto this computer: downloaded and converted, in child processes."""
