"""Colours, palettes, fonts and the one style sheet. Nothing else in the window sets a colour or a style sheet."""

from typing import Literal, NamedTuple, Protocol

from PySide6.QtGui import QColor, QFont, QFontMetrics, QPalette
from PySide6.QtWidgets import QApplication, QWidget

from advisor import resources

ThemeName = Literal["light", "dark", "high-contrast"]
Level = Literal["title", "heading", "figure", "small"]
_SCALES: dict[Level, float] = {"title": 1.65, "heading": 1.12, "figure": 1.45, "small": 0.92}


class Theme(NamedTuple):
    """Named colours, each `#RRGGBB`. Text colours have 4.5:1 or more on `window` and `base`, 7:1 in high contrast.

    No Struct: msgspec is not loaded before the first frame.
    """

    name: ThemeName
    window: str
    base: str
    stripe: str
    text: str
    muted: str
    line: str
    """Decoration: card edges and table lines."""
    border: str
    """Edges that show where a control is: 3:1 or more."""
    accent: str
    on_accent: str
    highlight: str
    """Ground of chosen rows and words."""
    on_highlight: str
    hover: str
    selected: str
    fits: str
    tight: str
    no_fit: str
    series: tuple[str, str, str, str, str]
    """Parts of the memory bar and curves, readable on `base` and told apart by lightness too."""


class Look(Protocol):
    """What is chosen of the looks: the settings, or what the first frame knows of them."""

    @property
    def theme(self) -> str:
        """`system` or a theme's name."""

    @property
    def text_size_share(self) -> float:
        """Of the system's text size."""


LIGHT = Theme(
    name="light", window="#F7F7F7", base="#FFFFFF", stripe="#FAFAFA", text="#1C2127", muted="#57606A",
    line="#DDE1E6", border="#868E99", accent="#0B5F9E", on_accent="#FFFFFF", highlight="#0B5F9E",
    on_highlight="#FFFFFF", hover="#EAF1F7", selected="#DCEAF5",
    fits="#0072B2", tight="#9A6700", no_fit="#8E1B5A", series=("#0B5F9E", "#C05A00", "#3F8F6B", "#767D86", "#8E1B5A"),
)  # fmt: skip
DARK = Theme(
    name="dark", window="#161718", base="#1E1E1E", stripe="#222324", text="#E8EAED", muted="#A9B1BA",
    line="#34373B", border="#7A828C", accent="#6CB6F0", on_accent="#0E1A24", highlight="#1D5A8C",
    on_highlight="#FFFFFF", hover="#26303A", selected="#27394A",
    fits="#56B4E9", tight="#F0E442", no_fit="#FF8FB1", series=("#56B4E9", "#F2A65A", "#7CCBA2", "#A9B1BA", "#FF8FB1"),
)  # fmt: skip
HIGH_CONTRAST = Theme(
    name="high-contrast", window="#000000", base="#000000", stripe="#000000", text="#FFFFFF", muted="#FFFFFF",
    line="#FFFFFF", border="#FFFFFF", accent="#FFD700", on_accent="#000000", highlight="#FFD700",
    on_highlight="#000000", hover="#333333", selected="#3A3A00",
    fits="#56B4E9", tight="#F0E442", no_fit="#FF8FB1", series=("#56B4E9", "#F0E442", "#7CCBA2", "#FFFFFF", "#FF8FB1"),
)  # fmt: skip
WIDE_TEXT_UNIT_PX = 10
"""[px] Grid step at about 125 % text: up to it, all pages find room side by side in a window of 1280 px."""
STYLE_OPTIONS = ("-style", "fusion")
"""Words for `QApplication`: Fusion is the one style whose colours are all ours to choose. `setStyle` would do the same
after making all enumerations of `QStyle`, 5 ms before the first frame."""
THEMES: dict[ThemeName, Theme] = {theme.name: theme for theme in (LIGHT, DARK, HIGH_CONTRAST)}


def palette(theme: Theme) -> QPalette:
    """Return the palette of a theme; Qt's own dark scheme does nothing on many platforms, so all roles are ours."""
    roles = QPalette.ColorRole
    colours = {
        roles.Window: theme.window, roles.WindowText: theme.text, roles.Base: theme.base,
        roles.AlternateBase: theme.stripe, roles.Text: theme.text, roles.Button: theme.base,
        roles.ButtonText: theme.text, roles.BrightText: theme.text, roles.ToolTipBase: theme.base,
        roles.ToolTipText: theme.text, roles.PlaceholderText: theme.muted, roles.Highlight: theme.highlight,
        roles.HighlightedText: theme.on_highlight, roles.Link: theme.accent, roles.LinkVisited: theme.accent,
        roles.Accent: theme.accent, roles.Light: theme.base, roles.Midlight: theme.line, roles.Mid: theme.border,
        roles.Dark: theme.border, roles.Shadow: theme.border,
    }  # fmt: skip
    made = QPalette()
    for role, colour in colours.items():
        made.setColor(role, QColor(colour))
    for role in (roles.WindowText, roles.Text, roles.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, role, QColor(theme.muted))
    return made


def of(colours: QPalette) -> Theme:
    """Return the theme a palette was made from: darkness is read from the palette, never from the platform."""
    window = colours.color(QPalette.ColorRole.Window)
    if window.lightness() > 127:
        return LIGHT
    return HIGH_CONTRAST if window.lightness() == 0 else DARK


def verdict_colour(theme: Theme, verdict: str) -> str:
    """Return the colour of a verdict; an unknown one is plain text."""
    return {"fits": theme.fits, "tight": theme.tight, "does-not-fit": theme.no_fit}.get(verdict, theme.text)


def choose(wanted: str, *, system_dark: bool = False, system_contrast: bool = False) -> Theme:
    """Return the theme for a setting.

    Args:
        wanted: `system` or a theme's name.
        system_dark: the desktop says that it is dark.
        system_contrast: the desktop asks for high contrast.
    """
    for theme in THEMES.values():
        if theme.name == wanted:
            return theme
    if system_contrast:
        return HIGH_CONTRAST
    return DARK if system_dark else LIGHT


def apply(app: QApplication, theme: Theme, *, text_size_share: float, system_font: QFont) -> None:
    """Give the whole app one theme and one text size.

    Args:
        app: the application.
        theme: colours.
        text_size_share: 0.9 to 2.0 of the system's text size.
        system_font: font the app started with, so that sizes do not pile up.
    """
    font = QFont(system_font)
    font.setPointSizeF(max(6.0, system_font.pointSizeF() * text_size_share))
    app.setFont(font)
    app.setPalette(palette(theme))
    app.setStyleSheet(style_sheet(theme))


def use_fusion(app: QApplication) -> None:
    """Draw as Fusion does, where the app was not made with `STYLE_OPTIONS`. Once, before the first `dress`."""
    if app.style().name() != "fusion":  # choosing it again would take 10 ms
        app.setStyle("Fusion")


def dress(
    app: QApplication, chosen: Look, system_font: QFont, *, dark: bool | None = None, contrast: bool = False
) -> None:
    """Apply the theme and text size of the settings, and what the desktop wants where they leave it open.

    Args:
        app: the application.
        chosen: theme and text size.
        system_font: font the app started with.
        dark: the desktop is dark. Null: its palette decides, for asking the desktop makes the whole `Qt` namespace,
            15 ms that the first frame does without.
        contrast: the desktop asks for high contrast.
    """
    if dark is None:
        dark = of(app.palette()).name != "light"
    picked = choose(chosen.theme, system_dark=dark, system_contrast=contrast)
    apply(app, picked, text_size_share=chosen.text_size_share, system_font=system_font)


def unit_px(widget: QWidget) -> int:
    """Return the grid step in px: 8 at the usual text size, growing with it."""
    return max(6, round(QFontMetrics(widget.font()).height() * 8 / 14))


def is_wide_text(widget: QWidget) -> bool:
    """Return whether text is so large that what stands side by side must stand one below the other."""
    return unit_px(widget) > WIDE_TEXT_UNIT_PX


def scaled_font(level: Level, base: QFont | None = None) -> QFont:
    """Return the font of a text level, from the app's font."""
    font = QFont(base if base is not None else QApplication.font())
    font.setPointSizeF(font.pointSizeF() * _SCALES[level])
    if level in {"title", "heading", "figure"}:
        font.setWeight(QFont.Weight.DemiBold)
    return font


def style_sheet(theme: Theme) -> str:
    """Return the style sheet. Lengths are in `em`, so that they follow the text size; only hairlines are in px."""
    colours = {field: getattr(theme, field) for field in theme._fields if field not in {"series", "name"}}
    text = _SHEET
    for name in ("arrow-up", "arrow-down", "check"):
        place = resources.path(f"icons/{name}-{theme.name}.svg").as_posix()
        drawing = place.replace("\\", r"\\").replace('"', r"\"")
        text = text.replace(f"@{name}", f'url("{drawing}")')
    for name, colour in colours.items():
        text = text.replace(f"@{name};", f"{colour};").replace(f"@{name} ", f"{colour} ")
    return text


_SHEET = """
QLabel[role="muted"], QLabel[role="small"] { color: @muted; }
QLabel[role="accent"] { color: @accent; }
QLabel[verdict="fits"] { color: @fits; }
QLabel[verdict="tight"] { color: @tight; }
QLabel[verdict="does-not-fit"] { color: @no_fit; }
QLabel[role="badge"] { color: @muted; border: 1px solid @border; border-radius: 0.5em; padding: 0 0.4em; }
QFrame[role="card"] { background: @base; border: 1px solid @line; border-radius: 0.5em; }
QFrame[role="notice"] { background: @hover; border: 1px solid @border; border-radius: 0.4em; }
QFrame[role="chip"] { background: @hover; border: 1px solid @border; border-radius: 0.8em; }
QFrame[role="rail"] { background: @base; border: 0; border-right: 1px solid @line; }
QFrame[role="line"] { background: @line; border: 0; }
QScrollArea, QScrollArea > QWidget > QWidget[role="content"] { background: transparent; border: 0; }
QFrame[role="rail"] QPushButton {
    border: 0; border-left: 0.25em solid transparent; border-radius: 0; padding: 0.55em 0.9em; text-align: left;
    color: @text;
}
QFrame[role="rail"] QPushButton:hover { background: @hover; }
QFrame[role="rail"] QPushButton:checked { background: @selected; border-left: 0.25em solid @accent; }
QFrame[role="rail"] QPushButton:focus { border: 1px solid @accent; border-left: 0.25em solid @accent; }
QPushButton {
    background: @base; color: @text; border: 1px solid @border; border-radius: 0.4em; padding: 0.4em 1em;
}
QPushButton:hover { background: @hover; }
QPushButton:pressed { background: @selected; }
QPushButton:focus { border: 2px solid @accent; }
QPushButton:disabled { color: @muted; border-color: @line; }
QPushButton[role="primary"] { background: @accent; color: @on_accent; border: 1px solid @accent; }
QPushButton[role="primary"]:hover { border: 1px solid @text; }
QPushButton[role="primary"]:focus { border: 2px solid @text; }
QPushButton[role="primary"]:disabled { background: @line; color: @muted; border-color: @line; }
QPushButton[role="link"] {
    background: transparent; color: @accent; border: 1px solid transparent; padding: 0.2em 0.3em; text-align: left;
}
QPushButton[role="link"]:hover { text-decoration: underline; }
QPushButton[role="link"]:focus { border: 1px solid @accent; }
QPushButton[role="pill"] { padding: 0.3em 0.75em; border-radius: 0.6em; }
QPushButton:checked { background: @selected; border: 1px solid @accent; }
QToolButton[role="chip-remove"] { border: 1px solid transparent; padding: 0 0.3em; color: @muted; }
QToolButton[role="chip-remove"]:hover { color: @text; }
QToolButton[role="chip-remove"]:focus { border: 1px solid @accent; border-radius: 0.4em; color: @text; }
QLineEdit, QPlainTextEdit, QSpinBox, QDoubleSpinBox, QComboBox {
    background: @base; color: @text; border: 1px solid @border; border-radius: 0.4em; padding: 0.3em 0.4em;
    selection-background-color: @highlight; selection-color: @on_highlight;
}
QLineEdit:focus, QPlainTextEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus {
    border: 2px solid @accent;
}
QComboBox { padding-right: 1.8em; padding-left: 0.6em; }
QComboBox::drop-down { subcontrol-origin: border; subcontrol-position: center right; border: 0; width: 1.7em; }
QComboBox::down-arrow { image: @arrow-down; width: 0.9em; height: 0.9em; }
QComboBox QAbstractItemView { background: @base; color: @text; border: 1px solid @border; }
QAbstractSpinBox { padding-right: 1.8em; }
QAbstractSpinBox QLineEdit, QComboBox QLineEdit { border: 0; padding: 0 0.3em; background: transparent; }
QLineEdit, QComboBox, QAbstractSpinBox { min-height: 1.5em; }
QAbstractSpinBox { min-height: 1.25em; }
QAbstractSpinBox QLineEdit, QComboBox QLineEdit { min-height: 0; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {
    subcontrol-origin: border; border: 0; width: 1.7em; background: transparent;
}
QAbstractSpinBox::up-button { subcontrol-position: top right; }
QAbstractSpinBox::down-button { subcontrol-position: bottom right; }
QAbstractSpinBox::up-button:hover, QAbstractSpinBox::down-button:hover { background: @hover; }
QAbstractSpinBox::up-arrow { image: @arrow-up; width: 0.75em; height: 0.75em; }
QAbstractSpinBox::down-arrow { image: @arrow-down; width: 0.75em; height: 0.75em; }
QAbstractScrollArea::corner { background: transparent; border: 0; }
QCheckBox { spacing: 0.6em; }
QCheckBox::indicator {
    width: 1.05em; height: 1.05em; border: 1px solid @border; border-radius: 0.2em; background: @base;
}
QCheckBox::indicator:checked { background: @accent; border-color: @accent; image: @check; }
QCheckBox::indicator:focus { border: 2px solid @text; }
QScrollBar { background: transparent; border: 0; margin: 0; }
QScrollBar:vertical { width: 0.9em; }
QScrollBar:horizontal { height: 0.9em; }
QScrollBar::handle { background: @border; margin: 0.2em; border-radius: 0.25em; }
QScrollBar::handle:vertical { min-height: 2.5em; }
QScrollBar::handle:horizontal { min-width: 2.5em; }
QScrollBar::handle:hover { background: @muted; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QTableView, QTreeView, QListView {
    background: @base; alternate-background-color: @stripe; color: @text; gridline-color: @line;
    border: 1px solid @line; border-radius: 0.4em; selection-background-color: @highlight;
    selection-color: @on_highlight;
}
QTableView:focus, QTreeView:focus, QListView:focus { border: 1px solid @accent; }
QTableView::item { padding: 0.2em 0.5em; }
QHeaderView { background: @base; }
QHeaderView::section {
    background: @base; color: @muted; border: 0; border-bottom: 1px solid @line; padding: 0.4em 0.5em;
}
QHeaderView::section:vertical { border-bottom: 0; }
QTableCornerButton::section { background: @base; border: 0; border-bottom: 1px solid @line; }
QTabWidget::pane { border: 0; }
QTabBar::tab {
    min-height: 2.1em; background: transparent; color: @muted; border: 0; border-bottom: 0.2em solid transparent;
    padding: 0.45em 0.9em; }
QTabWidget::tab-bar { left: 0; }
QTabBar { qproperty-drawBase: 0; }
QTabBar::tab:selected { color: @text; border-bottom: 0.2em solid @accent; }
QTabBar::tab:focus { color: @accent; }
QProgressBar { background: @line; border: 0; border-radius: 0.35em; min-height: 0.7em; max-height: 0.7em; }
QProgressBar::chunk { background: @accent; border-radius: 0.35em; }
QSplitter::handle { background: transparent; }
QToolTip { background: @base; color: @text; border: 1px solid @border; padding: 0.3em; }
QMenuBar { background: @base; color: @text; border-bottom: 1px solid @line; }
QMenuBar::item { padding: 0.3em 0.7em; background: transparent; }
QMenuBar::item:selected { background: @selected; }
QMenu { background: @base; color: @text; border: 1px solid @border; }
QMenu::item { padding: 0.35em 1.6em; }
QMenu::item:selected { background: @highlight; color: @on_highlight; }
"""
