"""Real weights beside made-up ones and the estimate: which probe stands there, ratios with ranges, words, documents."""

import fakes_report
import msgspec
import pytest

from advisor.evidence import Quantity, unknown
from advisor.probe.plan import ProbeResult, WeightFile, WeightsFacts
from advisor.recommend import merge
from advisor.report import beside, build, export, public, wording


def facts(**changes):
    given = {
        "folder": "onnx-int4", "layout": "genai", "revision": "0123456789abcdef", "language": "hi", "num_texts": 4,
        "files": (
            WeightFile(name="model.onnx", size_bytes=2 * 1024**20 % 10**9, sha256="ab" * 32),
            WeightFile(name="model.onnx.data", size_bytes=10**10, modified="2026-11-26T10:00:00+00:00"),
        ),
        "load_time_cold": Quantity(value=2.0, low=1.4, high=2.6, unit="s", evidence="measured", basis="by hand"),
        "tokenize_time": Quantity(value=1e-4, unit="s", evidence="measured", basis="by hand"),
    }  # fmt: skip
    return WeightsFacts(**(given | changes))


def quantity(value, unit, evidence="measured"):
    return Quantity(value=value, low=0.9 * value, high=1.1 * value, unit=unit, evidence=evidence, basis="by hand")


@pytest.fixture
def made_up():
    return fakes_report.probe()


@pytest.fixture
def real(made_up):
    rate = made_up.rate
    return msgspec.structs.replace(
        made_up, id="real", kind="weights", weights=facts(), created="2026-11-27T01:00:00+00:00",
        rate=quantity(0.95 * rate.value, rate.unit),
    )  # fmt: skip


def test_the_steady_probe_with_made_up_weights_of_the_same_sizes_stands_beside(real, made_up):
    noisy = msgspec.structs.replace(made_up, id="noisy", grade="C")
    larger = msgspec.structs.replace(
        made_up, id="larger", workload=msgspec.structs.replace(made_up.workload, num_batch=9)
    )  # fmt: skip
    elsewhere = msgspec.structs.replace(made_up, id="elsewhere", fingerprint="another")
    steady = msgspec.structs.replace(made_up, grade="A")
    assert beside.twin(real, (real, larger, elsewhere, noisy, steady)).id == steady.id
    assert beside.twin(real, (real, larger, elsewhere, noisy)).id == "noisy"
    assert beside.twin(real, (real, larger, elsewhere)) is None


def test_a_ratio_holds_all_that_both_ranges_allow_and_is_worth_its_weaker_part(real, made_up):
    made_up = msgspec.structs.replace(made_up, rate=quantity(10.0, "tokens/s", "measured-synthetic"))
    real = msgspec.structs.replace(real, rate=quantity(12.0, "tokens/s"))
    line = next(item for item in beside.lines(real, made_up, None) if item.key == "rate")
    ratio = line.over_made_up
    assert ratio.value == pytest.approx(1.2)
    assert (ratio.low, ratio.high) == (pytest.approx(1.2 * 0.9 / 1.1), pytest.approx(1.2 * 1.1 / 0.9))
    assert ratio.evidence == "measured-synthetic"
    assert (line.estimate, line.over_estimate) == (None, None)
    assert beside.ratio_words(ratio) == "1.2 (0.98 to 1.5)"


def test_what_is_not_known_has_no_line_and_no_ratio(real, made_up):
    bare = msgspec.structs.replace(real, weights=facts(load_time_cold=unknown("s", "the files are in use")))
    keys = [line.key for line in beside.lines(bare, None, None)]
    assert "load_time_cold" not in keys
    assert "rate" in keys
    assert all(line.over_made_up is None for line in beside.lines(bare, None, None))


def test_the_notes_name_files_texts_and_what_was_not_measured(real, made_up):
    cold = unknown("s", "another program holds the files in memory")
    told = " ".join(beside.notes(msgspec.structs.replace(real, weights=facts(load_time_cold=cold)), None))
    assert "model.onnx with a SHA-256 that begins abababababab" in told
    assert "model.onnx.data is known by size and date (2026-11-26)" in told
    assert "revision 0123456789ab" in told
    assert "4 texts in Hindi" in told
    assert "as after a restart was not measured: another program holds the files in memory." in told
    assert beside.NO_TWIN in told
    assert "no difference beyond their ranges" in " ".join(beside.notes(real, made_up))
    assert beside.notes(made_up, None) == ()


def test_a_language_that_the_tokenizer_does_not_know_is_said(real):
    told = " ".join(beside.notes(msgspec.structs.replace(real, weights=facts(unknown_share=0.97)), None))
    assert "97 % of their tokens stand for words it does not know: the model was not made for Hindi." in told
    assert "does not know" not in " ".join(beside.notes(real, None))


def test_the_sentence_says_real_weights(real):
    assert wording.probe_sentence(real).startswith("Measured with the real weights: ")


def test_the_document_has_all_three_and_a_probe_with_made_up_weights_has_none(real, made_up):
    found = public.probe_json(real, None, None, made_up)
    assert found["kind"] == "weights"
    assert found["weights"]["made_up_probe"] == made_up.id
    assert {"rate", "load_time_cold", "tokenize_time"} <= {line["figure"] for line in found["beside"]}
    assert (public.probe_json(made_up)["weights"], public.probe_json(made_up)["beside"]) == (None, [])


def test_real_weights_rank_before_made_up_ones_however_old_and_whatever_the_grade(real, made_up):
    newer = msgspec.structs.replace(made_up, created="2026-11-28T00:00:00+00:00", grade="A")
    older = msgspec.structs.replace(real, grade="B")
    found = merge.measurement((newer, older), made_up.workload)
    assert found.view.probe_id == "real"
    others = msgspec.structs.replace(made_up.workload, num_batch=7)
    assert (
        merge.measurement((newer, msgspec.structs.replace(older, workload=others)), made_up.workload).view.probe_id
        == newer.id
    )


def test_a_result_of_an_older_version_is_read(made_up):
    old = {key: value for key, value in msgspec.to_builtins(made_up).items() if key != "weights"}
    assert msgspec.json.decode(msgspec.json.encode(old), type=ProbeResult).weights is None


@pytest.mark.parametrize("ending", ["md", "html", "pdf", "json"])
def test_the_report_lays_them_side_by_side(ending, real, made_up, tmp_path):
    document = build.build(fakes_report.recommendation(), probes=(real, made_up))
    view = next(item for item in document.probes if item.id == "real")
    assert view.comparison == ()
    assert {row.key for row in view.beside} >= {"rate", "load_time_cold"}
    assert next(row for row in view.beside if row.key == "rate").made_up == made_up.rate
    path = tmp_path / f"report.{ending}"
    export.write(document, path)
    if ending in ("md", "html"):
        text = path.read_text("utf-8")
        assert "Real over made-up" in text
        assert "Measured with the real weights" in text
