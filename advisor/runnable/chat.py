"""A conversation as the one text that a model was trained to answer. Templates run in a sandbox."""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from advisor.errors import InvalidModelError
from advisor.runnable.model import TokenizerFacts

Role = Literal["system", "user", "assistant"]
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

    from advisor.runnable.sandbox import Sandbox

    given = {
        **facts.special_tokens, "messages": [msgspec.to_builtins(message) for message in messages], "tools": None,
        "documents": None, "add_generation_prompt": add_generation_prompt,
    }  # fmt: skip
    try:
        return _joined(Sandbox().from_string(facts.chat_template).generate(given))
    except (jinja2.TemplateError, TypeError, ValueError, KeyError, AttributeError, IndexError) as error:
        raise _invalid(str(error)) from error
    except (RecursionError, MemoryError, ArithmeticError) as error:
        raise _invalid(type(error).__name__) from error  # their own words speak of Python


def _plain(messages: Sequence[Message], add_generation_prompt: bool) -> str:
    if len(messages) == 1 and messages[0].role == "user":
        return messages[0].content
    lines = [f"{_NAMES[message.role]}: {message.content}" for message in messages]
    return "\n\n".join([*lines, "Assistant:"] if add_generation_prompt else lines)


def _joined(parts: Iterable[str]) -> str:
    from advisor.runnable.sandbox import MOST_CHARACTERS

    found: list[str] = []
    num_characters = 0
    for part in parts:
        num_characters += len(part)
        if num_characters > MOST_CHARACTERS:
            raise _invalid("it writes without end")
        found.append(part)
    return "".join(found)


def _invalid(why: str) -> InvalidModelError:
    return InvalidModelError(
        "chat-template-invalid",
        f"The model's chat template cannot be used: {(why.splitlines() or ['no reason given'])[0][:300]}.",
        remedy="Choose a model whose template takes these messages, or one without.",
    )
