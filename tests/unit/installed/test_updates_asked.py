"""Who may be asked how often, where an answer may lead, and versions that are no releases yet."""

import datetime
import json

import pytest

from advisor.installed import updates

NOW = datetime.datetime(2026, 11, 27, 12, tzinfo=datetime.UTC)
DAYS = datetime.timedelta(days=1)


def test_a_server_that_answered_nonsense_is_left_alone_for_a_week_and_what_was_found_stays():
    updates.keep_asked(NOW)
    assert updates.last() is None
    assert not updates.is_due(NOW + 6 * DAYS)
    assert updates.is_due(NOW + 7 * DAYS)
    updates.keep(updates.Looked(version="1.2.3", looked=NOW.isoformat()))
    updates.keep_asked(NOW + 7 * DAYS)
    assert updates.last().version == "1.2.3"
    assert not updates.is_due(NOW + 13 * DAYS)


@pytest.mark.parametrize(
    ("version", "than", "newer"),
    [
        ("0.3.0", "0.3.0.dev4", True), ("0.3.0", "0.3.0rc1", True), ("0.3.0", "0.3.0a2", True),
        ("0.2.9", "0.3.0.dev4", False), ("0.3.1", "0.3.0rc1", True), ("0.3.0", "0.3.0.post1", False),
        ("0.3.0", "0.3.0+local", False),
    ],
)  # fmt: skip
def test_what_is_being_worked_on_is_older_than_its_release(version, than, newer):
    assert updates.is_newer(version, than) is newer


@pytest.mark.parametrize(
    ("redirect", "asked", "allowed"),
    [
        ("https://example.org/x", "https://example.com/y", True), ("http://127.0.0.1/x", "http://127.0.0.1:2/y", True),
        ("http://127.0.0.1:1/x", "https://example.com", False), ("http://example.org/x", "https://example.com", False),
        ("http://example.org/x", "http://127.0.0.1:2/y", False), ("file:///etc/passwd", "http://127.0.0.1/y", False),
        ("https://[", "https://example.com", False), ("ftp://example.org", "https://example.com", False),
    ],
)  # fmt: skip
def test_a_server_sends_on_over_https_only_and_never_to_this_computer(redirect, asked, allowed):
    assert updates.may_follow(redirect, asked=asked) is allowed


@pytest.mark.parametrize("page", ["https://[", "https://", "https://example.org/\x1b[2J"])
def test_an_address_of_notes_that_is_none_is_not_shown(page):
    raw = json.dumps({"tag_name": "v1.0", "html_url": page}).encode()
    assert updates.read_answer(raw, NOW).page == ""


def test_a_last_look_with_a_version_that_is_none_counts_as_none():
    updates.keep(updates.Looked(version="\x1b[31m", looked=NOW.isoformat()))
    assert updates.last() is None
