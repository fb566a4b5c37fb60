"""Which model types transformers knows by itself, so that code that comes with a model is not needed."""

from functools import cache

import msgspec

from advisor import resources

FILE_NAME = "catalog/transformers_types.json"


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    schema_version: int
    version: str
    types: frozenset[str]


@cache
def _table() -> _Table:
    return resources.table(resources.read(FILE_NAME), _Table, code="types-table-unreadable", file_name=FILE_NAME)


def is_known(model_type: object) -> bool:
    """Tell whether transformers, in the version of the table, has code for a model type.

    Raises:
        InvalidFileError: `types-table-unreadable`; the installation is damaged.
    """
    return isinstance(model_type, str) and model_type in _table().types
