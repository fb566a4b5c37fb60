"""What all drawings of the report share: colours that follow the theme, style, labels, and clean SVG."""

import io
import re
from html import escape
from typing import Any

import msgspec
from matplotlib.figure import Figure

INK, MUTED, GRID, GROUND = "#1b1f24", "#59636e", "#d8dee4", "#fffffe"
PART_COLOURS = {"weights": "#2b6ca3", "cache": "#c58a00", "activations": "#3a9278", "runtime": "#8f98a3"}
PHASE_COLOURS = {"load": "#7d6a99", "prefill": "#2a6ca4", "decode": "#c48a02", "query": "#3b9279"}
"""Each differs from the colours of the parts by a shade nobody sees, so that the page can theme both."""
ACCENT = "#0072b2"
_THEMED = {
    INK: "ink", MUTED: "muted", GRID: "line", GROUND: "ground", ACCENT: "accent", "#9a6700": "tight",
    "#8e1b5a": "does-not-fit", "#595959": "unknown",
    **{colour: f"part-{part}" for part, colour in PART_COLOURS.items()},
    **{colour: f"phase-{phase}" for phase, colour in PHASE_COLOURS.items()},
}  # fmt: skip
"""Colours that the HTML report changes with the theme, and the style variable of each."""
WIDTH_INCHES = 7.2
MAX_LABEL = 44


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """One figure, ready to be set into a report."""

    id: str
    title: str
    alt: str
    """What a reader who cannot see it needs to know, in sentences."""
    caption: str
    """What everybody reads below it."""
    svg: str
    """An `<svg>` element without XML declaration."""


def style(*, themed: bool) -> dict[str, Any]:
    """Return the drawing library's settings; for a page text stays text."""
    return {
        "svg.fonttype": "none" if themed else "path",
        "svg.hashsalt": "model-fit-advisor",
        "text.parse_math": False,  # a dollar sign in a model's name is a dollar sign
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],
        "font.size": 9,
        "text.color": INK,
        "axes.edgecolor": MUTED,
        "axes.labelcolor": INK,
        "axes.linewidth": 0.8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "axes.unicode_minus": False,
        "grid.color": GRID,
        "grid.linewidth": 0.8,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "legend.frameon": False,
    }


def plain_label(text: str, longest: int = MAX_LABEL) -> str:
    """Return a text that the drawing font can show, not too long for an axis."""
    plain = "".join(character if " " <= character < "\u0250" and character != "\x7f" else "?" for character in text)
    return plain if len(plain) <= longest else f"{plain[: longest - 3]}..."


def svg(figure: Figure, name: str, *, themed: bool) -> str:
    """Return a figure as an `<svg>` element whose ids are its own; themed ones follow the page's colours and font."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None, "Type": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :].strip()
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    used = set(re.findall(r"(?:url\(|href=\")#([^\")]+)", text))
    text = re.sub(r' id="([^"]+)"', lambda match: _kept_id(match.group(1), used, name), text)
    text = re.sub(r"((?:url\(|href=\")#)", rf"\g<1>{name}-", text)
    if not themed:
        return text
    opening = rf'<svg viewBox="\1" role="img" aria-labelledby="{name}-title">'
    text = re.sub(r'<svg [^>]*?viewBox="([^"]+)"[^>]*>', opening, text, count=1)
    text = text.replace("xlink:href", "href")  # the prefix is unbound inside a page
    text = re.sub(r"<style.*?</style>", "", text, flags=re.DOTALL)  # it would style the whole page
    text = re.sub(r"font: ([^;\"]*?)'DejaVu Sans'[^;\"]*", r"font: \g<1>var(--font)", text)
    for colour, variable in _THEMED.items():
        text = text.replace(colour, f"var(--{variable})")
    return text


def _kept_id(identity: str, used: set[str], name: str) -> str:
    return f' id="{escape(name)}-{identity}"' if identity in used else ""
