"""What both executables start: the launcher of the app, as `python -m advisor` does."""

from advisor.__main__ import main

main()
