"""A conversation as the one text that a model was trained to answer. Templates are a stranger's: they run in a sandbox.

Source: transformers, "Chat templates": the settings, filters and functions that templates may count on.
"""

import datetime
import json
from collections.abc import Sequence
from typing import Any, Literal, NoReturn

import msgspec
from typing_extensions import override

from advisor.errors import InvalidModelError
from advisor.runnable.model import TokenizerFacts

Role = Literal["system", "user", "assistant"]
_MOST_CHARACTERS = 20_000_000
_MOST_ROUNDS = 200_000
"""[1] Steps of all loops over `range` in one template; they could be nested for ever otherwise."""
_LARGEST_NUMBER = 100_000
"""[1] What a function of a text may be given, `'x'.ljust(n)`: templates align nothing wider."""
_UNBOUNDED_FILTERS = ("center", "format", "indent", "wordwrap")
"""They write as much as they are told to; `indent` comes back with a limit."""
_NAMES: dict[str, str] = {"system": "System", "user": "User", "assistant": "Assistant"}


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One turn of a conversation."""

    role: Role
    content: str


def render(facts: TokenizerFacts | None, messages: Sequence[Message], *, add_generation_prompt: bool = True) -> str:
    """Return the text that is to be tokenized without further special tokens.

    Without a template, a single message is its own text and several get the names of their roles; the model was then
    not trained for conversations.

    Args:
        facts: of the model's tokenizer.
        messages: oldest first.
        add_generation_prompt: let the model answer next.

    Raises:
        InvalidModelError: `chat-template-invalid`; the template does not parse, refuses these messages, reaches for
            what it may not, or writes without end.
    """
    if facts is None or facts.chat_template is None:
        return _plain(messages, add_generation_prompt)
    import jinja2

    try:
        template = _environment().from_string(facts.chat_template)
        parts = template.generate(
            **facts.special_tokens, messages=[msgspec.to_builtins(message) for message in messages], tools=None,
            documents=None, add_generation_prompt=add_generation_prompt,
        )  # fmt: skip
        return _joined(parts)
    except (jinja2.TemplateError, TypeError, ValueError, KeyError, AttributeError, IndexError) as error:
        raise _invalid(str(error)) from error
    except (RecursionError, MemoryError, ArithmeticError) as error:
        raise _invalid(type(error).__name__) from error


def _plain(messages: Sequence[Message], add_generation_prompt: bool) -> str:
    if len(messages) == 1 and messages[0].role == "user":
        return messages[0].content
    lines = [f"{_NAMES[message.role]}: {message.content}" for message in messages]
    return "\n\n".join([*lines, "Assistant:"] if add_generation_prompt else lines)


def _joined(parts: Any) -> str:  # noqa: ANN401 - an iterator of the template library
    found: list[str] = []
    num_characters = 0
    for part in parts:
        num_characters += len(part)
        if num_characters > _MOST_CHARACTERS:
            raise _invalid("it writes without end")
        found.append(part)
    return "".join(found)


def _environment() -> Any:  # noqa: ANN401 - of an optional library, made where it is needed
    import jinja2
    from jinja2 import nodes
    from jinja2.ext import Extension, loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Generation(Extension):
        """`{% generation %}` marks what the model wrote; it changes no text."""

        tags = {"generation"}  # noqa: RUF012 - as the library declares it

        @override
        def parse(self, parser: Any) -> Any:
            line = next(parser.stream).lineno
            body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
            return nodes.Scope(body).set_lineno(line)

    class Sandbox(ImmutableSandboxedEnvironment):
        intercepted_binops = frozenset(("*", "**", "%"))

        @override
        def call(__self, __context: Any, __obj: Any, *arguments: Any, **named: Any) -> Any:  # noqa: N805
            if isinstance(getattr(__obj, "__self__", None), str) and any(
                isinstance(value, int) and value > _LARGEST_NUMBER for value in (*arguments, *named.values())
            ):
                raise jinja2.TemplateError("it fills a text without end")
            return super().call(__context, __obj, *arguments, **named)

        @override
        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            if operator == "**" or (operator == "%" and isinstance(left, str)) or _is_huge(operator, left, right):
                raise jinja2.TemplateError(f"the operator {operator} is not allowed with these values")
            return super().call_binop(context, operator, left, right)

    found = Sandbox(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])
    found.filters["tojson"] = _to_json
    for name in _UNBOUNDED_FILTERS:
        del found.filters[name]
    found.filters["indent"] = _indent
    del found.globals["lipsum"]
    found.globals["range"] = _Rounds().range
    found.globals["raise_exception"] = _raise
    found.globals["strftime_now"] = lambda form: datetime.datetime.now().strftime(form)  # noqa: DTZ005 - the user's day
    return found


def _indent(text: str, width: int | str = 4, first: bool = False, blank: bool = False) -> str:
    from jinja2.filters import do_indent

    if isinstance(width, int) and width > _LARGEST_NUMBER / 1000:
        raise ValueError("it indents without end")
    return do_indent(text, width, first, blank)


def _is_huge(operator: str, left: Any, right: Any) -> bool:  # noqa: ANN401
    if operator != "*":
        return False
    for value, times in ((left, right), (right, left)):
        if isinstance(value, str | list | tuple) and isinstance(times, int) and len(value) * times > _MOST_CHARACTERS:
            return True
    return False


class _Rounds:
    """Counts the steps of all loops of one template."""

    def __init__(self) -> None:
        self._left = _MOST_ROUNDS

    def range(self, *arguments: int) -> range:
        """Return Python's range while the steps last."""
        found = range(*arguments)
        self._left -= len(found)
        if self._left < 0:
            raise ValueError("it loops without end")
        return found


def _raise(message: str) -> NoReturn:
    import jinja2

    raise jinja2.TemplateError(message)


def _to_json(
    value: object, ensure_ascii: bool = False, indent: int | None = None, separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:  # fmt: skip
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _invalid(why: str) -> InvalidModelError:
    return InvalidModelError(
        "chat-template-invalid",
        f"The model's chat template cannot be used: {(why.splitlines() or ['no reason given'])[0][:300]}.",
        remedy="Choose a model whose template takes these messages, or one without.",
    )
