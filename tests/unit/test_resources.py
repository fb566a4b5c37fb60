import pytest

from advisor import resources
from advisor.errors import InvalidFileError, NotFoundError


@pytest.mark.parametrize("name", ["/etc/passwd", "../pyproject.toml", "catalog/../../pyproject.toml"])
def test_names_stay_inside(name):
    with pytest.raises(InvalidFileError) as caught:
        resources.path(name)
    assert caught.value.code == "resource-name-invalid"


def test_a_missing_file_is_named():
    with pytest.raises(NotFoundError, match=r"no/such\.json"):
        resources.read("no/such.json")


def test_a_file_is_found():
    assert resources.read("MANIFEST.json").startswith(b"{")
