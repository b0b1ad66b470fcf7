from qwcli.core.outcome import Fault, FaultKind
from qwcli.core.wire import Request
from qwcli.engine import transport
from qwcli.engine.redaction import redacted


def test_a_key_that_a_server_repeats_is_taken_out_of_everything_a_fault_says():
    fault = Fault(
        kind=FaultKind.AUTH, message="no sk-secret here, sk-secret", code="sk-secret", notes=("a", "sk-secret")
    )
    clean = redacted(fault, ["sk-secret", ""])
    assert (clean.message, clean.code, clean.notes) == ("no [key] here, [key]", "[key]", ("a", "[key]"))
    assert clean.kind is FaultKind.AUTH


def test_words_that_are_no_secret_stay_and_a_short_value_is_no_secret():
    fault = Fault(kind=FaultKind.AUTH, message="key rejected")
    assert redacted(fault, ["key"]) is fault
    assert redacted(fault, []) is fault


def test_the_secrets_of_a_request_are_the_values_of_the_variables_in_its_headers():
    headers = {"authorization": "Bearer ${A}", "x": "${B} ${A}", "y": "plain"}
    request = Request(method="POST", url="https://h.example", headers=headers, body=b"")
    assert sorted(transport.secrets_in(request, {"A": " a-value\n", "B": "b", "C": "c"})) == ["a-value", "b"]
