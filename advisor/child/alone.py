"""Starts the app in an interpreter that has not installed it: this file is run by its path.

Only the package itself is made known. Its folder is not put on the path: in an installed app that folder holds every
other package too, and those would hide the ones that the interpreter was chosen for. Nothing is written beside the
package's sources: bytecode there would outlive the app's removal. That of the interpreter's own packages is kept, for
the large ones start slowly without.
"""

import importlib.machinery
import importlib.util
import runpy
import sys
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


class _Unkept(importlib.machinery.SourceFileLoader):
    """Loads a source file and does not keep its bytecode."""

    def set_data(self, path: str, data: object, *, _mode: int = 0) -> None:  # type: ignore[explicit-override]
        """Write nothing."""


def _finder(folder: str) -> importlib.machinery.FileFinder:
    """Look for modules in a folder of the package; the interpreter's own finders take the others."""
    if not Path(folder).is_relative_to(_PACKAGE):
        raise ImportError
    return importlib.machinery.FileFinder(folder, (_Unkept, importlib.machinery.SOURCE_SUFFIXES))


if __name__ == "__main__":
    if sys.platform == "win32":
        import ctypes

        ctypes.windll.kernel32.SetDllDirectoryW(None)  # a bundle that starts this has set its own, and it is inherited
    sys.path_hooks.insert(0, _finder)
    start = _PACKAGE / "__init__.py"
    spec = importlib.util.spec_from_file_location(
        _PACKAGE.name, start, loader=_Unkept(_PACKAGE.name, str(start)), submodule_search_locations=[str(_PACKAGE)]
    )
    if spec is None or spec.loader is None:
        sys.exit(f"{_PACKAGE} is damaged; install Model Fit Advisor again.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[_PACKAGE.name] = module
    spec.loader.exec_module(module)
    runpy.run_module(f"{_PACKAGE.name}.__main__", run_name="__main__")
