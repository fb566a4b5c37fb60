"""The sandbox that chat templates run in: what they may count on, and nothing that takes the computer's memory or time.

Jinja's own sandbox keeps templates from Python's insides; it does not keep them from filling the memory with one
expression. Loops, and whatever makes a text longer, are bounded here.

Source: transformers, "Chat templates": the settings, filters and functions that templates may count on.
"""

import datetime
import json
import re
from collections.abc import Iterable
from typing import Any, NoReturn

import jinja2
from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.ext import Extension, loopcontrols
from jinja2.filters import do_indent, do_join, do_replace
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment
from typing_extensions import override

MOST_CHARACTERS = 20_000_000
_MOST_ROUNDS = 200_000
"""[1] Steps of all loops over `range` in one template; they could be nested for ever otherwise."""
_LARGEST_NUMBER = 100_000
"""[1] What a function of a text may be given, `'x'.ljust(n)`: templates align nothing wider."""
_LARGEST_INDENT = 100
_WIDE = re.compile(r"\d{5,}")
_UNBOUNDED_FILTERS = ("batch", "center", "format", "slice", "urlize", "wordwrap", "xmlattr")
"""They write as much as they are told to, and no published template needs them."""
_ENDLESS = "it makes a text that grows without end"


class _Generation(Extension):
    """`{% generation %}` marks what the model wrote; it changes no text."""

    tags = {"generation"}  # noqa: RUF012 - as the library declares it

    @override
    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.Scope(body).set_lineno(line)


class _Generator(CodeGenerator):
    @override
    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:
        self.write("environment.joined((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")


class Sandbox(ImmutableSandboxedEnvironment):
    """What one template runs in; made anew for each, since it counts its steps."""

    code_generator_class = _Generator
    intercepted_binops = frozenset(("+", "*", "**", "%"))

    def __init__(self) -> None:
        """Set what templates may count on."""
        super().__init__(trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, loopcontrols])
        self._rounds_left = _MOST_ROUNDS
        for name in (*_UNBOUNDED_FILTERS, "tojson", "indent"):
            del self.filters[name]
        self.filters |= {"tojson": _to_json, "indent": _indent, "replace": _replace, "join": _join}
        del self.globals["lipsum"]
        self.globals |= {"range": self._range, "raise_exception": _raise, "strftime_now": _now}

    def joined(self, parts: tuple[object, ...]) -> str:
        """Return what the operator ~ makes."""
        return "".join(_bounded([str(part) for part in parts]))

    @override
    def call(__self, __context: Any, __obj: Any, *arguments: Any, **named: Any) -> Any:  # noqa: N805
        owner = getattr(getattr(__obj, "__wrapped__", __obj), "__self__", None)
        if isinstance(owner, str):
            given = [*arguments, *named.values()]
            if any(isinstance(value, int) and value > _LARGEST_NUMBER for value in given):
                raise jinja2.TemplateError(_ENDLESS)
            name = getattr(__obj, "__name__", "")
            if name == "replace" and len(arguments) > 1:
                _check_replaced(owner, str(arguments[0]), str(arguments[1]))
            elif name == "join" and arguments:
                arguments = (_bounded([str(part) for part in arguments[0]], owner), *arguments[1:])
            elif name in ("format", "format_map") and _WIDE.search(owner):
                raise jinja2.TemplateError(_ENDLESS)
        return super().call(__context, __obj, *arguments, **named)

    @override
    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        is_wide = operator == "%" and isinstance(left, str) and bool(_WIDE.search(left))
        if operator == "**" or is_wide or _is_long(operator, left, right):
            raise jinja2.TemplateError(_ENDLESS if operator != "**" else "powers are not allowed")
        return super().call_binop(context, operator, left, right)

    def _range(self, *arguments: int) -> range:
        found = range(*arguments)
        self._rounds_left -= len(found)
        if self._rounds_left < 0:
            raise jinja2.TemplateError("it loops without end")
        return found


def _is_long(operator: str, left: Any, right: Any) -> bool:  # noqa: ANN401 - of a template
    texts = (str, list, tuple)
    if operator == "+":
        return isinstance(left, texts) and isinstance(right, texts) and len(left) + len(right) > MOST_CHARACTERS
    pairs = ((left, right), (right, left)) if operator == "*" else ()
    return any(
        isinstance(value, texts) and isinstance(times, int) and len(value) * times > MOST_CHARACTERS
        for value, times in pairs
    )


def _bounded(parts: list[str], between: str = "") -> list[str]:
    if sum(map(len, parts)) + len(between) * len(parts) > MOST_CHARACTERS:
        raise jinja2.TemplateError(_ENDLESS)
    return parts


def _check_replaced(text: str, old: str, new: str) -> None:
    if len(text) + text.count(old) * len(new) > MOST_CHARACTERS:
        raise jinja2.TemplateError(_ENDLESS)


@jinja2.pass_eval_context
def _replace(context: Any, text: str, old: str, new: str, count: int | None = None) -> str:  # noqa: ANN401
    _check_replaced(str(text), str(old), str(new))
    return str(do_replace(context, text, old, new, count))


@jinja2.pass_eval_context
def _join(context: Any, parts: Iterable[Any], between: str = "", attribute: str | int | None = None) -> str:  # noqa: ANN401
    listed = list(parts)
    if attribute is None:
        _bounded([str(part) for part in listed], str(between))
    return str(do_join(context, listed, between, attribute))


def _indent(text: str, width: int | str = 4, first: bool = False, blank: bool = False) -> str:
    lines = text.count("\n") + 1
    if (width if isinstance(width, int) else len(width)) > _LARGEST_INDENT or lines * _LARGEST_INDENT > MOST_CHARACTERS:
        raise jinja2.TemplateError(_ENDLESS)
    return str(do_indent(text, width, first, blank))


def _to_json(
    value: object, ensure_ascii: bool = False, indent: int | None = None, separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:  # fmt: skip
    if isinstance(indent, int) and indent > _LARGEST_INDENT:
        raise jinja2.TemplateError(_ENDLESS)
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _raise(message: str) -> NoReturn:
    raise jinja2.TemplateError(message)


def _now(form: str) -> str:
    return datetime.datetime.now().strftime(form)  # noqa: DTZ005 - the user's day, as in transformers
