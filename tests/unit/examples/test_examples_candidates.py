"""Candidates on examples, all that needs no model: labels by vectors, prompts, which way fits, comparison, words."""

import csv
import io
import json

import jsonschema
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor import resources
from advisor.errors import InvalidInputError
from advisor.evaluate import examples_compare, examples_label, examples_plan, examples_prompt
from advisor.evaluate.examples_plan import ExampleOutput, ExamplesResult, RunNote
from advisor.evidence import Quantity, unknown
from advisor.examples import read, score, typed, write
from advisor.report import examples_run as words
from advisor.runnable.model import RunnableModel

EXAMPLES = typed.examples([(f"text {i}", "ab"[i % 2]) for i in range(40)], "classification")


def seconds(value):
    return Quantity(value=value, low=value / 2, high=value * 2, unit="s", evidence="measured", basis="by hand")


def result(name, outputs, *, examples=EXAMPLES, time_s=0.01, size_bytes=10**6, **changes):
    found = score.score(examples, outputs)
    kept = tuple(
        ExampleOutput(text=text, latency_s=time_s, num_input_tokens=3, is_right=right)
        for text, right in zip(outputs, found.right, strict=True)
    )
    made = ExamplesResult(
        id=name, created="2026-01-01T00:00:00+00:00", model=f"maker/{name}", format="onnx-fp32", fingerprint="f",
        model_bytes=size_bytes, method="descriptions", kind=examples.kind, source=examples.source,
        examples_hash=examples_plan.examples_hash(examples), num_examples=len(outputs), instruction="be brief",
        descriptions={"a": "first"}, seed=0, outputs=kept, score=msgspec.structs.replace(found, misses=()),
        time_per_query=seconds(time_s),
        rate=Quantity(value=1 / time_s, unit="queries/s", evidence="measured", basis="x"),
        load_time=seconds(1.0), peak_memory=Quantity(value=2**27, unit="B", evidence="measured", basis="x"),
        energy_per_1000=unknown("Wh", "no meter"), energy_boundary="", num_input_tokens=120, num_output_tokens=0,
        num_threads=2, versions={"onnxruntime": "1"},
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def right_but(wrong):
    return ["b" if i in wrong and item.label == "a" else "a" if i in wrong else item.label
            for i, item in enumerate(EXAMPLES.examples)]  # fmt: skip


def model(structure, head, **changes):
    made = RunnableModel(
        folder="/m",
        layout="file",
        structure=structure,
        head=head,
        graphs=(),
        model_id="m",
        format_id=None,
        tokenizer=None,
    )
    return msgspec.structs.replace(made, **changes)


@pytest.mark.parametrize(
    ("structure", "head", "kind", "ways"),
    [
        ("encoder", "embedding", "classification", ("descriptions", "centroid")),
        ("decoder", "embedding", "classification", ("descriptions", "centroid")),
        ("decoder", "next-token", "classification", ("likelihood", "answer")),
        ("encoder-decoder", "next-token", "classification", ("answer",)),
        ("encoder", "classes", "classification", ("labels",)),
        ("vision", "classes", "classification", ()), ("speech", "next-token", "classification", ()),
        ("encoder", "embedding", "generation", ()), ("decoder", "next-token", "generation", ("answer",)),
    ],
)  # fmt: skip
def test_each_kind_of_model_works_its_own_way(structure, head, kind, ways):
    found = model(structure, head)
    assert examples_plan.methods(found, kind) == ways
    if ways:
        assert examples_plan.chosen_method(found, kind, None) == ways[0]
    other = next(way for way in examples_plan.METHODS if way not in ways)
    with pytest.raises(InvalidInputError) as caught:
        examples_plan.chosen_method(found, kind, other)
    assert caught.value.code == "method-unsuitable"
    assert all(way in caught.value.sentence() for way in ways)


def test_the_nearest_description_and_the_first_of_equal_ones():
    vectors = np.array([[2.0, 0.1], [0.1, 3.0], [1.0, 1.0], [0.0, 0.0]], np.float32)
    candidates = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 5.0]], np.float32)
    assert examples_label.nearest(vectors, candidates).tolist() == [0, 1, 0, 0]


def test_a_label_is_the_mean_of_its_templates():
    texts = examples_label.templated(("late_parcel", "bug"), {"bug": "it breaks"})
    assert texts == ["late parcel", "This text is about late parcel.", "it breaks", "This text is about it breaks."]
    embedded = np.array([[1, 0], [0, 1], [0, 2], [0, 3]], np.float32)
    assert examples_label.label_vectors(embedded) == pytest.approx(np.array([[0.5**0.5, 0.5**0.5], [0, 1]]))


def test_no_text_is_judged_by_a_mean_that_it_is_part_of():
    # Each text is far from all others of its own label: with its own vector in the mean all would be right.
    vectors = np.eye(4, dtype=np.float32)
    labels = ["a", "a", "b", "b"]
    alone = examples_label.folds(labels, leave_one_out_up_to=10, num_folds=2, seed=0)
    assert alone == [0, 1, 2, 3]
    assert examples_label.by_centroid(vectors, labels, ("a", "b"), alone) == ["a"] * 4  # all cosines 0: the first label
    near = np.array([[1, 0], [1, 0.1], [0, 1], [0.1, 1]], np.float32)
    assert examples_label.by_centroid(near, labels, ("a", "b"), alone) == labels


def test_a_label_of_one_text_is_never_found_for_it():
    near = np.array([[1, 0], [1, 0.1], [0, 1]], np.float32)
    assert examples_label.by_centroid(near, ["a", "a", "b"], ("a", "b"), [0, 1, 2]) == ["a", "a", "a"]
    assert examples_label.by_centroid(near[:1], ["a"], ("a",), [0]) == [None]


@given(st.lists(st.sampled_from("abc"), min_size=12, max_size=60), st.integers(0, 5))
@settings(max_examples=40, deadline=None)
def test_folds_spread_each_label_evenly_and_the_means_are_those_of_the_other_folds(labels, seed):
    found = examples_label.folds(labels, leave_one_out_up_to=5, num_folds=4, seed=seed)
    for label in set(labels):
        sizes = [sum(a == label and fold == b for a, b in zip(labels, found, strict=True)) for fold in range(4)]
        assert max(sizes) - min(sizes) <= 1
    assert found == examples_label.folds(labels, leave_one_out_up_to=5, num_folds=4, seed=seed)
    vectors = np.random.default_rng(seed).normal(size=(len(labels), 5)).astype(np.float32)
    order = tuple(sorted(set(labels)))
    ours = examples_label.by_centroid(vectors, labels, order, found)
    own = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    for place, given_label in enumerate(ours):
        others = [i for i in range(len(labels)) if found[i] != found[place]]
        means = {
            label: np.mean([own[i] for i in others if labels[i] == label], axis=0)
            for label in order if any(labels[i] == label for i in others)
        }  # fmt: skip
        best = max(means, key=lambda label: own[place] @ means[label] / np.linalg.norm(means[label]))
        assert given_label == best


def test_labels_of_a_classifier_are_the_same_after_normalising():
    assert examples_label.own_labels(("NEGATIVE", "Neutral", "positive"), ("positive!", "negative"), {}) == [
        "negative", "Neutral", "positive!",
    ]  # fmt: skip
    mapped = examples_label.own_labels(("LABEL_0", "LABEL_1"), ("bad", "good"), {"bad": "LABEL_0", "good": "label_1"})
    assert mapped == ["bad", "good"]
    with pytest.raises(InvalidInputError) as caught:
        examples_label.own_labels(("LABEL_0", "LABEL_1"), ("bad", "good"), {})
    assert caught.value.code == "labels-differ"
    assert "bad, good" in caught.value.message
    assert "LABEL_0, LABEL_1" in caught.value.message


@pytest.mark.parametrize(
    ("answer", "label"),
    [
        ("billing", "billing"), ("  Billing.\n", "billing"), ("bug\nbecause it breaks", "bug"),
        ("The label is **bug**.", "bug"), ("It is a bug, not billing.", None), ("none of these", None), ("", None),
        ("debugging", None), ("late bug", "late bug"), ("This is a late bug!", "late bug"),
    ],
)  # fmt: skip
def test_a_written_answer_means_one_label_or_none(answer, label):
    assert examples_prompt.meant(answer, ("billing", "bug", "late bug")) == label


def test_prompts_hold_labels_descriptions_instruction_and_text():
    (message,) = examples_prompt.classification("hi {there}", ("a", "b"), {"b": "second"}, "")
    assert message.content == f"{examples_prompt.INSTRUCTION}\n- a\n- b: second\n\nText: hi {{there}}"
    (message,) = examples_prompt.classification("x", ("a",), {}, "Choose.")
    assert message.content.startswith("Choose.\n- a")
    assert examples_prompt.generation("2+2?", "")[0].content == "2+2?"
    assert examples_prompt.generation("2+2?", "Be brief.")[0].content == "Be brief.\n\n2+2?"


def test_the_hash_is_of_texts_and_answers_in_their_order():
    same = typed.examples([(f"text {i}", "ab"[i % 2]) for i in range(40)], "classification")
    other = typed.examples([(f"text {i}", "ab"[(i + (i == 3)) % 2]) for i in range(40)], "classification")
    hashes = {examples_plan.examples_hash(item) for item in (EXAMPLES, same, other)}
    assert len(hashes) == 2


def test_what_is_kept_by_default_holds_no_text():
    kept = examples_plan.without_texts(result("m", right_but({1})))
    raw = msgspec.json.encode(kept)
    assert b"text 1" not in raw
    assert b"be brief" not in raw
    assert b"first" not in raw
    assert kept.outputs == ()
    assert kept.score.right.count(False) == 1


def test_the_smaller_one_does_less_work_whatever_its_file_takes():
    quick = result("quick", right_but(set()), time_s=0.01, size_bytes=9**9)
    slow = result("slow", right_but(set()), time_s=1.0, size_bytes=10**6)
    (pair,) = examples_compare.compare([slow, quick])
    assert (pair.smaller.id, pair.larger.id) == ("quick", "slow")


def test_verdicts_in_words():
    small, large = (
        result("small", right_but(set(range(0, 24))), time_s=0.01),
        result("large", right_but(set()), time_s=0.1),
    )
    (sentence,) = words.pair_sentences(examples_compare.compare([small, large]))
    assert "The larger one is better: 16 and 40 of 40 right" in sentence
    assert "The smaller one takes 10 % of the larger one's time." in sentence
    few = result("small", right_but({1}), time_s=0.01)
    (sentence,) = words.pair_sentences(examples_compare.compare([few, large]))
    assert "Too few examples to tell: about " in sentence


def test_pairs_are_judged_together_and_two_ways_of_one_model_are_no_pair():
    three = [result(name, right_but(set()), time_s=time_s) for name, time_s in (("x", 1), ("y", 2), ("z", 3))]
    pairs = examples_compare.compare(three)
    assert len(pairs) == 3
    assert {round(pair.verdict.interval.confidence_share, 4) for pair in pairs} == {0.9833}
    assert words.pair_sentences(pairs)[-1].startswith("3 pairs are compared")
    same = [result("x", right_but(set())), result("x", right_but({1}), method="centroid")]
    assert examples_compare.compare(same) == ()


def test_results_on_other_examples_are_not_compared():
    other = result("y", right_but(set()), examples_hash="0" * 16)
    with pytest.raises(InvalidInputError) as caught:
        examples_compare.compare([result("x", right_but(set())), other])
    assert caught.value.code == "examples-differ"


def test_the_document_follows_its_schema_with_and_without_texts():
    results = [result("x", right_but({2, 5})), result("y", right_but({1}), time_s=1.0)]
    pairs = examples_compare.compare(results)
    schema = json.loads(resources.read("schema/examples-run.schema.json"))
    plain = words.document(results, pairs)
    jsonschema.validate(plain, schema)
    assert "text 2" not in json.dumps(plain)
    found = {item.id: examples_compare.misses(EXAMPLES, item) for item in results}
    full = words.document(results, pairs, found)
    jsonschema.validate(full, schema)
    assert [miss["text"] for miss in full["candidates"][0]["misses"]] == ["text 2", "text 5"]
    unscored = msgspec.structs.replace(results[0], score=None)
    jsonschema.validate(words.document([unscored], ()), schema)


def test_the_table_for_spreadsheets_runs_no_formula():
    examples = typed.examples([("=1+1", "a"), ("+x", "b"), ("fine", "@c")], "classification")
    made = result("x", ["a", "=HYPERLINK(1)", "@c"], examples=examples)
    rows = list(csv.reader(io.StringIO(write.render(words.CSV_TITLES, words.csv_rows(examples, [made])))))
    assert rows[0] == list(words.CSV_TITLES)
    assert [row[1] for row in rows[1:]] == ["'=1+1", "'+x", "fine"]
    assert [row[5] for row in rows[1:]] == ["a", "'=HYPERLINK(1)", "'@c"]
    assert [row[6] for row in rows[1:]] == ["yes", "no", "yes"]
    assert not any(cell.lstrip().startswith(("=", "+", "@")) for row in rows for cell in row)


def test_notes_that_hold_for_all_are_said_once():
    band, cut = RunNote(code="energy-band"), RunNote(code="cut", num_examples=1)
    first, second = result("x", right_but(set()), notes=(band, cut)), result("y", right_but(set()), notes=(band,))
    said = words.all_notes([first, second])
    assert said[0].startswith("No power meter can be read")
    assert said[1].endswith("1 text was longer than the model takes and was cut.")
    assert "x, onnx-fp32" in said[1]


def test_typed_examples():
    assert typed.pair(" a => b=>c ") == ("a => b", "c")
    for word in ("no arrow", "=>label", "text=>", "=>"):
        with pytest.raises(InvalidInputError) as caught:
            typed.pair(word)
        assert caught.value.code == "example-invalid"
    found = typed.examples([("Hi\nthere", "x"), ("", "y"), ("Bye", "y")], "generation")
    assert [(item.text, item.expected) for item in found.examples] == [("Hi\nthere", "x"), ("Bye", "y")]
    assert (found.source, found.num_skipped) == ("typed", 1)


def test_descriptions_of_labels_that_do_not_occur_are_refused():
    with pytest.raises(InvalidInputError) as caught:
        examples_plan.check_descriptions(EXAMPLES, {"c": "third"})
    assert caught.value.code == "label-unknown"
    assert "a, b" in caught.value.remedy


def test_the_shipped_examples_are_whole():
    labels = json.loads(resources.read("examples/topics.json"))["labels"]
    sizes = {}
    for name in ("support-en.csv", "support-de.csv", "support-es.csv", "answers-en.jsonl"):
        found = read.parse(resources.read(f"examples/{name}"), name)
        assert (found.num_skipped, found.encoding) == (0, "utf-8"), name
        sizes[name] = (found.kind, len(found.examples), {item.num_examples for item in found.labels})
        assert {item.label for item in found.labels} <= set(labels)
    assert sizes == {
        "support-en.csv": ("classification", 60, {10}), "support-de.csv": ("classification", 30, {5}),
        "support-es.csv": ("classification", 30, {5}), "answers-en.jsonl": ("generation", 12, set()),
    }  # fmt: skip
