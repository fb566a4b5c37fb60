"""Starts the app in an interpreter that has not installed it: this file is run by its path.

Only the package itself is made known. Its folder is not put on the path: in an installed app that folder holds every
other package too, and those would hide the ones that the interpreter was chosen for.
"""

import importlib.util
import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    if sys.platform == "win32":
        import ctypes

        ctypes.windll.kernel32.SetDllDirectoryW(None)  # a bundle that starts this has set its own, and it is inherited
    # What an administrator runs must leave nothing in an installed app's folder: a package manager would not remove it.
    sys.dont_write_bytecode = True
    package = Path(__file__).resolve().parents[1]
    spec = importlib.util.spec_from_file_location(
        package.name, package / "__init__.py", submodule_search_locations=[str(package)]
    )
    if spec is None or spec.loader is None:
        sys.exit(f"{package} is damaged; install Model Fit Advisor again.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[package.name] = module
    spec.loader.exec_module(module)
    runpy.run_module(f"{package.name}.__main__", run_name="__main__")
