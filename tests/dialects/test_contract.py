"""What every dialect must hold, whichever it is: it is found on the shelf, with its exchanges in a folder of its name."""

import json
import re
import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qwcli import dialects
from qwcli.core.outcome import Fault, FaultKind, Finish, Reply
from qwcli.core.prompt import Message, Prompt
from qwcli.core.target import Target
from qwcli.core.wire import PieceKind
from qwcli.errors import QwcliError

EXCHANGES = Path(__file__).parent / "exchanges"
NAMES = sorted(dialects.names())
RECORDED = [
    (name, file, expected)
    for name in NAMES
    for file, expected in json.loads((EXCHANGES / name / "expected.json").read_text(encoding="utf-8")).items()
]
BODIES = [path.read_bytes() for path in sorted(EXCHANGES.rglob("*")) if path.suffix in {".json", ".sse"}]
FRAGMENTS = [
    *(line + b"\n" for body in BODIES for line in body.splitlines()),
    *(b"\n", b"\r\n", b"\r", b"\n\n", b"\xef\xbb\xbf", b"data:", b"data: ", b"event: error\n", b":HTTP_STATUS/400\n"),
    *(b"[DONE]", b'data: {"choices":[{"index":[],"delta":{"content":{"a":1}}}]}\n\n', b'data: {"choices":7}\n\n'),
    *(
        b'data: {"choices":[null,3,{"delta":4,"finish_reason":{}}],"usage":[1]}\n\n',
        b"data: null\n\n",
        b"data: 1e999\n\n",
    ),
    *(
        b'data: {"error":{}}\n\n',
        b'{"error":[[]]}',
        b'{"message":{"detail":{}}}',
        b'data: "\\ud83d"\n\n',
        b"\xff\xfe\x00",
    ),
    *(b"<html><script>", b"</p>", b"[" * 3000, b'{"a":' * 3000, b'data: {"usage":{"prompt_tokens":1e40}}\n\n'),
]
BYTES = st.one_of(
    st.binary(max_size=200),
    st.lists(st.sampled_from(FRAGMENTS), max_size=12).map(b"".join),
    st.builds(lambda body, at: body[: at % (len(body) + 1)], st.sampled_from(BODIES), st.integers(0, 10_000)),
    st.builds(
        lambda body, at, junk: body[: at % (len(body) + 1)] + junk + body[at % (len(body) + 1) :],
        st.sampled_from(BODIES),
        st.integers(0, 10_000),
        st.one_of(st.binary(max_size=8), st.sampled_from(FRAGMENTS)),
    ),
)
QUICKLY = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
MARKUP = re.compile(r"</?[a-z][^<>]*>|<!", re.IGNORECASE)


def target(name):
    return Target(name="t", provider="p", model="m", url="https://api.example/v1", dialect=name)


def read(name, body, edges=(), *, cut=False, headers=None):
    """The outcome, and the text of the pieces by kind."""
    reader = dialects.load(name).read(target(name), headers or {})
    text = {PieceKind.ANSWER: "", PieceKind.THINKING: ""}
    bounds = [0, *sorted(edges), len(body)]
    for start, stop in pairwise(bounds):
        for piece in reader.feed(body[start:stop]):
            text[piece.kind] += piece.text
    return reader.end(cut=cut), text


def test_there_is_a_dialect_and_a_name_that_is_none_is_the_users_mistake():
    assert "openai" in NAMES
    with pytest.raises(QwcliError, match="no dialect 'opnai'"):
        dialects.load("opnai")


@pytest.mark.parametrize(("name", "file", "expected"), RECORDED, ids=[f"{name}/{file}" for name, file, _ in RECORDED])
def test_the_exchanges_of_the_folder_are_read_as_they_should_be(name, file, expected):
    body = (EXCHANGES / name / file).read_bytes()
    outcome, _ = read(name, body)
    usage = outcome.usage
    found = {
        "text": outcome.text,
        "thinking": outcome.thinking,
        "finish": outcome.finish.value if isinstance(outcome, Reply) else None,
        "fault": outcome.kind.value if isinstance(outcome, Fault) else None,
        "usage": usage and [usage.input, usage.cache_read, usage.cache_write, usage.output],
    }
    assert found == {"text": "", "thinking": "", "finish": None, "fault": None, "usage": None, **expected}


@pytest.mark.parametrize("name", NAMES)
def test_writing_is_repeatable_and_names_the_key_without_holding_it(name):
    prompt = Prompt(messages=(Message(role="user", content="hi"),))
    keyed = Target(name="t", provider="p", model="m", url="https://api.example/v1", dialect=name, key="MY_KEY")
    dialect = dialects.load(name)
    assert dialect.write(prompt, keyed) == dialect.write(prompt, keyed)
    assert "${MY_KEY}" in " ".join(dialect.write(prompt, keyed).headers.values())
    assert "${" not in " ".join(dialect.write(prompt, target(name)).headers.values())


@pytest.mark.parametrize("name", NAMES)
@QUICKLY
@given(body=BYTES, edges=st.lists(st.integers(0, 2000), max_size=12), cut=st.booleans())
def test_where_the_bytes_are_split_makes_no_difference(name, body, edges, cut):
    inside = [edge for edge in edges if edge <= len(body)]
    at_once, shown_at_once = read(name, body, cut=cut)
    in_pieces, shown_in_pieces = read(name, body, inside, cut=cut)
    assert in_pieces == at_once
    assert shown_in_pieces == shown_at_once


@pytest.mark.parametrize("name", NAMES)
@QUICKLY
@given(body=BYTES, cut=st.booleans())
def test_whatever_comes_is_an_outcome_that_keeps_all_text_that_was_shown(name, body, cut):
    outcome, shown = read(name, body, cut=cut)
    assert isinstance(outcome, Reply | Fault)
    assert outcome.text.startswith(shown[PieceKind.ANSWER])
    assert outcome.thinking.startswith(shown[PieceKind.THINKING])
    outcome.text.encode()  # can be written down
    if isinstance(outcome, Fault):
        assert outcome.message
    if outcome.usage is not None:
        assert min(outcome.usage.input, outcome.usage.cache_read, outcome.usage.cache_write, outcome.usage.output) >= 0


@pytest.mark.parametrize(("name", "file"), [(name, file) for name, file, _ in RECORDED if file.endswith(".sse")])
def test_a_stream_that_ends_anywhere_keeps_the_text_so_far_and_is_never_taken_for_whole(name, file):
    body = (EXCHANGES / name / file).read_bytes()
    text = read(name, body)[0].text
    longest = 0
    for at in range(len(body)):
        outcome, _ = read(name, body[:at], cut=True)
        assert text.startswith(outcome.text)
        assert len(outcome.text) >= longest
        longest = len(outcome.text)
        if isinstance(outcome, Reply) and at < len(body) - 20:
            assert outcome.finish is Finish.CUT


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("opening", [b"data: ", b"", b"<p>", b'data: {"choices":[{"delta":{"content":"'])
def test_a_line_of_five_megabytes_is_borne_in_linear_time(name, opening):
    body = opening + b"a" * 5_000_000
    began = time.process_time()
    outcome, _ = read(name, body, range(0, len(body), 16_384))
    assert isinstance(outcome, Fault)
    assert len(outcome.message) < 5000
    assert time.process_time() - began < 2


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("depth", [500, 2_000, 200_000])
@pytest.mark.parametrize(("open_", "close"), [(b"[", b"]"), (b'{"error":', b"}"), (b'{"choices":[', b"]}")])
def test_deep_nesting_is_no_crash(name, depth, open_, close):
    body = open_ * depth + b"1" + close * depth
    for whole in (body, b"data: " + body + b"\n\n", b'data: {"message":' + body + b"}\n\n"):
        assert isinstance(read(name, whole)[0], Reply | Fault)
        assert isinstance(dialects.load(name).refuse(target(name), 400, {}, whole), Fault)


HEADERS = st.dictionaries(
    st.sampled_from(["content-type", "x-request-id", "x-should-retry", "location", "request-id"]),
    st.sampled_from(["text/html", "application/json", "true", "false", "", "</a>"]),
)


@pytest.mark.parametrize("name", NAMES)
@QUICKLY
@given(status=st.one_of(st.integers(100, 999), st.sampled_from([400, 401, 429, 446, 500])), body=BYTES, headers=HEADERS)
def test_any_error_answer_is_a_fault_with_a_short_message_without_markup(name, status, body, headers):
    fault = dialects.load(name).refuse(target(name), status, headers, body)
    assert isinstance(fault, Fault)
    assert fault.message
    assert len(fault.message) <= 4000
    assert not MARKUP.search(fault.message)
    assert fault.status == status or status < 300
    fault.message.encode()


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_error_answer_goes_by_its_status(name):
    refuse = dialects.load(name).refuse
    kinds = {status: refuse(target(name), status, {}, b"").kind for status in (401, 404, 429, 446, 500)}
    assert kinds == {
        401: FaultKind.AUTH,
        404: FaultKind.NOT_FOUND,
        429: FaultKind.RATE,
        446: FaultKind.BLOCKED,
        500: FaultKind.SERVER,
    }
