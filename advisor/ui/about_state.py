"""What is shown of newer versions: frozen values, made in words."""

import msgspec


class UpdatesState(msgspec.Struct, frozen=True, kw_only=True):
    """The look for a newer version."""

    looking: bool = False
    sentence: str = ""
    """What was found last; empty when it never was looked."""
    is_newer: bool = False
    error: str = ""
