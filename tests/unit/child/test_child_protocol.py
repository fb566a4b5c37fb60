"""The stream of messages: any cut gives the same messages, rubbish gives one clear error."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.child import protocol
from advisor.child.protocol import Failed, Finished, Hello, LogRecord, Progress, Sample
from advisor.errors import ChildError

MESSAGES = [
    Hello(pid=7, versions={"python": "3.11"}),
    Progress(stage="load", done_share=0.25, elapsed_s=1.5, detail="größer\nals 2 €"),
    Sample(t_s=0.1, kind="token", latency_s=0.02),
    LogRecord(level="info", text="line\nline\r\n"),
    Finished(result=msgspec.Raw(b'{"a":[1,2,null]}')),
    Failed(code="invalid_model", message="no", remedy="yes"),
]


def as_plain(messages):
    return [msgspec.json.decode(msgspec.json.encode(message)) for message in messages]


@given(st.lists(st.integers(0, 5), max_size=8), st.lists(st.integers(1, 40), min_size=1, max_size=30))
def test_a_stream_cut_anywhere_gives_the_same_messages(indexes, cuts):
    messages = [MESSAGES[index] for index in indexes]
    stream = b"".join(map(protocol.encode, messages))
    decoder = protocol.Decoder()
    found, start, turn = [], 0, 0
    while start < len(stream):
        end = start + cuts[turn % len(cuts)]
        found += decoder.feed(stream[start:end])
        start, turn = end, turn + 1
    decoder.close()
    assert as_plain(found) == as_plain(messages)


def test_messages_before_an_unfinished_one_come_at_once():
    decoder = protocol.Decoder()
    first, second = protocol.encode(MESSAGES[0]), protocol.encode(MESSAGES[2])
    assert len(decoder.feed(first + second[:-1])) == 1
    assert as_plain(decoder.feed(second[-1:])) == as_plain([MESSAGES[2]])


@pytest.mark.parametrize(
    "line",
    [
        b"hello\n",
        b"{}\n",
        b'{"type":"sample"}\n',
        b'{"type":"what"}\n',
        b"\xff\xfe\n",
        b"\n",
        b'{"type":"hello","pid":"x","versions":{}}\n',
    ],
)
def test_what_is_no_message_is_refused_by_name(line):
    with pytest.raises(ChildError, match="no message") as caught:
        protocol.Decoder().feed(line)
    assert caught.value.code == "protocol_error"


def test_a_line_that_never_ends_is_refused_before_it_fills_the_memory(monkeypatch):
    monkeypatch.setattr(protocol, "MAX_LINE_BYTES", 1000)
    decoder = protocol.Decoder()
    decoder.feed(b"x" * 1000)
    with pytest.raises(ChildError, match="longer than 1000"):
        decoder.feed(b"x")


def test_a_long_line_in_one_piece_is_refused(monkeypatch):
    monkeypatch.setattr(protocol, "MAX_LINE_BYTES", 1000)
    with pytest.raises(ChildError, match="longer than 1000"):
        protocol.Decoder().feed(protocol.encode(LogRecord(level="info", text="x" * 1000)))


def test_a_stream_that_ends_within_a_line_is_refused():
    decoder = protocol.Decoder()
    decoder.feed(protocol.encode(MESSAGES[0])[:-1])
    with pytest.raises(ChildError, match="cut off"):
        decoder.close()


def test_a_raw_result_with_a_line_end_cannot_break_the_stream():
    with pytest.raises(ChildError, match="line end"):
        protocol.encode(Finished(result=msgspec.Raw(b'{"a":\n1}')))


def test_the_excerpt_in_the_error_is_short():
    with pytest.raises(ChildError) as caught:
        protocol.Decoder().feed(b"y" * 10_000 + b"\n")
    assert len(caught.value.message) < 500
