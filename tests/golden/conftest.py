"""`pytest tests/golden --refresh-golden` writes the expected files anew; review them as a diff."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "expected"


def pytest_addoption(parser):
    parser.addoption("--refresh-golden", action="store_true", help="write the expected report files anew")


@pytest.fixture
def matches(request):
    """Compare a text with the expected file of that name, or write it."""

    def compare(name, text):
        file = FOLDER / name
        if request.config.getoption("--refresh-golden", default=False):
            FOLDER.mkdir(exist_ok=True)
            file.write_text(text, "utf-8", newline="")
        assert text == file.read_bytes().decode("utf-8"), f"{name} changed; see tests/golden/conftest.py"

    return compare
