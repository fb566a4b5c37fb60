"""The conversion tools and the shelf as their controller asks for them: functions that run in a worker."""

import msgspec

from advisor.child.protocol import Outcome
from advisor.ui.tools_state import ShelfView, ToolsView


def request() -> bytes:
    """Return what the child that installs is asked."""
    from advisor.convert import tools
    from advisor.convert.tools_install import InstallRequest

    return msgspec.json.encode(InstallRequest(folder=str(tools.folder())))


def look() -> tuple[ToolsView, ShelfView]:
    """Return what there is now."""
    return _tools(), _shelf()


def after_install(outcome: Outcome) -> tuple[ToolsView, ShelfView]:
    """Clear away what an installation left that did not finish; return what there is now."""
    from advisor.convert import tools

    if outcome.code != "finished":
        tools.discard_leftovers()
    return look()


def remove() -> tuple[ToolsView, ShelfView]:
    """Remove the tools; errors as `tools.remove`."""
    from advisor.convert import tools

    tools.remove()
    return look()


def clear() -> tuple[ToolsView, ShelfView]:
    """Remove the converted models; errors as `shelf.clear`."""
    from advisor.convert import shelf

    shelf.clear()
    return look()


def _tools() -> ToolsView:
    from advisor.convert import tools
    from advisor.report import conversion_tools as words

    state = tools.state()
    return ToolsView(
        status=words.STATUS_WORDS[state.status], sentence=words.state_sentence(state),
        takes=words.takes_sentence(tools.takes(), state), can_install=state.status in ("missing", "outdated"),
        can_remove=state.status in ("installed", "outdated") or state.has_leftovers,
        is_update=state.status == "outdated",
    )  # fmt: skip


def _shelf() -> ShelfView:
    from advisor.convert import shelf
    from advisor.report import conversion_tools as words

    models, leftovers = shelf.models(), shelf.leftovers()
    return ShelfView(
        sentence=words.shelf_sentence(models, leftovers), headers=words.MODEL_TITLES,
        rows=tuple(words.shelf_rows(models)), sizes_bytes=tuple(model.size_bytes for model in models),
        clear_words=words.clear_words(models, leftovers), can_clear=bool(models or leftovers),
    )  # fmt: skip
