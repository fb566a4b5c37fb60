"""Foreign text in every format, drawings, and files that cannot be written."""

import csv
import errno
import io
import json
import os
import re
import subprocess
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

import fakes_report as fakes
import jsonschema
import msgspec
import pytest

from advisor import resources
from advisor.errors import InvalidFileError, OutputError
from advisor.evidence import Quantity
from advisor.report import document_json, energy_tables, export, html, markdown, pdf, table_csv
from advisor.report.build import build
from advisor.report.figures import drawings

HOSTILE_MODEL = '=evil/"><img src=x onerror=alert(1)>|`$x$`'


def document(recommendation=None, **options):
    options = {"grid": fakes.GRID, "versions": fakes.VERSIONS, "probes": [fakes.probe()], **options}
    return build(recommendation or fakes.recommendation(), **options)


def hostile():
    return document(fakes.recommendation(text=fakes.HOSTILE, model=HOSTILE_MODEL), probes=[fakes.probe(HOSTILE_MODEL)])


class Page(HTMLParser):
    """Collects tags, ids and texts of a page and checks that every tag is closed."""

    VOID = frozenset({"meta", "br", "img", "input", "link", "hr", "use", "path"})

    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.refs, self.texts, self.open = [], [], [], [], []
        self.attributes = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        self.ids += [value for name, value in attrs if name == "id"]
        self.refs += [part for name, value in attrs if name == "aria-labelledby" for part in value.split()]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def test_the_page_is_one_well_formed_file_without_script_or_outside_link():
    page = Page(html.render(document()))
    assert "script" not in page.tags
    assert not {(name, value) for _tag, name, value in page.attributes if name in {"src", "onclick", "onerror"}}
    links = {value for _tag, name, value in page.attributes if name == "href" and not value.startswith("#")}
    assert links == set()  # the only one there can be stands beside official stars, and is followed by hand only
    assert "@import" not in "".join(page.texts)
    assert len(page.ids) == len(set(page.ids))
    assert set(page.refs) <= set(page.ids)
    assert ("html", "lang", "en") in page.attributes
    scopes = [value for tag, name, value in page.attributes if tag == "th" and name == "scope"]
    assert len(scopes) == page.tags.count("th") > 50
    assert page.tags.count("h1") == 1
    assert page.tags.count("svg") == 4


def test_the_page_follows_the_theme_and_prints():
    text = html.render(document())
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text
    svgs = re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL)
    assert svgs
    for svg in svgs:
        assert "var(--ink)" in svg
        assert not re.search(r"(?:fill|stroke): #", svg), "a colour that does not follow the theme"
    variables = set(re.findall(r"var\(--([\w-]+)\)", text))
    assert variables <= set(re.findall(r"--([\w-]+):", text))


def test_foreign_text_stays_text_on_the_page():
    page = Page(html.render(hostile()))
    assert "script" not in page.tags
    assert "img" not in page.tags
    texts = "".join(page.texts)
    assert "<script>alert('x')</script>" in texts
    assert HOSTILE_MODEL in texts


def test_drawings_have_titles_alternatives_and_valid_xml():
    made = drawings(document(), themed=True)
    assert [item.id for item in made] == ["memory", "pareto", "probe-1"]
    for item in made:
        assert item.alt
        assert item.title
        assert item.caption
        ElementTree.fromstring(item.svg)
    assert "acme/small-embedder" in made[0].alt
    assert "needs 1 GiB" in made[0].alt


def test_a_known_datum_lies_where_the_axis_says():
    """The pick's mark against the tick labels of the logarithmic axis."""
    made = next(item for item in drawings(document(), themed=True) if item.id == "pareto")
    root = ElementTree.fromstring(made.svg)
    at = {}
    for text in root.iter("text"):
        moved = re.search(r"translate\(([\d.]+)", text.get("transform", ""))
        x = moved.group(1) if moved else text.get("x")
        at.setdefault((text.text or "").strip(), float(x))
    left, right = at["0.1"], at["1"]
    expected = left + (right - left) * 0.60206  # log10(0.4) lies 60.2 % of the way from 0.1 to 1
    assert at["small-embedder (pick)"] == pytest.approx(expected, abs=2.0)


def test_the_parts_of_a_bar_follow_each_other():
    rows = [fakes.row(1, "a/a", rank=1)]
    svg = drawings(document(fakes.recommendation(rows=rows), probes=[]), themed=True)[0].svg
    ends = {}
    for part in ("weights", "activations", "runtime"):
        shape = re.search(rf'<path d="([^"]+)"[^>]*fill: var\(--part-{part}\)', svg).group(1)
        along = [float(x) for x in re.findall(r"[ML] ([\d.]+) ", shape)]
        ends[part] = (min(along), max(along))
    assert ends["weights"][1] == pytest.approx(ends["activations"][0], abs=0.01)
    assert ends["activations"][1] == pytest.approx(ends["runtime"][0], abs=0.01)
    share = (ends["weights"][1] - ends["weights"][0]) / (ends["runtime"][1] - ends["weights"][0])
    assert share == pytest.approx(0.7, abs=0.01)


def test_text_is_drawn_as_shapes_for_the_pdf():
    for item in drawings(document(), themed=False):
        assert "<text" not in item.svg
        assert "var(--" not in item.svg


def test_far_free_memory_is_told_instead_of_drawn():
    rows = [fakes.row(1, "a/a", gib=0.2, rank=1), fakes.row(2, "b/b", gib=0.3, rank=2)]
    memory = drawings(document(fakes.recommendation(rows=rows)), themed=True)[0]
    assert "11 GiB are free, far beyond the right edge." in memory.caption
    assert "GiB free" not in memory.svg


def test_a_report_without_data_for_a_drawing_has_none():
    rows = [fakes.row(1, "a/a", rank=1, value=None)]
    made = document(fakes.recommendation(rows=rows), probes=[])
    assert [item.id for item in drawings(made, themed=True)] == ["memory"]
    assert "Quality against energy" not in html.render(made)


def test_names_no_drawing_font_has_are_replaced_in_drawings_only():
    made = document(fakes.recommendation(model="acme/模型-😀"), probes=[])
    assert "acme/??-?" in drawings(made, themed=True)[0].svg
    assert "acme/模型-😀" in html.render(made)


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a|b", "a\\|b"), ("<b>", "&lt;b&gt;"), ("*x* _y_ `z`", "\\*x\\* \\_y\\_ \\`z\\`"), ("one\ntwo", "one two"),
        ("# title", "\\# title"), ("- item", "\\- item"), ("1. item", "1\\. item"), ("12) item", "12\\) item"),
        ("[a](b)", "\\[a\\](b)"), ("https://x.y", "https&#58;//x.y"), ("www.x.y", "www&#46;x.y"), ("$x$", "\\$x\\$"),
        ("a & b", "a &amp; b"), ("back\\slash", "back\\\\slash"), ("5 GiB", "5 GiB"),
        ("0.4 Wh", "0.4 Wh"), ("3.", "3\\."),
    ],
)  # fmt: skip
def test_markdown_text_is_escaped(text, escaped):
    assert markdown.escape(text) == escaped


def test_foreign_text_stays_text_in_markdown():
    text = markdown.render(hostile())
    assert "<script>" not in text
    assert "<img" not in text
    tables = [line for line in text.splitlines() if line.startswith("|")]
    widths = {}
    for line in tables:
        cells = len(re.findall(r"(?<!\\)\|", line))
        widths.setdefault(cells, 0)
        widths[cells] += 1
    assert set(widths) <= {3, 4, 5, 6, 7, 11}, "a table border inside a cell"
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert headings[0] == "# Model advice: text classification"
    assert all(re.match(r"#{1,3} \S", line) for line in headings)


def test_json_follows_its_schema_and_can_be_read_again():
    made = document()
    raw = document_json.render(made)
    schema = json.loads(resources.read("schema/report.schema.json"))
    jsonschema.Draft202012Validator(schema).validate(json.loads(raw))
    assert document_json.read(raw) == made
    assert json.loads(raw)["schema"] == "model-fit-advisor/report/1"
    foreign = json.loads(document_json.render(hostile()))
    assert foreign["task_text"] == fakes.HOSTILE


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "report-invalid"), (b"{}", "report-invalid"), (b'{"version": 99}', "report-too-new"),
        (b'{"version": 1, "title": 3}', "report-invalid"), (b"\xff\xfe", "report-invalid"),
    ],
)  # fmt: skip
def test_a_damaged_report_is_refused(raw, code):
    with pytest.raises(InvalidFileError) as caught:
        document_json.read(raw, file_name="mine.json")
    assert caught.value.code == code
    assert "mine.json" in caught.value.message


def test_half_a_report_is_refused():
    raw = document_json.render(document())
    with pytest.raises(InvalidFileError):
        document_json.read(raw[: len(raw) // 2])


def test_nan_never_reaches_a_file():
    broken = msgspec.convert({"unit": "B", "evidence": "assumed", "basis": "x", "value": 1.0}, Quantity)
    msgspec.structs.force_setattr(broken, "value", float("nan"))
    made = document()
    row = msgspec.structs.replace(made.candidates[0].figures[0], quantity=broken)
    view = msgspec.structs.replace(made.candidates[0], figures=(row,))
    with pytest.raises(ValueError, match=r"candidates\[0\].figures\[0\].quantity.value is nan"):
        document_json.render(msgspec.structs.replace(made, candidates=(view,)))


def cells(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_csv_has_one_row_a_candidate_with_plain_numbers():
    rows = cells(table_csv.render(document()))
    assert [row["model"] for row in rows][:2] == ["acme/small-embedder", "acme/base-embedder"]
    first = rows[0]
    assert float(first["memory"]) == fakes.GIB
    assert first["memory_unit"] == "B"
    assert float(first["energy_per_1000_queries_low"]) == 0.2
    assert first["energy_per_1000_queries_evidence"] == "estimated"
    assert first["time_per_token"] == ""
    assert first["quality"] == "62.3"
    by_model = {row["model"]: row for row in rows}
    assert by_model["huge/embedder"]["rejections"] == "It needs 12 GiB, 11 GiB are free."
    assert by_model["other/no-figure"]["quality"] == ""


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd", "'+cmd"), ("-2", "-2"), ("-2.5e3", "-2.5e3"), ("-x", "'-x"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =1", "'  =1"), ("\t=1", "'=1"), ("a\r\nb", "a b"), (None, ""), (0.1, "0.1"), (-3, "-3"), ("plain", "plain"),
    ],
)  # fmt: skip
def test_a_cell_is_never_a_formula(value, cell):
    assert table_csv.safe_cell(value) == cell


def test_foreign_text_stays_text_in_csv():
    rows = cells(table_csv.render(hostile()))
    assert rows[0]["model"] == f"'{HOSTILE_MODEL}"
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "@", "+"))]


def pdf_text(raw, tmp_path):
    file = tmp_path / "x.pdf"
    file.write_bytes(raw)
    done = subprocess.run(["pdftotext", str(file), "-"], capture_output=True, text=True, check=True)
    return done.stdout


def test_the_pdf_is_tagged_and_says_so():
    raw = pdf.render(document())
    assert raw.startswith(b"%PDF-1.7")
    assert b"/StructTreeRoot" in raw
    assert b"/Alt" in raw or b"/ObjStm" in raw
    assert b"pdfuaid:part" in raw
    assert pdf.render(document()) == raw, "the same report gives the same file"


def test_foreign_text_stays_text_in_the_pdf(tmp_path):
    text = " ".join(pdf_text(pdf.render(hostile()), tmp_path).split())
    for literal in ("*bold*", '#import "x"', "$x$", "_u_", "<script>alert('x')</script>", "\\end"):
        assert literal in text, literal
    assert HOSTILE_MODEL.split()[0] in text


def test_no_text_is_run_as_a_program_by_the_pdf_setter():
    boom = '#panic("boom") #{panic("boom")}'
    made = document(fakes.recommendation(text=boom, model=boom), probes=[fakes.probe(boom)])
    assert pdf.render(made).startswith(b"%PDF")


def test_a_reader_of_pdf_finds_tags_title_and_language(tmp_path):
    file = tmp_path / "x.pdf"
    file.write_bytes(pdf.render(document()))
    told = subprocess.run(["pdfinfo", str(file)], capture_output=True, text=True, check=True).stdout
    assert re.search(r"Tagged:\s+yes", told)
    assert re.search(r"Title:\s+Model advice: text classification", told)
    structure = subprocess.run(["pdfinfo", "-struct", str(file)], capture_output=True, check=True).stdout
    for tag in ("H1", "H2", "Table", "TH", "Figure", "L "):
        assert re.search(rf"(?m)^\s*{tag}".encode(), structure), tag


def test_the_pdf_has_the_figures(tmp_path):
    text = " ".join(pdf_text(pdf.render(document()), tmp_path).split())
    for piece in ("The smallest model that is enough", "0.4 Wh", "0.2 to 0.6", "Why not smaller", "Germany: 342 g/kWh"):
        assert piece in text, piece


@pytest.mark.parametrize(
    "text", ["हिन्दी 日本語 🙂 العربية", "tab\tnul\x00bell\x07", "\u202eright to left", "a" * 3000, "half \ud83d"]
)
def test_any_text_can_be_set_as_pdf(text):
    raw = pdf.render(document(fakes.recommendation(text=text, model="acme/模型"), probes=[]))
    assert raw.startswith(b"%PDF")


def test_a_sign_no_font_has_is_replaced(tmp_path):
    made = document(fakes.recommendation(text="before \u0378 \U0003fffd after"), probes=[])
    text = " ".join(pdf_text(pdf.render(made), tmp_path).split())
    assert "before \N{REPLACEMENT CHARACTER} \N{REPLACEMENT CHARACTER} after" in text


def test_a_pdf_that_cannot_be_set_says_what_else_can_be_done(monkeypatch):
    monkeypatch.setattr(pdf, "read", lambda _name: b'#panic("broken template")')
    with pytest.raises(OutputError) as caught:
        pdf.render(document(probes=[]))
    assert caught.value.code == "pdf-failed"
    assert "HTML" in caught.value.remedy


def test_without_a_country_nothing_is_said_of_electricity(tmp_path):
    answer = fakes.recommendation()
    task = msgspec.structs.replace(answer.summary.task, region=None)
    answer.summary = msgspec.structs.replace(answer.summary, task=task)
    made = document(answer, probes=[], grid=None)
    for text in (html.render(made), markdown.render(made), pdf_text(pdf.render(made), tmp_path)):
        assert "342 g/kWh" not in text
        assert "How the figures were made" in text


def test_without_an_answer_every_kind_says_why(tmp_path):
    made = document(fakes.recommendation(picked=False), probes=[])
    for text in (html.render(made), markdown.render(made), pdf_text(pdf.render(made), tmp_path)):
        assert "No candidate meets every need" in text
        assert "Nothing fits into 0.2 GiB; allow 0.4 GiB." in text


def test_published_figures_are_set_with_their_warning(tmp_path):
    rows = [fakes.row(1, "microsoft/phi-4", rank=1)]
    made = document(fakes.recommendation(rows=rows), probes=[])
    for text in (html.render(made), markdown.render(made), pdf_text(pdf.render(made), tmp_path)):
        flat = " ".join(text.split())
        assert "cannot be compared with figures of this computer" in flat
        assert "369 tokens in, 10 out" in flat
        assert "1 of 5 in its cohort" in flat
        assert "huggingface.co/spaces/AIEnergyScore/Leaderboard" in flat
        assert flat.count("Beside published figures") == 1  # one place for them, not two
    links = {value for _tag, name, value in Page(html.render(made)).attributes if name == "href"}
    assert {link for link in links if not link.startswith("#")} == {energy_tables.LEADERBOARD_URL}


def test_a_date_that_is_none_does_not_stop_the_pdf():
    made = msgspec.structs.replace(document(probes=[]), created="yesterday")
    assert pdf.render(made).startswith(b"%PDF")


@pytest.mark.parametrize(
    ("name", "start"),
    [("r.html", b"<!DOCTYPE"), ("r.HTM", b"<!DOCTYPE"), ("r.pdf", b"%PDF"), ("r.md", b"# "), ("r.json", b"{"),
     ("r.csv", b"rank,")],
)  # fmt: skip
def test_the_kind_follows_from_the_ending(tmp_path, name, start):
    file = tmp_path / "new folder" / name
    export.write(document(), file)
    assert file.read_bytes().startswith(start)
    assert list(file.parent.iterdir()) == [file], "a temporary file was left"


def test_a_kind_can_be_given_apart(tmp_path):
    export.write(document(), tmp_path / "report", format="md")
    assert (tmp_path / "report").read_bytes().startswith(b"# ")


@pytest.mark.parametrize("name", ["report", "report.docx", "report."])
def test_an_unknown_kind_is_refused(tmp_path, name):
    with pytest.raises(OutputError) as caught:
        export.write(document(), tmp_path / name)
    assert caught.value.code == "format-unknown"
    assert ".html" in caught.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_not_a_file(tmp_path):
    (tmp_path / "x.html").mkdir()
    with pytest.raises(OutputError) as caught:
        export.write(document(), tmp_path / "x.html")
    assert caught.value.code == "path-is-folder"


def test_a_file_is_not_a_folder(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError) as caught:
        export.write(document(), tmp_path / "file" / "x.html")
    assert caught.value.code == "path-not-writable"
    assert (tmp_path / "file").read_text() == "mine"


def test_a_read_only_folder_is_refused_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
    with pytest.raises(OutputError) as caught:
        export.check_target(tmp_path / "x.html")
    assert caught.value.code == "path-not-writable"
    assert "read-only" in caught.value.message


def test_a_full_disk_leaves_the_old_report(tmp_path, monkeypatch):
    file = tmp_path / "x.md"
    file.write_text("old")

    def full(_descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError) as caught:
        export.write(document(), file)
    assert caught.value.code == "disk-full"
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]
