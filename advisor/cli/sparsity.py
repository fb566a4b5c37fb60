"""`sparsity`: zeros in the weights of a model on this computer, counted in a child."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from advisor.cli.options import JsonFlag
from advisor.cli.output import Output
from advisor.errors import ChildError

if TYPE_CHECKING:
    from advisor.catalog.weights.model import SparsityReport


def sparsity(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A model's folder, a .safetensors or a .gguf file.")],
    as_json: JsonFlag = False,
) -> None:
    """Count the zeros in a model's weights, say what they have in common and what they save. Reads every byte."""
    import msgspec

    from advisor.catalog.weights.model import SparsityReport
    from advisor.cli import job_run
    from advisor.report import sparsity as words

    output = Output(as_json=as_json)
    request = msgspec.json.encode({"path": str(path.absolute())})
    outcome = job_run.run("sparsity", request, output, timeout_s=None, describe=lambda message: message.detail)
    if outcome.code != "finished" or outcome.result is None:
        code = outcome.reason or outcome.code.replace("_", "-")
        raise ChildError(code, outcome.message, remedy=outcome.remedy)
    found = msgspec.json.decode(outcome.result, type=SparsityReport)
    if as_json:
        output.document(words.document(found))
        return
    print_report(output, found)


def print_report(output: Output, found: "SparsityReport") -> None:
    """Print the zeros of a model."""
    from advisor.report import sparsity as words

    output.heading(words.sentence(found))
    numbers = frozenset({1, 2, 3, 4})
    output.table(words.PATTERN_TITLES, words.pattern_rows(found), right=numbers)
    output.table(words.ROLE_TITLES, words.role_rows(found), right=numbers)
    if found.tensors:
        output.table(words.TENSOR_TITLES, words.tensor_rows(found), right=frozenset({2, 3}))
    for text in (*words.saving(found), *words.remarks(found), words.speed(found)):
        output.line(text)
