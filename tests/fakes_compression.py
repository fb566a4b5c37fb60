"""A result of what compression costs, made by the real sums from made-up answers: the same at every run."""

import numpy as np

from advisor.evaluate import sample
from advisor.evaluate.compression_plan import CompressionResult
from advisor.evaluate.reader import Reading
from advisor.evaluate.tally import Tally
from advisor.evidence import Quantity

CODES = ("en", "de", "fr", "ru", "hi", "th", "sw", "am", "ko", "eu")


def result(
    *, losing=("hi",), model="HuggingFaceTB/SmolLM2-135M-Instruct", format="onnx-int4-b32", fingerprint="here",
    loss=0.1, num_sentences=10, codes=CODES, created="2026-11-27T10:00:00+00:00", kind="next-token", id="c1",
):  # fmt: skip
    """Return a result in which the languages of `losing` lose twice as much as the others."""
    texts = sample.chosen(codes)
    tally = Tally(kind, texts, num_sentences)
    for sentence in range(num_sentences):
        for language, text in enumerate(texts):
            wobble = 1 + 0.02 * ((sentence * 7 + language * 3) % 5 - 2)
            share = 0.5 + loss * wobble * (1.5 if text.code in losing else 1.0) * (1 + 0.01 * language)
            tally.add(language, sentence, *_answers(kind, share, 5 + sentence))
    found = tally.languages()
    return CompressionResult(
        id=id, created=created, model=model, format=format, fingerprint=fingerprint, reference_format="onnx-fp32",
        size_bytes=120_000_000, reference_size_bytes=540_000_000, kind=kind, languages=found, average=tally.average(),
        divergence=tally.whole("divergence"), agreement=tally.whole("agreement"),
        perplexity_ratio=tally.whole("perplexity_ratio"), cosine=tally.whole("cosine"), num_sentences=num_sentences,
        num_sentences_left_out=0,
        repeated=Quantity(value=0.0, unit="nat/sentence", evidence="measured", basis="twice the same"),
        is_stored=False, num_threads=2, versions={"onnxruntime": "1.24"}, wall_s=12.0,
    )  # fmt: skip


def _answers(kind, share, num_tokens):
    if kind == "embedding":
        vector = np.eye(16, dtype=np.float32)[num_tokens][None]
        return Reading(rows=vector), Reading(rows=vector + (share - 0.5) * np.ones((1, 16), np.float32))
    rows = [np.log(np.array([[p, 1 - p]] * num_tokens)) for p in (0.5, share)]
    return tuple(Reading(rows=row, targets=np.ones(num_tokens, np.int64)) for row in rows)
