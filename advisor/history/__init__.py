"""SQLite store of profiles, probes and reports."""
