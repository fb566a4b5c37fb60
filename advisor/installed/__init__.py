"""This installation: what it is made of, how it came here, and whether there is a newer one."""
