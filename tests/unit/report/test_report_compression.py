"""What is said of compression: words, rows, spreadsheet, plot series, and the report's section in every format."""

import csv
import io

import fakes_compression
import fakes_report
import msgspec
import pytest

from advisor.report import compression as words
from advisor.report import compression_series, document_json, html, markdown, pdf
from advisor.report.build import build
from advisor.report.compression_figures import compression_drawings


@pytest.fixture(scope="module")
def hurt():
    return fakes_compression.result(losing=("hi", "th"))


def test_languages_that_lose_more_are_named_with_their_ratio_and_the_rest_is_not(hurt):
    told = words.losing_sentence(hurt)
    assert told.startswith(
        "These lose more than the average of all languages, with confidence: Thai (1.9 times) and Hindi"
    )
    assert "Swahili" not in told
    calm = fakes_compression.result(losing=())
    assert words.losing_sentence(calm).startswith("No language surely loses 1.25 times the average or more")
    two = fakes_compression.result(codes=("en", "hi"))
    assert "fewer than 5 languages" in words.losing_sentence(two)


def test_the_summary_says_how_much_of_what_against_what(hurt):
    told = words.summary(hurt)
    for part in ("SmolLM2-135M-Instruct in ONNX", "against ONNX", "10 sentences in each of 10 languages", "nat/token",
                 "the same first choice in", "22% of the original's bytes"):  # fmt: skip
        assert part in told, (part, told)


def test_notes_say_what_was_left_out_and_what_the_original_is(hurt):
    assert len(words.notes(hurt)) == 1
    cut = msgspec.structs.replace(hurt, num_sentences=4, num_sentences_left_out=6, reference_format="onnx-int8")
    told = " ".join(words.notes(cut))
    assert "4 of 10 sentences" in told
    assert "The original is itself stored as" in told
    unknown = tuple(
        msgspec.structs.replace(item, bits_ratio=4.0 if item.code == "am" else 1.0) for item in hurt.languages
    )
    told = " ".join(words.notes(msgspec.structs.replace(hurt, languages=unknown)))
    assert "hardly knows Amharic: for the same sentences it needs 3 times the bits" in told
    vectors = fakes_compression.result(kind="embedding")
    parts = [
        msgspec.structs.replace(item, translation_share=0.1 if item.code in ("am", "sw") else 0.9)
        for item in vectors.languages
    ]
    told = " ".join(words.notes(msgspec.structs.replace(vectors, languages=tuple(parts))))
    assert "hardly knows Swahili and Amharic: of under half" in told


def test_rows_stand_by_loss_with_the_users_languages_marked(hurt):
    rows = words.rows(hurt, marked=("sw",))
    assert [row[0] for row in rows][:2] == ["Thai", "Hindi"]
    assert "Swahili (yours)" in [row[0] for row in rows]
    assert all(len(row) == len(words.titles(hurt)) for row in rows)
    assert rows[0][3].startswith("more: ")
    vectors = fakes_compression.result(kind="embedding")
    assert all(len(row) == len(words.titles(vectors)) for row in words.rows(vectors))


def test_the_spreadsheet_has_a_line_a_language_and_no_formula(hurt):
    evil = msgspec.structs.replace(hurt, model="=cmd()|'/c calc'!A0")
    rows = list(csv.DictReader(io.StringIO(words.table_csv((evil, hurt)))))
    assert len(rows) == 20
    assert rows[0]["model"].startswith("'=")
    assert (rows[0]["language"], rows[0]["loses_more"]) == ("th", "yes")
    assert float(rows[0]["loss"]) == hurt.languages[5].loss.value
    assert rows[0]["loss_unit"] == "nat/sentence"


def test_formats_of_one_model_share_a_plot_sorted_by_loss(hurt):
    mild = fakes_compression.result(format="onnx-int8", loss=0.02, losing=())
    old = fakes_compression.result(losing=("de",), created="2026-01-01T00:00:00+00:00")
    vectors = fakes_compression.result(kind="embedding", format="onnx-int4-b128")
    other = fakes_compression.result(model="owner/other")
    groups = compression_series.newest((hurt, mild, old, vectors, other))
    assert [[item.format for item in group] for group in groups] == [["onnx-int4-b32", "onnx-int8"], ["onnx-int4-b32"]]
    assert groups[0][0] is hurt
    drawn = compression_series.series((mild, hurt), yours=("hi", "fr"))
    assert [form.format for form in drawn.formats] == ["onnx-int4-b32", "onnx-int8"]
    assert drawn.codes[:2] == ("th", "hi")
    assert drawn.yours == ("hi", "fr")
    assert drawn.names[1] == "Hindi (yours)"
    assert drawn.axis == "Loss: divergence from the original (nats per sentence)"
    assert [point.code for point in drawn.formats[0].points if point.loses_more] == ["th", "hi"]
    assert "Of your languages, Hindi and French: Hindi." in drawn.summary
    assert "ONNX int8 (blocks of 32): none, as far as can be told" in drawn.summary


def test_the_report_shows_figure_and_table_of_the_models_it_lists_only(hurt):
    recommendation = fakes_report.recommendation()
    model = recommendation.row(recommendation.pick.index).model
    own = msgspec.structs.replace(hurt, model=model)
    stranger = msgspec.structs.replace(hurt, model="owner/stranger")

    class Data:
        compressions = (own, stranger)

    recommendation.data = Data()
    document = build(recommendation)
    (view,) = document.compression
    assert view.series.model == model
    page, text = html.render(document), markdown.render(document)
    for form in (page, text):
        assert "What compression costs, language by language" in form
        assert "owner/stranger" not in form
    assert 'id="compression-1-title"' in page
    assert page.count("<svg") == html.render(build(fakes_report.recommendation())).count("<svg") + 1
    assert "| Thai | 3 |" in text
    assert pdf.render(document).startswith(b"%PDF")
    assert pdf.pdf_data(document)["compression"][1]["figure"] in pdf.pdf_data(document)["energy_figures"]
    drawing = compression_drawings(document, themed=False)["compression-1"]
    assert "Thai" in drawing.alt
    again = document_json.read(msgspec.json.encode(document), file_name="x")
    assert again.compression == document.compression


def test_a_report_without_measurements_has_no_such_section():
    document = build(fakes_report.recommendation())
    assert document.compression == ()
    assert "What compression costs" not in html.render(document) + markdown.render(document)
