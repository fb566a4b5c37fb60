"""A converted model enters its place whole; what was killed is cleaned up; nobody writes twice to one place."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from advisor.convert import convert, place
from advisor.errors import ChildError, OutputError


@pytest.mark.parametrize(
    ("model_id", "name"),
    [
        ("owner/name", "owner--name"), ("SmolLM2-135M.Q4_1", "SmolLM2-135M.Q4_1"), ("../../etc", "etc"),
        ("a b/c:d", "a-b--c-d"), ("..", "model"), ("C:\\models\\x", "C--models--x"), (".hidden", "hidden"),
    ],
)  # fmt: skip
def test_names_become_harmless_folders(model_id, name):
    assert place.folder_name(model_id) == name


def test_long_names_stay_different():
    first, second = place.folder_name("a" * 300), place.folder_name("a" * 301)
    assert len(first) <= 96
    assert first != second


def test_methods_have_folders_of_their_own():
    assert place.target_folder("o/n", "onnx-int4-b32").name == "onnx-int4-b32"
    assert place.target_folder("o/n", "onnx-int4-b32", "k-quant").name == "onnx-int4-b32-k-quant"


def made(target, text):
    work = place.begin(target)
    (work / "model").mkdir()
    (work / "model" / "model.onnx").write_text(text)
    return work / "model"


def test_a_model_is_replaced_in_one_step_and_nothing_lies_beside_it():
    target = place.target_folder("o/n", "onnx-fp32")
    with place.alone(target):
        place.put(made(target, "first"), target)
        place.clean(target)
        place.put(made(target, "second"), target)
        place.clean(target)
    assert (target / "model.onnx").read_text() == "second"
    assert [path.name for path in target.parent.iterdir()] == ["onnx-fp32"]


def test_a_conversion_that_was_killed_leaves_no_model_and_is_swept():
    target = place.target_folder("o/n", "onnx-fp32")
    made(target, "half")
    assert not target.exists()
    place.sweep()
    assert not target.parent.exists()


def test_killed_between_the_two_steps_the_old_model_comes_back():
    target = place.target_folder("o/n", "onnx-fp32")
    with place.alone(target):
        place.put(made(target, "old"), target)
        target.rename(target.with_name(f".{target.name}.replaced"))
        place.clean(target)
    assert (target / "model.onnx").read_text() == "old"


def test_a_second_process_is_kept_out_and_a_sweep_leaves_its_work():
    target = place.target_folder("o/n", "onnx-fp32")
    code = (
        "import sys; from pathlib import Path; from advisor.convert import place\n"
        f"t = Path({str(target)!r})\n"
        "with place.alone(t):\n"
        "    place.begin(t)\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          cwd=Path(__file__).parents[3]) as other:  # fmt: skip
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(ChildError) as caught, place.alone(target):
            pass
        assert caught.value.code == "conversion-running"
        place.sweep()
        assert place.work_folder(target).is_dir()
        other.stdin.close()
        other.wait(10)
    place.sweep()
    assert not place.work_folder(target).exists()


def test_a_full_disk_is_told_as_such_whatever_a_tool_makes_of_it(tmp_path):
    with pytest.raises(OSError) as full:  # noqa: PT011 - which number is the point
        os.write(os.open("/dev/full", os.O_WRONLY), b"x")
    for error in (full.value, RuntimeError("I/O error: No space left on device (os error 28)")):
        with pytest.raises(OutputError) as caught:
            convert.raise_if_full(error, tmp_path)
        assert caught.value.code == "disk-full"
    wrapped = RuntimeError("save failed")
    wrapped.__cause__ = OSError(errno.EFBIG, "File too large")
    with pytest.raises(OutputError) as caught:
        convert.raise_if_full(wrapped, tmp_path)
    assert caught.value.code == "file-too-large"
    convert.raise_if_full(ValueError("something else"), tmp_path)
