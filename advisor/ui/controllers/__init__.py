"""React to intent, call the domain, replace the snapshot."""
