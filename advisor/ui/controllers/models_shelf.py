"""What lies here already, for the page Models: functions that import what they need, called in a worker."""

from advisor.settings import Settings
from advisor.ui.models_state import HereRow, ModelView


def here(settings: Settings) -> tuple[tuple[HereRow, ...], str]:
    """Return the models that are here, and why the user's list is not used where it is damaged."""
    from advisor import units
    from advisor.catalog import own_models
    from advisor.convert import download_plan, downloaded, shelf
    from advisor.report import own_models as words

    own = own_models.read()
    folder = download_plan.models_folder(settings.model_folder)
    lines = words.here_rows(own, downloaded.downloaded(folder), shelf.models())
    rows = tuple(
        HereRow(
            kind=line.kind, key=line.key, name=line.name, what=line.what, size=units.size(line.size_bytes),
            size_bytes=line.size_bytes, where=line.where, path=line.path, removal=line.removal,
        )
        for line in lines
    )  # fmt: skip
    return rows, own.notice


def add(view: ModelView) -> str:
    """Put a model among the candidates and say so; errors as `own_models.add`."""
    from advisor.catalog import own_models
    from advisor.report import own_models as words

    return words.added(own_models.add(view.own))


def remove(row: HereRow, settings: Settings) -> str:
    """Take a model away and say what that freed; errors as the owners of each kind."""
    from advisor import units
    from advisor.catalog import own_models
    from advisor.convert import download_plan, downloaded, shelf

    if row.kind == "yours":
        own_models.remove(row.key)
        return f"{row.name} is off your list. Its files were not touched."
    if row.kind == "downloaded":
        freed = downloaded.remove(download_plan.models_folder(settings.model_folder), row.key)
    else:
        freed = sum(shelf.remove(model) for model in shelf.find(row.key))
    return f"{row.name} was deleted: {units.size(freed)} are free again."
