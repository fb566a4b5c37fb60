"""The flagship: is an embedder of 22 million parameters enough, or does the task need a small language model?

Both test models sort the same 60 support messages into 6 topics, offline: all-MiniLM-L6-v2 by the descriptions of the
topics and by the mean of the other examples, SmolLM2-135M-Instruct by how likely each topic is as its answer. Prints
accuracy with its interval, the paired test in words, seconds and energy per 1,000 queries of each.

.venv/bin/python benchmarks/enough.py [en|de|es] [--no-descriptions]
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
sys.path.insert(0, str(ROOT))

import real_models  # noqa: E402 - found by the path above


def main():
    language = next((word for word in sys.argv[1:] if len(word) == 2), "en")
    described = [] if "--no-descriptions" in sys.argv else ["--descriptions", ROOT / "resources/examples/topics.json"]
    folders = [real_models.converted(name) for name in ("minilm-fp32", "minilm-int8", "smollm2-int4")]
    models = [word for folder in folders for word in ("--model", folder)]
    methods = [word for method in ("descriptions", "centroid", "likelihood") for word in ("--method", method)]
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(
            [sys.executable, "-m", "advisor", "examples-run", ROOT / f"resources/examples/support-{language}.csv",
             *models, *methods, *described, "--json"],
            cwd=ROOT, env={"MODEL_FIT_ADVISOR_HOME": home, "PATH": "/usr/bin:/bin"}, stdout=subprocess.PIPE, check=True,
        )  # fmt: skip
    value = json.loads(done.stdout)
    print(value["sentence"])
    for item in value["candidates"]:
        time_s, energy = item["time_per_query"], item["energy_per_1000_queries"]
        print(
            f"  {item['sentence']} {1000 * time_s['value']:.1f} ms a query; {item['memory']['value'] / 2**20:.0f} MiB; "
            + (f"{energy['value']:.3g} Wh per 1,000 ({energy['low']:.2g} to {energy['high']:.2g}, {energy['evidence']})"
               if energy["value"] is not None else "energy: no data")
        )  # fmt: skip
    for item in value["comparisons"]:
        print(f"  {item['sentence']}")


if __name__ == "__main__":
    main()
