"""The first frame looks as the settings say, without loading them."""

import pytest
from PySide6.QtWidgets import QApplication

from advisor import settings
from advisor.settings import Settings
from advisor.ui import first_look, theme


def test_a_first_start_looks_as_the_desktop():
    assert first_look.read() == first_look.FirstLook()


def test_what_was_saved_is_seen_in_the_first_frame():
    settings.save(Settings(theme="dark", text_size_share=1.5, window_geometry="AAAA"))
    assert settings.file().name == first_look.FILE_NAME
    assert first_look.read() == first_look.FirstLook(theme="dark", text_size_share=1.5, window_geometry="AAAA")


@pytest.mark.parametrize(
    "content",
    [b"theme = [", b"\xff\xfe", b"theme = 3\ntext_size_share = 'big'\nwindow_geometry = 1", b"text_size_share = 900.0"],
)
def test_a_damaged_file_does_not_stop_the_first_frame(content):
    settings.file().parent.mkdir(parents=True)
    settings.file().write_bytes(content)
    assert first_look.read() == first_look.FirstLook()


def test_a_theme_that_does_not_exist_is_the_light_one(qapp):
    assert theme.choose("sepia") is theme.LIGHT


def test_the_window_is_drawn_with_fusion(qapp):
    from subprocess import run
    from sys import executable

    script = (
        "from PySide6.QtWidgets import QApplication; from advisor.ui import theme; "
        "print(QApplication(['x', *theme.STYLE_OPTIONS]).style().name())"
    )
    done = run([executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "fusion"
    assert QApplication.instance() is qapp
