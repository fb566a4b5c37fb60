"""Downloads by the real child from a hub on this computer: kept, checked, cancelled, cut, full."""

import json
import os
import sys
import threading

import msgspec
import pytest

from advisor.child import file_lock, runner
from advisor.child.protocol import Progress
from advisor.convert import download_plan
from advisor.convert.download import DownloadResult
from advisor.convert.download_plan import DownloadRequest
from tests import fakes_hub, header_files
from tests.fakes_hub import FakeModel

CONFIG = json.dumps({"model_type": "llama", "vocab_size": 64, "hidden_size": 8}).encode()
TIMEOUT_S = 60


def weights(num_bytes, name="model.embed_tokens.weight"):
    return header_files.safetensors_bytes(*header_files.safetensors_header({name: ("U8", (num_bytes,))}))


@pytest.fixture
def hub(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_OIDC_RESOURCE", "HF_HUB_OFFLINE", "HF_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    files = {
        "config.json": CONFIG, "tokenizer.json": b'{"a": 1}', "model.safetensors": weights(400_000),
        "pytorch_model.bin": b"\x80\x04", "run.py": b"boom()", "README.md": b"# Card", "LICENSE": b"Apache",
        "onnx/model.onnx": b"o" * 1000,
    }  # fmt: skip
    with fakes_hub.FakeHub({"ours/small": FakeModel(files)}) as fake:
        monkeypatch.setenv("HF_ENDPOINT", fake.address)
        yield fake


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "models"


def ask(folder, *, on_message=None, cancel=None, argv=None, **fields):
    request = DownloadRequest(**{"model_id": "ours/small", "folder": str(folder)} | fields)
    return runner.run(
        download_plan.JOB, msgspec.json.encode(request), timeout_s=TIMEOUT_S, on_message=on_message, cancel=cancel,
        argv=argv,
    )  # fmt: skip


def result(outcome):
    assert outcome.code == "finished", outcome
    return msgspec.json.decode(outcome.result, type=DownloadResult)


def left(folder):
    return sorted(path.name for path in folder.rglob("*.incomplete"))


def test_ready_made_onnx_is_taken_first_and_never_pickles_or_code(hub, folder):
    done = result(ask(folder))
    assert (done.kind, done.variant, done.commit) == ("onnx", "fp32", hub.models["ours/small"].commit)
    names = {file.name for file in done.files}
    assert names == {"config.json", "tokenizer.json", "README.md", "LICENSE", "onnx/model.onnx"}
    for file in done.files:
        content = (folder.parent / done.folder / file.name).read_bytes()
        assert content == hub.models["ours/small"].files[file.name]
        assert file.checked
    assert done.transferred_bytes == done.size_bytes == sum(len(hub.models["ours/small"].files[n]) for n in names)
    assert [path.name for path in folder.rglob("*.py")] == []
    assert hub.bodies("pytorch_model.bin") == hub.bodies("run.py") == []


def test_safetensors_on_request(hub, folder):
    done = result(ask(folder, only="safetensors"))
    assert {file.name for file in done.files} == {
        "config.json", "tokenizer.json", "README.md", "LICENSE", "model.safetensors",
    }  # fmt: skip
    assert done.folder == str(folder / "models--ours--small" / "snapshots" / done.commit)


def test_a_second_download_transfers_nothing(hub, folder):
    result(ask(folder))
    hub.seen.clear()
    done = result(ask(folder))
    assert done.transferred_bytes == 0
    assert all(file.was_here and file.checked for file in done.files)
    assert hub.asked("store") == []


def test_progress_says_bytes_rate_and_rest(hub, folder):
    hub.stops["model.safetensors"] = 300_000
    told = []

    def listen(message):
        if isinstance(message, Progress):
            told.append(message)
            if message.stage == "load" and "model.safetensors" in message.detail:
                hub.go_on.set()

    total = result(ask(folder, only="safetensors", on_message=listen)).size_bytes
    shares = [message.done_share for message in told]
    assert told[0].stage == "prepare"
    assert hub.host in told[0].detail
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert "/s; file 5 of 5: model.safetensors" in told[-1].detail
    assert told[-1].remaining_s == 0
    assert total > 400_000


def test_cancel_keeps_finished_files_and_leaves_nothing_half_written(hub, folder):
    hub.stops["model.safetensors"] = 200_000
    cancel = threading.Event()
    threading.Thread(target=lambda: (hub.stopped.wait(30), cancel.set()), daemon=True).start()
    outcome = ask(folder, only="safetensors", cancel=cancel)
    assert outcome.code == "cancelled"
    assert left(folder) == []
    home = folder / "models--ours--small"
    snapshot = next((home / "snapshots").iterdir())
    assert (snapshot / "config.json").read_bytes() == CONFIG
    assert not (snapshot / "model.safetensors").exists()
    hub.go_on.set()
    hub.stops.clear()
    hub.seen.clear()
    done = result(ask(folder, only="safetensors"))
    assert {file.name for file in done.files if not file.was_here} == {"model.safetensors"}
    assert done.transferred_bytes == len(hub.models["ours/small"].files["model.safetensors"])
    assert hub.bodies("config.json")[1:] == []  # read once to see what the model is, not downloaded


def test_what_a_crash_left_is_removed_at_the_next_start(hub, folder):
    blobs = folder / "models--ours--small" / "blobs"
    blobs.mkdir(parents=True)
    (blobs / "abc.1234.incomplete").write_bytes(b"half")
    result(ask(folder))
    assert left(folder) == []


def test_a_connection_that_breaks_once_is_taken_up_where_it_broke(hub, folder):
    hub.models["ours/small"].files["model.safetensors"] = weights(3 * 2**20)
    hub.cut["model.safetensors"] = 2**20 + 100_000
    done = result(ask(folder, only="safetensors"))
    assert done.transferred_bytes == done.size_bytes
    ranges = [seen.range for seen in hub.bodies("model.safetensors") if seen.range != "bytes=0-65535"]
    assert ranges == [None, f"bytes={2**20}-"]


def test_a_network_that_goes_away_is_said_and_finished_files_stay(hub, folder):
    hub.cut["model.safetensors"] = 100_000
    hub.down_after_cut = True
    outcome = ask(folder, only="safetensors")
    assert (outcome.code, outcome.reason) == ("failed", "hub-fault")
    assert "complete files are kept" in outcome.remedy
    assert left(folder) == []
    assert list(folder.rglob("config.json"))


def test_content_that_is_not_what_the_hub_says_is_removed(hub, folder):
    hub.wrong["model.safetensors"] = hub.models["ours/small"].files["model.safetensors"][:-1] + b"!"
    outcome = ask(folder, only="safetensors")
    assert outcome.reason == "hash-mismatch"
    assert "model.safetensors" in outcome.message
    assert list(folder.rglob("model.safetensors")) == []
    assert not any(path.stat().st_size > 100_000 for path in folder.rglob("*") if path.is_file())


def test_a_file_changed_on_this_computer_is_found(hub, folder):
    done = result(ask(folder))
    file = folder.parent / done.folder / "onnx/model.onnx"
    file.resolve().write_bytes(b"x" * 1000)
    assert ask(folder).reason == "hash-mismatch"
    assert all(item.checked for item in result(ask(folder)).files)


def test_a_disk_without_room_is_said_before_the_first_file(hub, folder):
    hub.lies["onnx/model.onnx"] = 10**16
    outcome = ask(folder)
    assert outcome.reason == "disk-too-small"
    assert "to spare" in outcome.message
    assert hub.asked("store") == []
    assert list(folder.rglob("config.json")) == []


def test_a_disk_that_fills_up_leaves_nothing_half_written(hub, folder):
    limited = (
        "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000)); "
        f"sys.argv = ['advisor', '--child', {download_plan.JOB!r}]; runpy.run_module('advisor', run_name='__main__')"
    )
    outcome = ask(folder, only="safetensors", argv=[sys.executable, "-P", "-c", limited])
    assert outcome.reason == "disk-full", outcome
    assert "complete files are kept" in outcome.remedy
    assert left(folder) == []
    assert list(folder.rglob("config.json"))
    assert list(folder.rglob("model.safetensors")) == []


def test_a_model_folder_that_is_a_file(hub, tmp_path):
    place = tmp_path / "file"
    place.write_text("x")
    outcome = ask(place)
    assert outcome.reason == "model-folder-unusable", outcome
    assert "file" in outcome.message
    assert hub.asked("store") == []


def test_two_downloads_of_the_same_model_exclude_each_other(hub, folder):
    with file_lock.try_hold(folder / ".locks" / "models--ours--small.lock") as held:
        assert held
        outcome = ask(folder)
    assert outcome.reason == "download-running"
    assert hub.asked("store") == []
    result(ask(folder))


def test_offline_takes_what_is_here_and_asks_nobody(hub, folder):
    first = result(ask(folder, revision="main"))
    hub.seen.clear()
    again = result(ask(folder, offline=True))
    assert (again.folder, again.commit, again.kind) == (first.folder, first.commit, first.kind)
    assert {file.name for file in again.files} == {file.name for file in first.files}
    assert ask(folder, offline=True, model_id="ours/other").reason == "hub-not-here"
    assert hub.seen == []


def test_offline_holds_files_against_the_hashes_the_hub_stated_and_removes_nothing(hub, folder):
    done = result(ask(folder))
    assert all(item.checked for item in result(ask(folder, offline=True)).files)
    file = folder.parent / done.folder / "onnx/model.onnx"
    file.resolve().write_bytes(b"x" * 1000)
    outcome = ask(folder, offline=True)
    assert (outcome.reason, "onnx/model.onnx" in outcome.message) == ("hash-mismatch", True)
    assert "without offline mode" in outcome.remedy
    assert file.read_bytes() == b"x" * 1000


def test_offline_does_not_take_half_a_model(hub, folder):
    hub.cut["model.safetensors"] = 100_000
    hub.down_after_cut = True
    ask(folder, only="safetensors")
    commit = hub.models["ours/small"].commit
    outcome = ask(folder, only="safetensors", offline=True, revision=commit)
    assert outcome.reason == "hub-not-whole"
    assert "model.safetensors" in outcome.message


def test_offline_finds_what_another_program_downloaded(hub, folder, tmp_path):
    home = tmp_path / "hf" / "hub" / "models--ours--theirs"
    snapshot = home / "snapshots" / ("a" * 40)
    (snapshot).mkdir(parents=True)
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text("a" * 40)
    (snapshot / "config.json").write_bytes(CONFIG)
    (snapshot / "model.safetensors").write_bytes(weights(1000))
    assert result(ask(folder, offline=True, model_id="ours/theirs")).folder == str(snapshot)


def test_a_gated_model_is_had_with_the_token_which_the_store_never_sees(hub, folder, monkeypatch):
    model = hub.models["ours/small"]
    model.gated = "auto"
    outcome = ask(folder)
    assert (outcome.reason, "accept" in outcome.remedy) == ("hub-gated", True)
    hub.tokens["hf_good"] = {"ours/small"}
    (folder.parent / "hf").mkdir(exist_ok=True)
    (folder.parent / "hf" / "token").write_text("hf_good")
    hub.seen.clear()
    result(ask(folder))
    assert {seen.token for seen in hub.asked("hub")} == {"hf_good"}
    assert {seen.token for seen in hub.asked("store")} == {None}
    assert not any("hf_good" in path.read_text("latin-1") for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"config.json": CONFIG, "pytorch_model.bin": b"\x80\x04"}, "pickled-weights"),
        ({"config.json": CONFIG}, "no-weights"),
        ({"config.json": json.dumps({"model_type": "ours", "auto_map": {"AutoModel": "run.M"}}).encode(),
          "model.safetensors": weights(100)}, "remote-code"),
        ({"config.json": CONFIG, "model.safetensors": b""}, "weights-empty"),
        ({"config.json": CONFIG, "model.safetensors": b"\xff" * 100}, "header-too-large"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_before_it_is_downloaded(hub, folder, files, reason):
    hub.models["ours/small"] = FakeModel(files)
    outcome = ask(folder)
    assert outcome.reason == reason, outcome
    assert list(folder.rglob("*.safetensors")) == []


def test_measuring_jobs_do_not_see_the_token():
    from advisor.child import command

    base = {"HF_TOKEN": "hf_x", "HTTPS_PROXY": "http://proxy", "PATH": os.defpath}
    assert "HF_TOKEN" not in command.environment(base, job="probe")
    assert "HTTPS_PROXY" not in command.environment(base)
    assert command.environment(base, job=download_plan.JOB)["HF_TOKEN"] == "hf_x"
