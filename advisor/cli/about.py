"""`about` and `updates`: what this installation is made of, and whether there is a newer one."""

from typing import Annotated

import typer

from advisor.cli.options import JsonFlag
from advisor.cli.output import Output
from advisor.errors import ChildError, NotFoundError

Name = Annotated[str | None, typer.Argument(metavar="[COMPONENT]", help="Show the licence text of this one.")]
Details = Annotated[bool, typer.Option("--details", help="Only what belongs into a report of a fault.")]
Check = Annotated[bool, typer.Option("--check", help="Ask now; without it what was found last is shown.")]


def about(component: Name = None, details: Details = False, as_json: JsonFlag = False) -> None:
    """Show version, licence and every component this app brings, with its licence."""
    from advisor.installed import components
    from advisor.report import about as words

    output = Output(as_json=as_json)
    found = components.load()
    if component is not None:
        wanted = components.plain(component)
        named = [item for item in found.components if components.plain(item.name.removeprefix("Data: ")) == wanted]
        if not named:
            raise NotFoundError(
                "component-not-found", f"There is no component named {component!r}.",
                remedy="`model-fit-advisor about` lists them.",
            )  # fmt: skip
        output.line(words.text_words(found, named[0]))
        return
    if as_json:
        output.document(words.document(found))
        return
    if details:
        output.line(words.details(found))
        return
    for sentence in (words.version_sentence(), words.WHAT, words.LICENCE, words.SENDS_NOTHING):
        output.line(sentence)
    output.line("")
    output.table(words.TITLES, words.rows(found))


def updates(check: Check = False, as_json: JsonFlag = False) -> None:
    """Say whether there is a newer version. Asks the project's page only with --check; installs nothing."""
    import msgspec

    from advisor.cli import job_run
    from advisor.installed import updates as looks
    from advisor.report import about as words

    output = Output(as_json=as_json)
    looked = looks.last()
    if check:
        address = looks.address()
        output.note(words.asks_sentence(address))
        request = msgspec.json.encode(looks.Request(address=address))
        outcome = job_run.run(looks.JOB, request, output, timeout_s=60)
        if outcome.code != "finished" or outcome.result is None:
            raise ChildError(outcome.reason or outcome.code.replace("_", "-"), outcome.message, remedy=outcome.remedy)
        looked = msgspec.json.decode(outcome.result, type=looks.Looked)
        looks.keep(looked)
    if looked is None:
        raise NotFoundError(
            "updates-never-looked", "It was never looked for a new version.",
            remedy="`model-fit-advisor updates --check` asks now.",
        )  # fmt: skip
    if as_json:
        output.document(words.updates_document(looked))
    else:
        output.line(words.found_sentence(looked))
