"""`catalog`: which models are known."""

from typing import Annotated

import typer

from advisor import units
from advisor.cli.options import JsonFlag
from advisor.cli.output import Output


def catalog(
    text: Annotated[str | None, typer.Argument(metavar="[TEXT]", help="Part of a model's name.")] = None,
    task: Annotated[str | None, typer.Option("--task", "-t", help="Hub task, for example summarization.")] = None,
    language: Annotated[str | None, typer.Option("--language", "-l", help="Language code, for example hi.")] = None,
    licence: Annotated[str | None, typer.Option("--licence", help="A licence id, or commercial.")] = None,
    family: Annotated[str | None, typer.Option("--family", help="For example Qwen3.")] = None,
    smallest: Annotated[str | None, typer.Option("--min-parameters", metavar="COUNT", help="For example 100M.")] = None,
    largest: Annotated[str | None, typer.Option("--max-parameters", metavar="COUNT", help="For example 3B.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """List the models of the shipped catalog."""
    from advisor.catalog import load, query
    from advisor.report import public

    output = Output(as_json=as_json)
    known = load.catalog()
    cards = query.find(
        known,
        task=task,
        language=language,
        licence=licence,
        family=family,
        min_parameters=parameter_count(smallest, "--min-parameters"),
        max_parameters=parameter_count(largest, "--max-parameters"),
        text=text,
    )
    if as_json:
        output.document(public.catalog_json(cards))
        return
    rows = []
    for card in cards:
        number = card.num_parameters()
        languages = "no data" if card.num_languages is None else str(card.num_languages)
        rows.append(
            (
                card.id,
                "no data" if number is None else units.count(number),
                card.licence or "no data",
                languages,
                ", ".join(card.tasks),
            )
        )
    output.table(("Model", "Parameters", "Licence", "Languages", "Tasks"), rows, right=frozenset({1, 3}))
    output.note(f"{len(cards)} of {len(known.models)} models; catalog {known.version}.")


def parameter_count(text: str | None, option: str) -> int | None:
    """Read `135M`, `1.5B`, `70000000`.

    Raises:
        InvalidInputError: `count-invalid`.
    """
    from advisor.errors import InvalidInputError

    if text is None:
        return None
    factors = {"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
    body = text.strip().upper()
    factor = factors.get(body[-1:], 1.0)
    try:
        value = float(body[:-1] if body[-1:] in factors else body) * factor
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e15:
        raise InvalidInputError(
            "count-invalid", f"{option} {text!r} is not a number of parameters.", remedy="For example 135M or 3B."
        )
    return int(value)
