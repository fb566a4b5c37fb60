"""`size`: what a model on this computer is, from the headers of its files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from advisor.cli.options import JsonFlag
from advisor.cli.output import Output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from advisor.catalog.adapters import AdapterFile
    from advisor.catalog.local_model import LocalModel


def size(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A model's folder, a safetensors, GGUF or ONNX file.")],
    adapter: Annotated[
        list[Path] | None,
        typer.Option("--adapter", metavar="FOLDER", help="A LoRA adapter that is laid over it. Repeat it for several."),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Size a model on this computer exactly, from its headers: parameters, bytes by type, files, tokenizer."""
    from advisor.catalog import adapters, load, local_model
    from advisor.report import local_model as words

    output = Output(as_json=as_json)
    model = local_model.load(path, load.catalog())
    on_top = [adapters.load(folder) for folder in adapter or ()]
    for item in on_top:
        adapters.check(model, item)
    if as_json:
        output.document(words.document(model, on_top))
        return
    print_model(output, model)
    print_adapters(output, model, on_top)


def print_adapters(output: Output, model: "LocalModel", on_top: "Sequence[AdapterFile]") -> None:
    """Print adapters, and what the model takes with them."""
    from advisor.report import adapters as words

    for item in on_top:
        output.line(words.sentence(item))
    if on_top:
        output.line(words.together(model, on_top))
        for text in words.remarks(on_top, model.checkpoint.name):
            output.line(text)


def print_model(output: Output, model: "LocalModel") -> None:
    """Print a model as its headers describe it."""
    from advisor.cli.figures import TITLES, row
    from advisor.evidence import Quantity
    from advisor.report import local_model as words
    from advisor.report import relatives

    output.heading(words.sentence(model))
    weights = Quantity(
        value=model.checkpoint.weight_bytes(), unit="B", evidence="measured", basis="stated in the headers of the files"
    )
    rows = [row("Parameters", words.parameters(model)), row("Weights", weights), row("Layers", words.layers(model))]
    output.table(TITLES, rows, right=frozenset({1, 2}))
    output.table(("Type", "Tensors", "Numbers", "Bytes", "Size"), words.type_rows(model), right=frozenset({1, 2, 3, 4}))
    output.table(("File", "Tensors", "Weights", "File size"), words.file_rows(model), right=frozenset({1, 2, 3}))
    output.line(words.recognised(model))
    if model.checkpoint.adapter is None:
        output.line(words.tokenizer(model.checkpoint.tokenizer))
    related = relatives.sentences(words.relatives_of(model), model.known.card.id)
    for text in (*words.remarks(model), *related):
        output.line(text)
