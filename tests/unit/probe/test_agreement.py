"""Two probes of the same candidate: whether they agree, and what was different."""

import fakes_files
import msgspec
import pytest
from test_launches import twice
from test_probe_result import CHAT, QWEN, result

from advisor.probe import agreement
from advisor.probe.threads import ThreadChoice
from advisor.report import probe_notes, public


def probe(token_s, name, **changes):
    found = result(QWEN, CHAT, twice(24, token_s, token_s))
    return msgspec.structs.replace(found, id=name, created="2026-01-02T03:04:05+00:00", **changes)


def test_probes_within_five_percent_agree():
    found = agreement.compare(probe(0.0200, "b"), [probe(0.0204, "a")])
    assert found.agrees
    assert found.rate_ratio == pytest.approx(1.02)
    assert found.differences == ()
    assert probe_notes.agreement_sentence(found) == (
        "It was 2 % faster than the probe of 2026-01-02 03:04, which agrees."
    )


def test_steady_probes_further_apart_do_not_agree_and_the_app_says_why_not():
    then = probe(0.020, "a", power_source="mains", num_threads=4, versions={"onnxruntime": "1.31"})
    now = probe(0.022, "b", power_source="battery", num_threads=2, versions={"onnxruntime": "1.32"})
    found = agreement.compare(now, [then])
    assert not found.agrees
    sentence = probe_notes.agreement_sentence(found)
    assert sentence.startswith("It was 10 % slower")
    for part in ("4 threads then, 2 threads now", "on mains then, on battery now", "onnxruntime 1.31 then, 1.32 now"):
        assert part in sentence


def test_a_reason_of_either_probe_is_a_difference():
    noisy = msgspec.structs.replace(probe(0.03, "a"), grade="C", reasons=("Other programs used 80% of it.",))
    found = agreement.compare(probe(0.02, "b"), [noisy])
    assert "then: other programs used 80% of it" in probe_notes.agreement_sentence(found)


def test_nothing_different_is_said_to_be_the_computer():
    found = agreement.compare(probe(0.02, "b"), [probe(0.03, "a")])
    assert "Nothing the app can see was different" in probe_notes.agreement_sentence(found)


def test_only_the_same_candidate_sizes_and_machine_are_compared():
    now = probe(0.02, "b")
    others = [
        now, probe(0.02, "a", model="x"), probe(0.02, "a", format="x"), probe(0.02, "a", fingerprint="x"),
        probe(0.02, "a", device="cuda"), probe(0.02, "a", outcome="cancelled"),
        msgspec.structs.replace(probe(0.02, "a"), workload=msgspec.structs.replace(CHAT, num_input_tokens=9)),
    ]  # fmt: skip
    assert agreement.compare(now, others) is None
    assert agreement.compare(now, [*others, probe(0.02, "c")]).earlier_id == "c"


def test_the_json_document_carries_it():
    now = probe(0.02, "b")
    found = public.probe_json(now, None, agreement.compare(now, [probe(0.0204, "a")]))
    assert found["agreement"]["earlier"] == "a"
    assert found["agreement"]["agrees"] is True
    assert public.probe_json(now)["agreement"] is None


def test_pinned_threads_are_a_difference():
    then = probe(0.02, "a")
    now = probe(0.03, "b", threads=ThreadChoice(num_threads=2, pinned=True))
    assert "only now" in probe_notes.agreement_sentence(agreement.compare(now, [then]))


def test_the_same_file_at_the_same_sizes_agrees_under_another_name():
    found = agreement.compare_files(
        fakes_files.result(0.0020, "b"), [fakes_files.result(0.00204, "a", file="/b/x.onnx")]
    )
    assert found.agrees
    assert (found.earlier_id, found.differences) == ("a", ())
    assert found.rate_ratio == pytest.approx(1.02)


def test_a_file_that_ran_at_another_speed_says_what_was_different():
    then = fakes_files.result(0.0020, "a", num_threads=1, grade="B", reasons=("Other programs used 20% of it.",))
    sentence = probe_notes.agreement_sentence(agreement.compare_files(fakes_files.result(0.0026, "b"), [then]))
    assert sentence.startswith("It was 30 % slower than the probe of 2026-11-26 10:00.")
    assert "1 thread then, 2 threads now" in sentence
    assert "then: other programs used 20% of it" in sentence


def test_unsteady_runs_whose_ranges_meet_are_not_called_the_same_speed():
    then = fakes_files.result(0.0020, "a", grade="C")
    wide = msgspec.structs.replace(then.rate, low=300.0)
    found = agreement.compare_files(
        fakes_files.result(0.0026, "b", pinned=True), [fakes_files.result(0.0020, "a", grade="C", rate=wide)]
    )
    assert found.agrees
    sentence = probe_notes.agreement_sentence(found)
    assert sentence.startswith("It was 30 % slower than the probe of 2026-11-26 10:00, which lies within the ranges of")
    assert "threads were kept on their processors only now" in sentence


def test_only_the_same_content_sizes_machine_and_device_of_a_file_are_compared():
    now = fakes_files.result(id="b")
    header = msgspec.structs.replace(now.header, external_files=())
    others = [
        now, fakes_files.result(sha256="cd" * 32), fakes_files.result(batch=2), fakes_files.result(fingerprint="x"),
        fakes_files.result(device="gpu:0"), fakes_files.result(header=header),
    ]  # fmt: skip
    assert agreement.compare_files(now, others) is None
    assert agreement.compare_files(now, [*others, fakes_files.result(id="c")]).earlier_id == "c"
