"""The auditor of `fit-energy/1`: each fault that a document may have is found, and a sound one passes."""

import json

import pytest
from test_interchange_canonical import built, part, probe_with, result_of

from advisor.report.interchange import checker
from advisor.report.public_parts import encode


def two_parts():
    return built(probe_with(result_of(part("cpu", 2.0), part("gpu", 5.0), total_j=7.0)), embodied=True)


def fresh():
    """The document as it lies in a file."""
    return json.loads(encode(two_parts()))


def place(document, path):
    *way, last = path.split(".")
    for name in way:
        document = document[name]
    return document, last


def put(document, path, value):
    inside, last = place(document, path)
    inside[last] = value(inside[last]) if callable(value) else value
    return document


def codes(document):
    return {finding.code for finding in checker.check(document)}


def test_a_sound_document_passes_in_memory_and_from_a_file():
    assert checker.check(two_parts()) == ()
    assert checker.check_bytes(encode(two_parts())) == ()
    assert checker.check(fresh()) == ()


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("energy.components.cpu.gross_j.value", lambda x: x * 1.001, "total"),
        ("energy.components.gpu.gross_j.high", lambda x: x * 1.001, "total"),
        ("energy.components.gpu.net_j.low", lambda x: x * 0.999, "total"),
        ("energy.total.gross_j.value", lambda x: x * (1 + 1e-6), "total"),
        ("energy.total.net_j.value", None, "total"),
        ("energy.components.gpu.net_j.value", None, "total"),
        ("energy.components.gpu.net_j.value", True, "number"),
        ("energy.total.parts", ["cpu"], "total"),
        ("energy.total.parts", ["cpu", "gpu", "platform"], "total"),
        ("energy.total.parts", [], "total"),
        ("energy.components.gpu", None, "total"),
        ("energy.components.gpu.gross_j.value", 0, "zero"),
        ("energy.components.cpu.gross_j.value", 0.0, "zero"),
        ("energy.components.cpu.net_j.value", lambda x: x * 2.1, "net"),
        ("energy.per_query_wh.value", lambda x: x * 1000, "queries"),
        ("energy.per_query_wh.low", None, "queries"),
        ("energy.wh_per_1000_queries.value", lambda x: x / 1000, "queries"),
        ("energy.wh_per_1000_queries.high", lambda x: x * 1.01, "queries"),
        ("workload.n_queries", 999, "queries"),
        ("workload.n_queries", 0, "queries"),
        ("workload.n_queries", None, "queries"),
        ("energy.components.cpu.phases.query.gross_j.value", lambda x: x / 1.01, "phases"),
        ("energy.components.cpu.evidence", "measured-synthetic", "evidence"),
        ("energy.components.cpu.gross_j.evidence", "assumed", "evidence"),
        ("energy.total.evidence", "guessed", "evidence"),
        ("carbon.operational_g.evidence", "measured", "evidence"),
        ("carbon.operational_g.value", lambda x: x * 1.001, "carbon"),
        ("carbon.g_per_kwh.value", lambda x: x + 1, "carbon"),
        ("carbon.operational_g.value", None, "carbon"),
        ("carbon.sci.value.value", lambda x: x * 1.01, "sci"),
        ("carbon.sci.m_g", None, "sci"),
        ("carbon.sci.e_kwh.value", lambda x: x * 1.001, "sci"),
        ("carbon.sci.boundary", "", "sci"),
        ("carbon.sci.method", None, "sci"),
        ("carbon.sci.value.low", 1e9, "range"),
        ("performance.query_s.high", 0.0, "range"),
        ("energy.total.gross_j.low", lambda x: x * 9, "range"),
        ("performance.query_s.value", "0.1", "number"),
        ("energy.components.cpu.refresh_s", float("nan"), "number"),
        ("performance.ttft_s.value", None, "range"),
        ("performance.peak_rss_bytes.evidence", "excluded", "excluded"),
        ("energy.j_per_output_token.value", 0, "excluded"),
        ("energy.boundary", " ", "boundary"),
        ("comparability.aies", True, "comparable"),
        ("comparability", None, "comparable"),
        ("schema", "fit-energy/2", "schema"),
    ],
)  # fmt: skip
def test_each_fault_is_found(path, value, code):
    document = put(fresh(), path, value)
    if path == "performance.ttft_s.value":  # a limit alone lies above its low end
        put(document, "performance.ttft_s.low", 9.0)
    assert code in codes(document)


def test_a_sum_is_as_weak_as_its_weakest_part():
    document = fresh()
    for path in ("energy.components.gpu.gross_j.evidence", "energy.components.gpu.evidence"):
        put(document, path, "assumed")
    found = [finding for finding in checker.check(document) if finding.code == "evidence"]
    assert {finding.where for finding in found} == {
        "$.energy.total.evidence", "$.energy.total.gross_j.evidence", "$.energy.per_query_wh.evidence",
        "$.energy.wh_per_1000_queries.evidence", "$.carbon.operational_g.evidence",
    }  # fmt: skip
    assert all("a part of it is assumed" in finding.text for finding in found)


def test_the_whole_machine_is_not_added_to_its_own_parts():
    document = json.loads(encode(built(probe_with(result_of(part("cpu", 2.0), part("platform", 12.0), total_j=2.0)))))
    assert checker.check(document) == ()
    put(document, "energy.total.parts", ["cpu", "platform"])
    assert "The whole machine is added to its own parts." in {finding.text for finding in checker.check(document)}


def test_one_fault_names_its_place():
    (finding,) = checker.check(put(fresh(), "energy.boundary", None))
    assert finding.where == "$.energy.boundary"


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"null", b"{", b'{"schema": "other"}', b"\xff", b"[" * 100, b"[" * 100_000]
)
def test_what_is_no_such_document_is_said(raw):
    assert {finding.code for finding in checker.check_bytes(raw)} <= {"not-json", "schema"}
    assert checker.check_bytes(raw)


def test_a_hollow_document_raises_nothing_and_does_not_pass():
    assert "total" in codes({"schema": "fit-energy/1"})


@pytest.mark.parametrize("value", [None, 7, "x", [], {}, [None], {"value": {}, "evidence": []}])
def test_anything_in_any_place_raises_nothing(value):
    def paths(item, way=()):
        if isinstance(item, dict):
            for name, inner in item.items():
                yield (*way, name)
                yield from paths(inner, (*way, name))

    for way in [way for way in paths(fresh()) if way[0] in ("energy", "carbon", "workload", "comparability")]:
        checker.check(put(fresh(), ".".join(way), value))
