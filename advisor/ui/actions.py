"""Menus and shortcuts as data. The window makes the actions; the list of shortcuts people see is made from them."""

from typing import NamedTuple

PAGES: tuple[tuple[str, str, str], ...] = (
    ("this-computer", "This computer", "computer"),
    ("task", "Task", "task"),
    ("results", "Results", "results"),
    ("compare", "Compare", "compare"),
    ("probe", "Probe", "probe"),
    ("models", "Models", "models"),
    ("examples", "Your examples", "examples"),
    ("report", "Report", "report"),
    ("settings", "Settings", "settings"),
)
"""Name, text and icon of each page, in rail order."""


class ActionInfo(NamedTuple):
    """One thing a person can ask for by menu or keyboard. No Struct: msgspec is not loaded before the first frame."""

    id: str
    text: str
    """With its `&` mnemonic."""
    menu: str
    """`&File`, `&Go`, ..."""
    shortcuts: tuple[str, ...] = ()
    tip: str = ""
    separator_before: bool = False


def _pages() -> tuple[ActionInfo, ...]:
    made = []
    for number, (name, text, _) in enumerate(PAGES, start=1):
        settings = name == "settings"
        keys = "Ctrl+," if settings else f"Ctrl+{number}"
        label = f"&{number} {text}" if not settings else f"&{text}"
        made.append(ActionInfo(id=f"go-{name}", text=label, shortcuts=(keys,), menu="&Go", separator_before=settings))
    return tuple(made)


ACTIONS: tuple[ActionInfo, ...] = (
    ActionInfo(id="inspect", text="&Inspect this computer again", shortcuts=("F5",), menu="&File"),
    ActionInfo(id="load-machine", text="&Open a saved machine...", shortcuts=("Ctrl+O",), menu="&File"),
    ActionInfo(id="save-machine", text="&Save this machine...", shortcuts=("Ctrl+S",), menu="&File"),
    ActionInfo(
        id="open-result",
        text="Open a resul&t...",
        shortcuts=("Ctrl+Shift+O",),
        menu="&File",
        separator_before=True,
        tip="A report that was saved as data, here or on another computer",
    ),
    ActionInfo(id="export", text="Save a &report...", shortcuts=("Ctrl+E",), menu="&File"),
    ActionInfo(id="quit", text="&Quit", shortcuts=("Ctrl+Q",), menu="&File", separator_before=True),
    ActionInfo(id="copy-summary", text="&Copy the summary", shortcuts=("Ctrl+Shift+C",), menu="&Edit"),
    ActionInfo(id="filter", text="&Filter the results", shortcuts=("Ctrl+F",), menu="&Edit"),
    *_pages(),
    ActionInfo(id="next-pane", text="Next &pane", shortcuts=("F6",), menu="&Go", separator_before=True),
    ActionInfo(id="previous-pane", text="Previous p&ane", shortcuts=("Shift+F6",), menu="&Go"),
    ActionInfo(
        id="run",
        text="&Find models or start the probe",
        shortcuts=("Ctrl+Return", "Ctrl+Enter"),
        menu="&Run",
        tip="On the task page it finds models, elsewhere it measures the chosen one",
    ),
    ActionInfo(id="stop", text="&Stop the probe", shortcuts=("Esc",), menu="&Run"),
    ActionInfo(id="help", text="&Help for this screen", shortcuts=("F1",), menu="&Help"),
    ActionInfo(id="shortcuts", text="&Keyboard shortcuts", menu="&Help"),
    ActionInfo(id="about", text="&About Model Fit Advisor", menu="&Help"),
)

LOCAL_SHORTCUTS: tuple[tuple[str, str], ...] = (
    ("Space", "Pin the chosen result for comparison"),
    ("Ctrl+C", "Copy the chosen rows of a table"),
    ("Menu or Shift+F10", "Open the menu of a table"),
)
"""Keys that belong to a table and not to the whole window."""

HELP: dict[str, str] = {
    "this-computer": "What was found on this computer, and where each fact was read. Choose Plan for... beside a fact "
    "to see what another amount would change; Undo brings the real one back. Below: the power meters, and what opens "
    "the locked ones.",
    "task": "Describe the work in your own words, or fill in the fields below. What you set by hand always wins "
    "over what was read from the words.",
    "results": "Every model and format for the task, smallest that is good enough first. Space pins a row for "
    "comparison, Ctrl+F filters, a click on a heading sorts, a right click on it chooses columns. The tab Energy and "
    "carbon of the details says what a row takes in a day, a year and in daily terms.",
    "compare": "The rows you pinned, side by side. Figures that differ most are marked. The second tab measures and "
    "shows what a compressed format loses in each language.",
    "probe": "Runs the chosen model's exact structure with made-up weights for up to a minute and a half, "
    "or its real files where they are here, or an ONNX file of yours. Nothing is downloaded. Where a power meter can "
    "be read, energy is measured too; else a range is estimated.",
    "models": "Brings a model of your own: a folder or a file of this computer, or one of the Hugging Face Hub. Only "
    "the headers of its files are read; add it to the candidates and it is judged like those of the catalog. A "
    "download says first what it takes, and can be cancelled at any time. Nobody is asked before you press Search.",
    "examples": "Runs models of this computer on your own examples, a file or ten typed rows, and says how many are "
    "right, what a query costs, and whether the smaller model is enough or more examples are needed to tell. No text "
    "leaves this computer, and none is kept unless you save the table.",
    "report": "Saves the answer with every figure's range and source. Names are left out unless you say otherwise. "
    "Below: reports you saved before, and results in files (.mfa.json) of this or another computer; two stand side by "
    "side.",
    "settings": "How the window looks, whose electricity counts, what it costs, and what every recommendation takes "
    "into account. Below: the conversion tools, and whether it is looked for new versions, which is off until you "
    "turn it on.",
}
"""What F1 says on each page."""
