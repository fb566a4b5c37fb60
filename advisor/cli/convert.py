"""`convert`: a model's original files into a form that ONNX Runtime runs here, in one of the catalog's formats."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from advisor.cli import completion
from advisor.cli.options import JsonFlag
from advisor.cli.output import Output
from advisor.errors import ChildError, InvalidInputError

if TYPE_CHECKING:
    from advisor.convert.plan import ConvertRequest, ConvertResult

_METHODS = ("rtn", "k-quant")


def convert(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="A model's folder, a .safetensors or a .gguf file.")],
    format_id: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help="onnx-fp32, onnx-int8, onnx-int8-dynamic, onnx-int4-b32, "
                          "onnx-int4-b128.", autocompletion=completion.convert_formats)
    ],
    method: Annotated[
        str, typer.Option("--method", metavar="NAME", help="How weights are rounded: rtn, or k-quant (slower).")
    ] = "rtn",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FOLDER", help="Where it goes; the app's own folder by default.")
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", metavar="ID", help="Its id on the hub, where the files do not tell it.")
    ] = None,
    licence: Annotated[
        str | None, typer.Option("--licence", metavar="NAME", help="Its licence, kept with the converted model.")
    ] = None,
    adapter: Annotated[
        Path | None, typer.Option("--adapter", metavar="FOLDER", help="A LoRA adapter that is laid into the model.")
    ] = None,
    memory: Annotated[
        str | None, typer.Option("--memory", metavar="SIZE", help="Do not start if it needs more, for example 8GB.")
    ] = None,
    no_check: Annotated[
        bool, typer.Option("--no-check", help="Do not compare its answers with the original's.")
    ] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Make it again although it is there.")] = False,
    plan_only: Annotated[bool, typer.Option("--plan", help="Say what it would take, then stop.")] = False,
    as_json: JsonFlag = False,
) -> None:  # fmt: skip
    """Convert a model on this computer: what it takes is said first, its answers are compared with the original's."""
    import msgspec

    from advisor.convert import plan as plans
    from advisor.convert.plan import ConvertRequest, Method
    from advisor.hardware.override import parse_size
    from advisor.report import conversion as words

    output = Output(as_json=as_json)
    if method not in _METHODS:
        raise InvalidInputError(
            "method-unknown", f"There is no method {method[:40]!r}.", remedy=f"Choose one of {', '.join(_METHODS)}."
        )
    request = ConvertRequest(
        source=str(source.expanduser().absolute()), model_id=model, licence=licence, format_id=format_id,
        method=msgspec.convert(method, Method), folder=None if out is None else str(out.expanduser().absolute()),
        adapter=None if adapter is None else str(adapter.expanduser().absolute()), check=not no_check, replace=replace,
        memory_limit_bytes=None if memory is None else int(parse_size(memory, field="--memory")),
    )  # fmt: skip
    plan = plans.plan(request)
    told, commit = stated(Path(request.source))
    request = msgspec.structs.replace(request, licence=licence or told, revision=commit)
    if plan_only and as_json:
        output.document(words.plan_document(plan))
        return
    say = output.note if as_json else output.line
    what_it_takes = () if plan.refusals else (words.plan_sentence(plan), *plan.notes)
    for line in (*what_it_takes, *(words.refusal_lines(plan) if plan_only else ())):
        say(line)
    if plan_only:
        return
    plans.check(plan, replace=replace, memory_bytes=request.memory_limit_bytes)
    _print(_run(request, output), output)


def stated(source: Path) -> tuple[str | None, str | None]:
    """Return the licence that a model's files state, and the commit of the hub they were downloaded at; or nulls."""
    from advisor.catalog import local_model
    from advisor.catalog.headers.source import hub_id

    folder = source if source.is_dir() else source.parent
    return local_model.load(source).known.card.licence, folder.name if hub_id(folder) is not None else None


def _run(request: "ConvertRequest", output: Output) -> "ConvertResult":
    import msgspec

    from advisor.cli import job_run
    from advisor.convert import tools
    from advisor.convert.plan import JOB, ConvertResult
    from advisor.report import conversion as words

    python = tools.interpreter()
    try:
        outcome = job_run.run(
            JOB, msgspec.json.encode(request), output, timeout_s=None, describe=job_run.with_time_left, python=python
        )  # fmt: skip
    except KeyboardInterrupt:
        output.note(words.CANCELLED)
        raise
    if outcome.code != "finished" or outcome.result is None:
        raise ChildError(outcome.reason or outcome.code.replace("_", "-"), outcome.message, remedy=outcome.remedy)
    return msgspec.json.decode(outcome.result, type=ConvertResult)


def _print(result: "ConvertResult", output: Output) -> None:
    from advisor.report import conversion as words

    if output.as_json:
        output.document(words.done_document(result))
        return
    output.heading(words.done_sentence(result))
    output.line(words.check_sentence(result.provenance.check))
    for note in result.notes:
        output.line(note)
    output.table(words.FILE_TITLES, words.file_rows(result), right=frozenset({1}))
