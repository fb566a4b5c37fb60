"""`hub`: models of a Hugging Face Hub, found, sized and downloaded. The only commands that use the network."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from advisor.child.protocol import Outcome
from advisor.cli.options import JsonFlag
from advisor.cli.output import Output
from advisor.errors import AdvisorError, ChildError, InvalidInputError, InvalidModelError

if TYPE_CHECKING:
    from advisor.catalog.hub.sizing import Sized

Command = Callable[..., None]
ModelId = Annotated[str, typer.Argument(metavar="MODEL", help="Its id on the hub, for example org/name.")]
Revision = Annotated[
    str | None, typer.Option("--revision", metavar="NAME", help="Branch, tag or commit; main by default.")
]
_KINDS = ("onnx", "safetensors", "gguf")
_KEPT = "Complete files are kept; the file that was being written starts again next time."


def build(wrap: Callable[[Command], Command]) -> typer.Typer:
    """Return the group of commands.

    Args:
        wrap: put around each.
    """
    group = typer.Typer(
        help="Find, size and download models of a Hugging Face Hub. Only these commands use the network.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    for command in (search, size, download):
        group.command()(wrap(command))
    return group


def search(
    words: Annotated[list[str], typer.Argument(metavar="WORDS", help="Words of the model's name.")],
    task: Annotated[
        str | None, typer.Option("--task", metavar="TASK", help="The hub's word, for example text-classification.")
    ] = None,
    licence: Annotated[
        str | None, typer.Option("--licence", metavar="NAME", help="The hub's word, for example apache-2.0.")
    ] = None,
    max_size: Annotated[
        str | None, typer.Option("--max-size", metavar="SIZE", help="Largest size of the weights, for example 2GB.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100, help="How many models to list.")] = 20,
    as_json: JsonFlag = False,
) -> None:
    """Find models on the hub, the most downloaded first."""
    from advisor.catalog.hub import search as hub_search
    from advisor.catalog.hub.client import Hub
    from advisor.hardware.override import parse_size
    from advisor.report import hub as text

    output = Output(as_json=as_json)
    max_bytes = None if max_size is None else parse_size(max_size, field="--max-size")
    hub = Hub()
    output.note(text.asking(hub.host))
    sought = " ".join(words)
    found = hub_search.search(sought, task=task, licence=licence, max_bytes=max_bytes, limit=limit, hub=hub)
    if as_json:
        output.document(text.found_document(found, sought))
        return
    output.heading(text.found_sentence(found, sought))
    if found.models:
        output.table(text.FOUND_TITLES, text.found_rows(found), right=frozenset({3, 4, 5}))


def size(
    model: ModelId,
    revision: Revision = None,
    file: Annotated[
        str | None, typer.Option("--file", metavar="NAME", help="The weight file that is meant, of several.")
    ] = None,
    with_base: Annotated[
        bool, typer.Option("--with-base", help="Of an adapter, size the base model it names too, from the same hub.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Size a model on the hub exactly from the headers of its files; no weights are downloaded."""
    from advisor.catalog import adapters, load, local_model
    from advisor.catalog.hub import search as hub_search
    from advisor.catalog.hub import sizing
    from advisor.catalog.hub.client import Hub
    from advisor.catalog.hub.failures import HubError, check_id
    from advisor.cli.size import print_adapters, print_model
    from advisor.report import hub as text

    output = Output(as_json=as_json)
    check_id(model)
    hub = Hub()
    output.note(text.asking(hub.host))
    sized = sizing.size(model, revision, file=file, hub=hub)
    on_top = []
    if with_base and sized.checkpoint.adapter is not None:
        on_top = [adapters.read(sizing.files_of(sized, hub), sized.checkpoint)]
        sized = sizing.size(_base_of(sized), hub=hub)
    try:
        ready_made = hub_search.prebuilt(model, hub=hub)
    except HubError:  # a hint only
        ready_made = ()
    described = local_model.describe(sized.checkpoint, load.catalog())
    for item in on_top:
        adapters.check(described, item)
    if as_json:
        output.document(text.sized_document(sized, described, ready_made, on_top))
        return
    print_model(output, described)
    print_adapters(output, described, on_top)
    if sized.build:
        output.line(text.build(sized))
    output.line(text.access(sized))
    if ready_made:
        output.line(text.prebuilt(ready_made))
    output.line(text.sized_sentence(sized))


def _base_of(sized: "Sized") -> str:
    """Return the base model that an adapter names.

    Raises:
        InvalidModelError: `adapter-base-missing`.
    """
    found = sized.checkpoint.adapter
    if found is None or found.base_model is None:
        raise InvalidModelError(
            "adapter-base-missing", f"{sized.repo.id} does not name its base model.",
            remedy="Size the base model by its own name.",
        )  # fmt: skip
    return found.base_model


def download(
    model: ModelId,
    revision: Revision = None,
    only: Annotated[
        str | None,
        typer.Option("--only", metavar="KIND", help="onnx, safetensors or gguf; ready-made ONNX first by default."),
    ] = None,
    variant: Annotated[
        str | None, typer.Option("--variant", metavar="NAME", help="Which build of several, for example q4 or Q4_K_M.")
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask nobody; take what is on this computer already.")
    ] = False,
    plan_only: Annotated[bool, typer.Option("--plan", help="Say what would be downloaded, then stop.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Download a model in one build: what it takes and the room for it are said first."""
    import msgspec

    from advisor import settings
    from advisor.catalog.hub import failures
    from advisor.catalog.hub.client import Hub
    from advisor.catalog.hub.layout import Only
    from advisor.convert import download_plan
    from advisor.report import hub as text

    output = Output(as_json=as_json)
    if only is not None and only not in _KINDS:
        raise InvalidInputError("kind-unknown", f"There is no kind {only!r}.", remedy=f"Choose of {', '.join(_KINDS)}.")
    hub = Hub(offline=offline)
    request = download_plan.DownloadRequest(
        model_id=model, revision=revision, only=msgspec.convert(only, Only | None), variant=variant,
        folder=str(download_plan.models_folder(settings.load().model_folder)), endpoint=hub.endpoint,
        offline=hub.offline,
    )  # fmt: skip
    if not request.offline:
        failures.check_id(model)
        output.note(text.asking(hub.host))
    plan = download_plan.plan_offline(request) if request.offline else download_plan.plan(request, hub)
    if plan_only and as_json:
        output.document(text.plan_document(plan))
        return
    say = output.note if as_json else output.line
    say(text.plan_sentence(plan))
    if others := text.variants_sentence(plan):
        say(others)
    if plan_only:
        output.table(text.PLAN_TITLES, text.plan_rows(plan), right=frozenset({1}))
        return
    download_plan.check_room(plan)
    pinned = msgspec.structs.replace(request, commit=plan.commit, variant=plan.variant)
    _print_done(_fetch(msgspec.json.encode(pinned), output), output)


def _fetch(request: bytes, output: Output) -> Outcome:
    from advisor.cli import job_run
    from advisor.convert.download_plan import JOB

    try:
        return job_run.run(JOB, request, output, timeout_s=None, describe=job_run.with_time_left)
    except KeyboardInterrupt:
        print(_KEPT, file=sys.stderr)
        raise


def _print_done(outcome: Outcome, output: Output) -> None:
    import msgspec

    from advisor.convert.download import DownloadResult
    from advisor.report import hub as text

    if outcome.code != "finished" or outcome.result is None:
        raise _failure(outcome)
    result: Any = msgspec.json.decode(outcome.result, type=DownloadResult)
    if output.as_json:
        output.document(text.done_document(result))
        return
    output.heading(text.done_sentence(result))
    output.table(text.FILE_TITLES, text.done_rows(result), right=frozenset({1}))


def _failure(outcome: Outcome) -> AdvisorError:
    return ChildError(outcome.reason or outcome.code.replace("_", "-"), outcome.message, remedy=outcome.remedy)
