"""What a user is told to do about a fault."""

from qwcli.cli.advice import advice
from qwcli.core.outcome import Fault, FaultKind
from qwcli.core.target import Target

TARGET = Target(name="mine", provider="127.0.0.1:8000", model="qwen", url="http://127.0.0.1:8000")


def test_a_404_that_does_not_speak_of_the_model_points_at_the_base_url():
    for of_the_path in (
        Fault(kind=FaultKind.NOT_FOUND, message="Not Found", status=404),
        Fault(kind=FaultKind.NOT_FOUND, message="File Not Found", status=404, code="404", type="not_found_error"),
    ):
        assert "http://127.0.0.1:8000 the base URL" in advice(of_the_path, TARGET)
    for of_the_model in (
        Fault(kind=FaultKind.NOT_FOUND, message="The model `qwen` does not exist.", status=404),
        Fault(kind=FaultKind.NOT_FOUND, message="gone", status=404, code="model_not_found"),
    ):
        assert "base URL" not in advice(of_the_model, TARGET)
        assert "does not offer 'qwen'" in advice(of_the_model, TARGET)
