"""Conversations become the texts that transformers makes of them, and a stranger's template can do no harm."""

import json
from pathlib import Path

import pytest

from advisor.errors import InvalidModelError
from advisor.runnable import chat
from advisor.runnable.chat import Message
from advisor.runnable.model import TokenizerFacts

RECORDED = json.loads((Path(__file__).parents[2] / "data" / "runnable" / "chat.json").read_text(encoding="utf-8"))
QUESTION = (Message(role="user", content="Hi"),)


def facts(template):
    return TokenizerFacts(name="tokenizer.json", chat_template=template, special_tokens=RECORDED["special_tokens"])


def test_templates_write_what_transformers_writes():
    assert len(RECORDED["cases"]) == 30
    for case in RECORDED["cases"]:
        messages = [Message(**message) for message in case["messages"]]
        told = chat.render(facts(case["template"]), messages, add_generation_prompt=case["add_generation_prompt"])
        assert told == case["text"], (case["template_name"], case["conversation"])


def test_without_a_template_a_question_is_its_own_text():
    assert chat.render(facts(None), QUESTION) == "Hi"
    assert chat.render(None, QUESTION) == "Hi"
    talk = (Message(role="system", content="Be brief."), *QUESTION)
    assert chat.render(None, talk) == "System: Be brief.\n\nUser: Hi\n\nAssistant:"
    assert chat.render(None, talk, add_generation_prompt=False) == "System: Be brief.\n\nUser: Hi"


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{ raise_exception('Only one turn') }}", "Only one turn"),
        ("{% if %}", "Expected an expression"),
        ("{{ messages[0].missing.deeper }}", "missing"),
        ("{{ messages[5]['content'] }}", "no element 5"),
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "unsafe"),
        ("{{ messages.append(1) }}", "unsafe"),
        ("{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}", "loops without end"),
        ("{{ 'x' * 10000000000 }}", "grows without end"),
        ("{{ 9 ** 9 ** 9 }}", "powers are not allowed"),
        ("{{ '%1000000000d' % 3 }}", "grows without end"),
        ("{{ '{:1000000000}'.format(3) }}", "grows without end"),
        ("{{ 'x'.ljust(10000000000) }}", "grows without end"),
        ("{{ ('x' * 10000).replace('x', 'x' * 10000) }}", "grows without end"),
        ("{{ ('x' * 10000) | replace('x', 'x' * 10000) }}", "grows without end"),
        ("{{ ''.join(['x' * 10000] * 10000) }}", "grows without end"),
        ("{{ (['x' * 10000] * 10000) | join }}", "grows without end"),
        ("{{ messages | tojson(indent=1000000000) }}", "grows without end"),
        ("{{ 'x' | center(10000000000) }}", "No filter named 'center'"),
        ("{{ 'x' | indent(10000000000, true) }}", "grows without end"),
        ("{{ lipsum(100000) }}", "lipsum"),
        (
            "{% set x = namespace(t='xxxxxxxxxx') %}{% for i in range(60) %}{% set x.t = x.t + x.t %}{% endfor %}",
            "grows",
        ),
        (
            "{% set x = namespace(t='xxxxxxxxxx') %}{% for i in range(60) %}{% set x.t = x.t ~ x.t %}{% endfor %}",
            "grows",
        ),
        ("{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}", "RecursionError"),
        ("{% for i in range(30000) %}{{ messages[0].content * 100000 }}{% endfor %}", "without end"),
        ("{% include '/etc/passwd' %}", "no loader"),
        ("{{ 1 / 0 }}", "ZeroDivisionError"),
    ],
)
def test_a_template_that_fails_or_runs_wild_is_refused_with_its_reason(template, words):
    with pytest.raises(InvalidModelError) as failure:
        chat.render(facts(template), QUESTION)
    assert failure.value.code == "chat-template-invalid"
    assert words in failure.value.sentence()


def test_a_special_token_cannot_stand_in_for_the_messages():
    odd = TokenizerFacts(name="t", chat_template="{{ messages[0].content }}", special_tokens={"messages": "x"})
    assert chat.render(odd, QUESTION) == "Hi"
