"""Where matplotlib keeps its list of fonts: with the app's own files that can be made again, not in the user's home."""

import os

from advisor import paths

_VARIABLE = "MPLCONFIGDIR"


def keep_in_cache() -> None:
    """Name the folder to matplotlib, which reads it when it is first imported; a folder the user has named stays."""
    os.environ.setdefault(_VARIABLE, str(paths.work_folder() / "matplotlib"))
