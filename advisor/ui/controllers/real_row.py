"""Which row of the results stands for the model shown on the page Models, in a format whose files are here."""

from advisor.report import compression_start as words
from advisor.ui.controllers.compression import shown_ids
from advisor.ui.store import Snapshot

ACTION = "real-weights"


def row_index(snapshot: Snapshot) -> tuple[int | None, str]:
    """Return the row to select, and why there is none."""
    view, rows = snapshot.models.chosen, snapshot.results.recommendation
    if view is None:
        return None, "Choose a model first."
    ids = shown_ids(snapshot)
    here = [item for item in snapshot.compression.here if item.model in ids]
    exact = [item.format for item in here if item.folder == view.path]
    formats = exact or [item.format for item in here]
    if not formats and not (view.path and view.container == "onnx"):
        return None, words.NOT_CONVERTED
    if rows is not None:
        pairs = enumerate(zip(rows.column("model"), rows.column("format"), strict=True))
        for index, (model, form) in pairs:
            if str(model) in ids and (str(form) in formats or (not formats and str(form).startswith("onnx-"))):
                return index, ""
    return None, words.NOT_AMONG_RESULTS
