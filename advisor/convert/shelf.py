"""The app's own shelf of converted models, changed only where no conversion is at work."""

from pathlib import Path

from advisor.convert import place
from advisor.errors import ChildError
from advisor.runnable import store
from advisor.runnable.store import Leftover, StoredModel


def models() -> tuple[StoredModel, ...]:
    """Return all converted models of this user."""
    return store.models(place.home())


def leftovers() -> tuple[Leftover, ...]:
    """Return what killed conversions left, and what one at work has so far."""
    return store.leftovers(place.home())


def find(name: str, format_id: str | None = None) -> tuple[StoredModel, ...]:
    """Return the models a user means; errors as `store.find`."""
    return store.find(place.home(), name, format_id)


def remove(model: StoredModel) -> int:
    """Remove one model and return the bytes it took.

    Raises:
        ChildError: `conversion-running`; it is being replaced now.
        NotFoundError, OutputError: as `store.remove`.
    """
    folder = Path(model.folder)
    with place.alone(folder):
        return store.remove(place.home(), folder)


def clear() -> tuple[int, int]:
    """Remove all models and what killed conversions left; what a conversion at work holds stays.

    Returns:
        How many models went, and the bytes that are free again.

    Raises:
        OutputError: as `store.remove`.
    """
    num_models = size_bytes = 0
    for model in models():
        try:
            size_bytes += remove(model)
        except ChildError:  # it is being replaced now
            continue
        num_models += 1
    before_bytes = sum(leftover.size_bytes for leftover in leftovers())
    place.sweep()
    for leftover in leftovers():
        if leftover.folder.endswith(store.REMOVED):
            store.remove(place.home(), Path(leftover.folder))
    return num_models, size_bytes + before_bytes - sum(leftover.size_bytes for leftover in leftovers())
