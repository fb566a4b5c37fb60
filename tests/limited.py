"""Runs programs as users do who may not write everywhere: the administrator's right to do so is taken away."""

import os
import resource

_RIGHTS = "--bounding-set=-dac_override,-dac_read_search,-fowner"


def words(*command):
    """Return a command line that is bound by the permissions of files, whoever runs the tests."""
    return ["setpriv", _RIGHTS, *map(str, command)] if os.geteuid() == 0 else [*map(str, command)]


def no_file_above(size_bytes):
    """Return what to do in a child so that no file can grow above a size, as on a disk that is full."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, size_bytes))
