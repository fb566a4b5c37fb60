from pathlib import Path

import pytest

from advisor.hardware.reading import UnreadableError
from advisor.hardware.roots import Roots, under

MACHINES = Path(__file__).parents[2] / "data/machines"


def parts(name):
    """Name -> text of the parts of a recorded machine; a link is named `path -> target`."""
    found = {}
    part = None
    for line in (MACHINES / name).read_text("utf-8").splitlines():
        if line.startswith("--- "):
            part = line[4:]
            found[part] = []
        elif part is not None:
            found[part].append(line)
    return {key: "\n".join(lines) for key, lines in found.items()}


def unpack_machine(name, folder):
    for part, text in parts(name).items():
        path, link, target = part.partition(" -> ")
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if link:
            file.symlink_to(target)
        else:
            file.write_text(text + "\n", "utf-8")
    return under(folder)


@pytest.fixture
def linux_machine(tmp_path):
    """Unpacks a recorded Linux machine and returns the roots that show it."""
    return lambda name: unpack_machine(name, tmp_path / name)


class Commands:
    """Answers commands with recorded outputs; what was not recorded cannot be run."""

    def __init__(self, outputs):
        self.outputs = outputs
        self.asked = []

    def __call__(self, arguments):
        self.asked.append(tuple(arguments))
        text = self.outputs.get(" ".join(arguments))
        if text is None:
            raise UnreadableError(f"{arguments[0]} cannot be started")
        return text


@pytest.fixture
def mac():
    """Roots of a recorded Mac."""
    nowhere = Path("/nonexistent")
    return lambda name: Roots(
        proc=nowhere, sys=nowhere, etc=nowhere, top=nowhere, system="Darwin", run=Commands(parts(name)), nvml=False
    )


@pytest.fixture
def windows_pc():
    """Roots of a Windows machine that answers the CIM query with a text, and supports some processor features."""
    nowhere = Path("/nonexistent")

    def build(text, features=()):
        def run(arguments):
            if arguments[0] != "powershell.exe" or text is None:
                raise UnreadableError(f"{arguments[0]} cannot be started")
            return text

        return Roots(
            proc=nowhere, sys=nowhere, etc=nowhere, top=nowhere, system="Windows", run=run, nvml=False,
            processor_feature=lambda number: number in features,
        )  # fmt: skip

    return build


@pytest.fixture
def machines():
    """Folder of the recorded machines."""
    return MACHINES


@pytest.fixture(scope="session")
def unpack():
    """Writes a recorded machine into a folder and returns its roots."""
    return unpack_machine
