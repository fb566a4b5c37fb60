"""Drives the real app through the whole job, with a real probe, and saves a picture of each page in light and dark.

Run from the repository: `QT_QPA_PLATFORM=offscreen python packaging/screenshots/take_screenshots.py`.
Options: `--folder docs/screenshots`, `--size 1280x800`, `--theme light` (again for more than one).
"""

import argparse
import json
import math
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

ROOT = Path(__file__).resolve().parents[2]
WORDS = "Sort 500 support emails a day into 6 topics, German and Hindi, on my laptop battery, answers within a second"
TIMEOUT_S = 180.0


def wait(qt, is_true, what):
    """Let the app work until something is true, asleep between its events: a busy wait would disturb the probe."""
    end, loop, timer = time.monotonic() + TIMEOUT_S, QEventLoop(), QTimer()

    def look():
        if is_true() or time.monotonic() > end:
            loop.quit()

    timer.timeout.connect(look)
    timer.start(100)
    if not is_true():
        loop.exec()
    timer.stop()
    if not is_true():
        sys.exit(f"gave up waiting: {what}")
    settle(qt)


def settle(qt):
    """Let layouts and paints finish."""
    for _ in range(20):
        qt.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 10)


def write_model(folder):
    """Write the headers of a small fine-tuned model; the weights are a hole in the file."""
    hidden, inner, vocabulary, layers = 576, 1536, 49152, 30
    shapes = {"model.embed_tokens.weight": (vocabulary, hidden), "model.norm.weight": (hidden,)}
    for layer in range(layers):
        at = f"model.layers.{layer}."
        shapes |= {f"{at}self_attn.{name}_proj.weight": (hidden, hidden) for name in "qo"}
        shapes |= {f"{at}self_attn.{name}_proj.weight": (hidden // 3, hidden) for name in "kv"}
        shapes |= {f"{at}mlp.{name}_proj.weight": (inner, hidden) for name in ("gate", "up")}
        shapes[f"{at}mlp.down_proj.weight"] = (hidden, inner)
        shapes |= {f"{at}{name}_layernorm.weight": (hidden,) for name in ("input", "post_attention")}
    entries, end = {}, 0
    for name, shape in shapes.items():
        start, end = end, end + 2 * math.prod(shape)
        entries[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [start, end]}
    header = json.dumps(entries).encode()
    config = {
        "model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": vocabulary, "hidden_size": hidden,
        "num_hidden_layers": layers, "num_attention_heads": 9, "num_key_value_heads": 3, "intermediate_size": inner,
        "max_position_embeddings": 8192, "tie_word_embeddings": True,
    }  # fmt: skip
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    (folder / "tokenizer.json").write_text("{}", "utf-8")
    with (folder / "model.safetensors").open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + end)
    return folder


REAL = (
    ("minilm-fp32", "sentence-transformers/all-MiniLM-L6-v2", "onnx-fp32"),
    ("minilm-int8", "sentence-transformers/all-MiniLM-L6-v2", "onnx-int8-dynamic"),
    ("smollm2-int4", "HuggingFaceTB/SmolLM2-135M-Instruct", "onnx-int4-b32"),
)


def put_real_models():
    """Put the converted models of the tests where the app keeps what it converted."""
    from advisor.convert import place

    for name, model, format_id in REAL:
        found = sorted((ROOT / ".cache/converted").glob(f"*/{name}"), key=lambda path: path.stat().st_mtime)
        if not found:
            sys.exit("run `python tests/real_models.py` first: it converts the test models")
        shutil.copytree(found[-1], place.target_folder(model, format_id))


class Photographer:
    """One run of the app in one theme."""

    def __init__(self, qt, theme, folder, size):
        from advisor.ui import composition

        self.qt, self.theme, self.folder = qt, theme, folder
        self.app = composition.make(qt, theme_name=theme)
        self.app.window.resize(*size)
        self.app.window.show()
        self.app.begin()

    def save(self, name):
        """Save the window as it is."""
        settle(self.qt)
        file = self.folder / f"{name}-{self.theme}.png"
        if not self.app.window.grab().save(str(file)):
            sys.exit(f"cannot write {file}")
        print(file)

    def run(self):
        """Go through the job."""
        app, qt = self.app, self.qt
        now = lambda: app.store.snapshot  # noqa: E731
        wait(qt, lambda: now().machine.profile and now().machine.profile.runtime.version.value, "hardware")
        app.window.page("this-computer").speed.button.click()
        wait(qt, lambda: now().calibration.phase == "idle" and now().calibration.speed.created, "calibration")
        self.save("this-computer")
        app.window.go("task")
        page = app.window.page("task")
        page.words.setPlainText(WORDS)
        wait(qt, lambda: now().job.task and not now().job.busy, "words")
        self.save("task")
        app.window.go("models")
        models = app.window.page("models")
        models.open_requested.emit(str(write_model(Path(os.environ["MODEL_FIT_ADVISOR_HOME"], "my-letters-assistant"))))
        wait(qt, lambda: now().models.chosen, "a model of the user's")
        models.details.add.click()
        wait(qt, lambda: now().models.here.told, "adding it")
        self.save("models")
        app.window.go("task")
        page.find_models.click()
        wait(qt, lambda: now().results.recommendation is not None and not now().results.busy, "models")
        self.save("results")
        app.window.page("results").show_plot()
        self.save("plot")
        rows = now().results.recommendation
        best = [rows.row(int(index)) for index in rows.order[:60]]
        for row in [
            next(r for r in best if r.model == model) for model in list(dict.fromkeys(r.model for r in best))[:3]
        ]:
            app.recommend.pin(row.index)
        app.window.go("compare")
        self.save("compare")
        app.recommend.select(next(row.index for row in best if row.can_probe))
        app.window.go("results")
        app.window.page("results").details.measure.click()
        wait(qt, lambda: now().probe.phase == "idle" and not now().results.busy, "probe")
        if now().probe.result is None:
            sys.exit(f"the probe failed: {now().probe.outcome}")
        app.window.go("probe")
        wait(qt, lambda: all(h.isVisible() for h in app.window.page("probe").plots_shown()), "plots")
        self.save("probe")
        self.real_weights()
        app.window.go("report")
        wait(qt, lambda: now().archive.probes, "history")
        self.save("report")
        app.window.go("settings")
        self.save("settings")
        app.window.close()
        app.dispose()

    def real_weights(self):
        """Measure what compression costs, and run the app's own examples."""
        app, qt = self.app, self.qt
        now = lambda: app.store.snapshot  # noqa: E731
        app.window.go("compare")
        compare = app.window.page("compare")
        compare.show_languages()
        wait(qt, lambda: now().compression.choices, "converted models")
        compare.compression.measure.start_requested.emit("all")
        wait(qt, lambda: now().compression.done and now().archive.compressions, "what compression costs")
        self.save("compression")
        app.window.go("examples")
        examples = app.window.page("examples")
        examples.input.own.click()
        wait(qt, lambda: now().examples.read is not None, "the app's own examples")
        wait(qt, lambda: now().examples.choices, "models of this computer")
        wanted = [choice for choice in now().examples.choices if not choice.why_not]
        for choice in wanted:
            examples.choice.boxes[choice.key].setChecked(choice.method in ("descriptions", "likelihood"))
        examples.choice.run.click()
        wait(qt, lambda: now().examples.view is not None and now().examples.phase == "idle", "the examples")
        settle(qt)
        examples.scroll_to(examples.result)
        self.save("examples")


def main():
    """Take all pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("docs/screenshots"))
    parser.add_argument("--size", default="1280x800")
    parser.add_argument("--theme", action="append", choices=("light", "dark", "high-contrast"))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    size = tuple(int(part) for part in options.size.split("x"))
    qt = QApplication(sys.argv[:1])
    for theme in options.theme or ("light", "dark"):
        home = Path(tempfile.gettempdir(), "model-fit-advisor")  # a name that may be seen in the pictures
        shutil.rmtree(home, ignore_errors=True)
        os.environ["MODEL_FIT_ADVISOR_HOME"] = str(home)
        put_real_models()
        Photographer(qt, theme, options.folder, size).run()
        shutil.rmtree(home)


if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    main()
