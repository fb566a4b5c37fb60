"""What compression costs the two small test models, language by language: int4 and int8 against fp32 on this computer.

.venv/bin/python benchmarks/compression_cost.py [--sentences 10] [--languages en,de,sw] [MODEL ...]

Converts the models first where that was not done yet (minutes; tests/real_models.py). Prints tables, asserts nothing.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import msgspec

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
PAIRS = {"minilm": ("minilm-fp32", "minilm-int8"), "smollm2": ("smollm2-fp32", "smollm2-int4")}


def main() -> None:
    from real_models import converted

    from advisor.child import runner
    from advisor.evaluate.compression_plan import JOB, CompressionPlan, CompressionResults
    from advisor.report import compression as words

    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("models", nargs="*", default=list(PAIRS), choices=[*PAIRS, []])
    options.add_argument("--sentences", type=int, default=None)
    options.add_argument("--languages", default="")
    options.add_argument("--threads", type=int, default=2)
    asked = options.parse_args()
    languages = tuple(code for code in asked.languages.split(",") if code)
    for name in asked.models:
        reference, compressed = (converted(part) for part in PAIRS[name])
        with tempfile.TemporaryDirectory() as scratch:
            plan = CompressionPlan(
                reference=str(reference), compressed=(str(compressed),), num_threads=asked.threads, scratch=scratch,
                num_sentences=asked.sentences, languages=languages,
            )  # fmt: skip
            begin_s = time.monotonic()
            outcome = runner.run(JOB, msgspec.json.encode(plan))
            wall_s = time.monotonic() - begin_s
        if outcome.result is None:
            sys.exit(f"{outcome.message} {outcome.remedy}")
        (found,) = msgspec.json.decode(outcome.result, type=CompressionResults).results
        print(words.summary(found))
        print("  ".join(words.titles(found)))
        for row in words.rows(found):
            print("  ".join(row))
        for sentence in words.sentences(found)[1:]:
            print(sentence)
        print(f"Repeated on the original itself: {found.repeated.value:g}. Whole job: {wall_s:.0f} s.\n")


if __name__ == "__main__":
    main()
