"""Makes the files of earlier versions in this folder by running those versions, out of the repository's own past.

    unshare --uts sh -c 'hostname desk && .venv/bin/python tests/data/upgrade/make.py'

Each row of `VERSIONS` is the last commit of one version of the history that could do its work; `0.1.0` is the release
before packages. Needs what `tests/real_models.py` made: the models and the conversion tools.
"""

import gzip
import json
import os
import shutil
import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
WORK = Path("/tmp/mfa-upgrade")
VERSIONS = {"history-1": "712dfc5", "history-2": "c1b2bda", "history-3": "faf5857", "0.1.0": "9557801"}
TASK = "sort 500 emails a day into 6 topics, English, 100 examples"
MODEL = "sentence-transformers/all-MiniLM-L6-v2"
SETTINGS = """
from advisor import settings
chosen = {"theme": "dark", "text_size_share": 1.25, "region": "DE", "memory_reserve_bytes": 2**30,
          "redact_reports": False, "grid_g_per_kwh": 321.0, "price_per_kwh": 0.31, "currency": "CHF",
          "energy_mode": "standard"}
known = settings.Settings.__struct_fields__
settings.save(settings.Settings(**{name: value for name, value in chosen.items() if name in known}))
"""
WALL = """
from advisor.energy import wall, wall_store
from advisor.hardware import detect
pairs = tuple(wall.WallPair(meters_w=float(x), wall_w=12.0 + 1.2 * x) for x in range(5, 45, 5))
wall_store.save(detect.detect().fingerprint, "processor", pairs, wall.fit(pairs))
"""
TINY = """
import sys
from transformers import BertConfig, BertModel, BertTokenizerFast
folder = sys.argv[1]
words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz", *(f"##{c}" for c in "abcdefgh")]
open(f"{folder}/vocab.txt", "w").write("\\n".join(words))
BertTokenizerFast(f"{folder}/vocab.txt").save_pretrained(folder)
BertModel(BertConfig(vocab_size=len(words), hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
    intermediate_size=64, max_position_embeddings=64)).save_pretrained(folder)
"""
CONVERT = """
import json, sys
from advisor.child import runner
from advisor.convert import plan
request = {"source": sys.argv[1], "licence": "apache-2.0", "format_id": "onnx-fp32"}
outcome = runner.run(plan.JOB, json.dumps(request).encode(), python=sys.argv[2], timeout_s=200)
assert outcome.code == "finished", outcome
"""
EXAMPLES = "text,label\n" + "".join(
    f"{word} number {number},{label}\n" for number in range(6) for word, label in (("good", "yes"), ("bad", "no"))
)


class Past:
    """One earlier version, with a home of its own."""

    def __init__(self, name, commit):
        self.code, self.home = WORK / "code" / name, WORK / name
        archive = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True).stdout
        with tarfile.open(fileobj=BytesIO(archive)) as tar:
            tar.extractall(self.code, filter="data")
        self.env = {**os.environ, "MODEL_FIT_ADVISOR_HOME": str(self.home), "PYTHONPATH": str(self.code)}

    def run(self, *words):
        print(self.home.name, *words, flush=True)
        subprocess.run([sys.executable, *map(str, words)], cwd=self.code, env=self.env, check=True, stdout=-3)

    def app(self, *words):
        self.run("-m", "advisor", *words)


def tiny(folder):
    """Make a model of 50 KB with the tools that convert, and return its folder."""
    folder.mkdir(parents=True)
    tools = next((ROOT / ".cache" / "conversion-tools").glob("*/bin/python"))
    subprocess.run([tools, "-W", "ignore", "-c", TINY, folder], check=True, stdout=-3)
    return folder


def converted(name):
    """Return a real converted model, in a place whose name may be in the files."""
    place = WORK / "models" / name
    if not place.exists():
        shutil.copytree(next((ROOT / ".cache" / "converted").glob(f"*/{name}")), place)
    return place


def newest(past):
    """Do what only the last version before packages knows: own models, conversion, evaluations."""
    tools = next((ROOT / ".cache" / "conversion-tools").iterdir())
    model = tiny(WORK / "tiny-bert")
    past.app("models", "add", model)
    past.run("-c", CONVERT, model, tools / "bin" / "python")
    (WORK / "examples.csv").write_text(EXAMPLES)
    past.app("examples-run", WORK / "examples.csv", "--model", converted("minilm-fp32"), "--no-energy")
    past.app("compression", converted("minilm-fp32"), converted("minilm-int8"), "-l", "de", "--sentences", "2")


def make(name, commit):
    """Make the files of one version."""
    past = Past(name, commit)
    past.run("-c", SETTINGS)
    past.app("probe", MODEL, "-f", "onnx-int8-dynamic")
    past.app("report", "--task", TASK, "--output", WORK / "report.html")
    past.app("hardware", "--set", "memory.total_bytes=64GiB", "--save", past.home / "server.json")
    if name != "history-1":
        past.app("calibrate")
    if name in {"history-3", "0.1.0"}:
        past.app("probe", converted("minilm-int8") / "model.onnx")
        past.run("-c", WALL)
    if name == "0.1.0":
        newest(past)
    keep(past, HERE / name)


def keep(past, target):
    """Copy what was made, without the cache, locks and logs."""
    shutil.rmtree(target, ignore_errors=True)
    for path in sorted(past.home.rglob("*")):
        inside = path.relative_to(past.home)
        if not path.is_file() or inside.parts[0] in {"cache", "log"} or ".locks" in inside.parts:
            continue
        if ".onnx" in path.name:  # names this computer; the tests lay files of its size there
            continue
        (target / inside).parent.mkdir(parents=True, exist_ok=True)
        content = path.read_bytes()
        if path.suffix == ".sqlite":
            (target / inside).with_name(path.name + ".gz").write_bytes(gzip.compress(content, 9, mtime=0))
        else:
            (target / inside).write_bytes(content)


def main():
    """Make all of it anew, or the versions that are named."""
    names = sys.argv[1:] or list(VERSIONS)
    shutil.rmtree(WORK, ignore_errors=True)
    for name in names:
        make(name, VERSIONS[name])
    (HERE / "commits.json").write_text(json.dumps(VERSIONS, indent=1) + "\n")


if __name__ == "__main__":
    main()
