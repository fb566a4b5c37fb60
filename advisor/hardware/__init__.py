"""What this machine is: facts with their sources, one file per kind of part."""
