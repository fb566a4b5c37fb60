"""The job that makes an environment, with real pip and small packages of our own in place of torch."""

import base64
import hashlib
import json
import os
import shutil
import socket
import threading
import zipfile
from pathlib import Path

import psutil
import pytest

from advisor.child import runner
from advisor.child.protocol import Progress
from advisor.convert import tools
from advisor.convert.pip_output import PipOutput
from advisor.errors import AdvisorError


def wheel(folder, name, version="1.0", padding=0):
    """Write a package with one module; return its requirement with its hash."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": b"number = 1\n" + b"#" * padding,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = [f"{n},sha256={base64.urlsafe_b64encode(hashlib.sha256(c).digest()).decode().rstrip('=')},{len(c)}"
            for n, c in files.items()]  # fmt: skip
    files[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,", ""]).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for inner, content in files.items():
            archive.writestr(inner, content)
    return f"{name}=={version} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A folder of packages that pip is set to, as a company's settings would."""
    folder = tmp_path / "packages"
    folder.mkdir()
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    return folder


@pytest.fixture
def request_of(tmp_path, shelf):
    """Return a request whose three lock files hold one small package each."""
    place = tmp_path / "data" / "tools" / "conversion"
    lock = []
    for name in ("advisor_installer", "advisor_rest", "advisor_torch"):
        lock.append(tmp_path / f"{name}.txt")
        lock[-1].write_text(wheel(shelf, name) + "\n")

    def make(**changes):
        files = [str(changes.get(path.stem, path)) for path in lock]
        tried = changes.get("tried", ["advisor_rest", "advisor_torch"])
        return place, json.dumps({"folder": str(place), "lock": files, "tried": tried}).encode()

    return make


def at_work(place):
    """Return the processes that run in an environment, whoever started them."""
    return [
        process
        for process in psutil.process_iter(["cmdline", "status"])
        if process.info["status"] != psutil.STATUS_ZOMBIE and str(place) in " ".join(process.info["cmdline"] or ())
    ]


def install(request, on_message=None, cancel=None):
    return runner.run(tools.JOB, request, on_message=on_message, cancel=cancel, timeout_s=120)


def test_an_installation_that_was_killed_counts_as_missing_and_the_next_repairs_it(request_of, monkeypatch):
    place, request = request_of()
    cancel, gone = threading.Event(), threading.Event()

    def stop_once_pip_waits(silent):
        with silent.accept()[0]:  # nobody answers it
            cancel.set()
            gone.wait(30)

    with socket.create_server(("127.0.0.1", 0)) as silent, monkeypatch.context() as patch:
        silent.settimeout(60)
        patch.delenv("PIP_NO_INDEX")
        patch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{silent.getsockname()[1]}/simple")
        patch.setenv("PIP_DEFAULT_TIMEOUT", "60")
        watcher = threading.Thread(target=stop_once_pip_waits, args=(silent,))
        watcher.start()
        assert install(request, cancel=cancel).code == "cancelled"
        psutil.wait_procs(at_work(place), timeout=5)
        left = at_work(place)
        gone.set()
        watcher.join()
    assert left == []
    found = tools.state(place)
    assert (found.status, found.python, found.has_leftovers) == ("missing", None, True)
    seen = []
    outcome = install(request, seen.append)
    assert outcome.code == "finished", outcome
    shares = [message.done_share for message in seen if isinstance(message, Progress)]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    found = tools.state(place)
    assert (found.status, found.has_leftovers) == ("installed", False)
    assert Path(found.python).is_relative_to(place)
    assert found.size_bytes > 1e6
    assert runner.run("none", b"{}", python=found.python, timeout_s=60).code == "crashed"  # it has no msgspec, as asked
    marker = json.loads((place / tools.MARKER).read_text())
    (place / tools.MARKER).write_text(json.dumps(marker | {"lock": "older"}))
    assert tools.state(place).status == "outdated"
    assert tools.state(place).python == found.python
    assert tools.remove(place) > 1e6
    assert not place.exists()
    assert tools.state(place).status == "missing"


def test_what_was_cut_off_is_cleared_away_and_what_is_whole_or_foreign_stays(tmp_path):
    place = tmp_path / "tools" / "conversion"
    (place / "lib").mkdir(parents=True)
    (place / tools.BEGUN).touch()
    tools.discard_leftovers(place)
    assert not place.exists()
    place.mkdir()
    (place / "photo.jpg").touch()
    tools.discard_leftovers(place)
    assert (place / "photo.jpg").exists()


def test_a_file_with_another_hash_is_refused(request_of, shelf):
    place, request = request_of()
    wheel(shelf, "advisor_torch", padding=10)
    outcome = install(request)
    assert (outcome.code, outcome.reason) == ("failed", "hash-mismatch")
    assert "advisor-torch==1.0" in outcome.message.replace("_", "-"), outcome.message
    assert tools.state(place).status == "missing"


def test_tools_that_do_not_start_are_not_called_installed(request_of):
    place, request = request_of(tried=["advisor_rest", "advisor_missing"])
    outcome = install(request)
    assert outcome.reason == "pip-failed"
    assert "do not start" in outcome.message
    assert "advisor_missing" in outcome.message
    assert tools.state(place).status == "missing"


def test_without_a_network_one_sentence_says_so(request_of, monkeypatch):
    for name in ("PIP_FIND_LINKS", "PIP_NO_INDEX"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    place, request = request_of()
    outcome = install(request)
    assert (outcome.code, outcome.reason) == ("failed", "network-lost")
    assert outcome.message == "The packages could not be installed: the package index cannot be reached."
    assert "proxy" in outcome.remedy
    assert tools.state(place).status == "missing"


def test_a_second_installation_or_removal_at_the_same_time_is_locked_out(tmp_path):
    place = tmp_path / "tools" / "conversion"
    place.mkdir(parents=True)
    (place / tools.BEGUN).touch()
    with tools.alone(place):
        outcome = install(json.dumps({"folder": str(place)}).encode())
        assert (outcome.code, outcome.reason) == ("failed", "conversion-tools-running")
        with pytest.raises(AdvisorError) as caught:
            tools.remove(place)
        assert caught.value.code == "conversion-tools-running"
        tools.discard_leftovers(place)
        assert place.exists()


def test_a_link_or_a_folder_of_somebody_else_is_left_alone(tmp_path):
    treasure = tmp_path / "treasure"
    treasure.mkdir()
    (treasure / "photo.jpg").touch()
    place = tmp_path / "tools" / "conversion"
    place.parent.mkdir()
    place.symlink_to(treasure, target_is_directory=True)
    for _ in range(2):
        with pytest.raises(AdvisorError) as caught:
            tools.remove(place)
        assert caught.value.code == "conversion-tools-foreign"
        assert install(json.dumps({"folder": str(place)}).encode()).reason == "conversion-tools-foreign"
        assert (treasure / "photo.jpg").exists()
        if place.is_symlink():  # then the same as a folder
            place.unlink()
            shutil.copytree(treasure, place)


def test_a_link_to_another_environment_is_left_alone_too(tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / tools.BEGUN).touch()
    place = tmp_path / "tools" / "conversion"
    place.parent.mkdir()
    place.symlink_to(other, target_is_directory=True)
    with pytest.raises(AdvisorError) as caught:
        tools.remove(place)
    assert caught.value.code == "conversion-tools-foreign"
    tools.discard_leftovers(place)
    assert (other / tools.BEGUN).exists()


def test_removal_does_not_follow_links_inside(tmp_path):
    (tmp_path / "treasure").mkdir()
    (tmp_path / "treasure" / "photo.jpg").touch()
    place = tmp_path / "tools" / "conversion"
    place.mkdir(parents=True)
    (place / tools.BEGUN).touch()
    (place / "lib64").symlink_to(tmp_path / "treasure", target_is_directory=True)
    (place / "photo").symlink_to(tmp_path / "treasure" / "photo.jpg")
    tools.remove(place)
    assert not place.exists()
    assert (tmp_path / "treasure" / "photo.jpg").exists()


def test_a_disk_that_is_too_small_is_said_before_anything_is_made(tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1_000_000_000))
    with pytest.raises(AdvisorError) as caught:
        tools.check_room(tmp_path / "tools" / "conversion")
    assert caught.value.code == "disk-too-small"
    for words in ("1.4 GiB", "954 MiB are free"):
        assert words in caught.value.message


SAID = {  # of pip 23.2 and 25.3
    "disk-full": "Installing collected packages: x\nERROR: Could not install packages due to an OSError: [Errno 28] No "
    "space left on device",
    "network-lost": "WARNING: Retrying (Retry(total=0, connect=None)) after connection broken by 'NewConnectionError('"
    "<pip._vendor.urllib3.connection.HTTPSConnection>: Failed to establish a new connection: [Errno -3] Temporary "
    "failure in name resolution')': /simple/torch/\nERROR: Could not find a version that satisfies the requirement "
    "torch==2.13.0+cpu (from versions: none)\nERROR: No matching distribution found for torch==2.13.0+cpu",
    "package-not-offered": "ERROR: Could not find a version that satisfies the requirement torch==2.13.0+cpu (from "
    "versions: 2.13.0)\nERROR: No matching distribution found for torch==2.13.0+cpu",
    "hash-mismatch": "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated "
    "the package versions, please update the hashes.\n    gguf==0.19.0 from https://x/gguf.whl (from -r x (line 2)):"
    "\n        Expected sha256 aa\n             Got        bb",
    "pip-failed": "ERROR: Exception:\nERROR: something new went wrong",
}


CONSTRAINED = (
    "ERROR: Cannot install torch==2.13.0+cpu because these package versions have conflicting dependencies.\n"
    "The conflict is caused by:\n    The user requested torch==2.13.0+cpu\n    The user requested (constraint) "
    "torch<=2.14\nERROR: ResolutionImpossible: for help visit the documentation of pip"
)  # where pip has a file of constraints


@pytest.mark.parametrize(("code", "text"), [*SAID.items(), ("package-not-offered", CONSTRAINED)])
def test_each_reason_of_pip_gets_its_sentence(code, text):
    output = PipOutput()
    output.begin()
    for line in text.splitlines():
        output.take(line + "\n")
    error = output.failure("The packages could not be installed")
    assert error.code == code
    assert error.message.startswith("The packages could not be installed")
    assert error.message.endswith(".") or error.message.endswith(").")
    if code == "package-not-offered":
        assert "torch==2.13.0+cpu" in error.message
    if code == "hash-mismatch":
        assert "gguf==0.19.0" in error.message


def test_progress_is_read_from_pips_own_lines():
    output = PipOutput()
    for line in (
        "Collecting torch==2.13.0+cpu (from -r x.txt (line 2))", "  Downloading torch.whl (191.8 MB)",
        "Progress 0 of 191794682", "Progress 100000000 of 191794682",
    ):  # fmt: skip
        output.take(line)
    assert (output.package, output.num_packages, output.downloaded_bytes) == ("torch", 1, 100_000_000)
    output.take("Progress 191794682 of 191794682")
    for line in ("Processing /opt/wheels/gguf-0.19.0-py3-none-any.whl", "Progress 5 of 10"):
        output.take(line)
    assert (output.package, output.num_packages, output.downloaded_bytes) == ("gguf", 2, 191_794_687)
    output.take("Installing collected packages: torch, gguf")
    assert output.is_unpacking
    assert output.num_unpacking == 2


def test_the_real_environment_is_found_and_has_the_locked_versions(conversion_tools, export_python):
    found = tools.state()
    assert found.status == "installed"
    assert tools.interpreter() == found.python
    assert found.versions["torch"] == "2.13.0+cpu"
    messages = []
    assert runner.run("none", b"{}", python=export_python, on_message=messages.append).reason == "job-unknown"
    assert messages[0].versions["onnxruntime"] == "1.32.0"


def test_without_tools_the_remedy_names_the_command_and_the_button():
    with pytest.raises(AdvisorError) as caught:
        tools.interpreter()
    assert caught.value.code == "conversion-tools-missing"
    for words in ("model-fit-advisor conversion-tools install", "press Install under Conversion tools", "MiB"):
        assert words in caught.value.remedy
