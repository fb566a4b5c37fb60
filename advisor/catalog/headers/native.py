"""Which model types transformers knows by itself, so that code that comes with a model is not needed."""

from functools import cache

import msgspec

from advisor import resources

FILE_NAME = "catalog/transformers_types.json"


class _Table(msgspec.Struct):
    version: str
    types: frozenset[str]


@cache
def _table() -> _Table:
    return msgspec.json.decode(resources.read(FILE_NAME), type=_Table)


def is_known(model_type: object) -> bool:
    """Tell whether transformers, in the version of the table, has code for a model type."""
    return isinstance(model_type, str) and model_type in _table().types
