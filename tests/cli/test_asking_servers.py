"""What `ask` says beside the answer about the server that gave it."""


def test_a_server_that_names_another_model_is_told_of_and_one_that_adds_a_version_is_not(cli, provider):
    provider.script = [provider.said("19")]  # the model of these answers is called `m`
    other, dated, named = (f"{provider.url}#{model}" for model in ("qwen-plus", "m-2026-11-22", "org/M"))
    said = [cli.run("ask", "12+7=", "-m", model, "--no-stream").err for model in (other, dated, named)]
    assert "the server calls the model m ·" in said[0]
    assert not any("calls the model" in line for line in said[1:])


def test_a_fault_is_told_once_in_one_line_and_the_status_not_twice(cli, provider):
    error = {"error": {"code": 400, "message": "no\n\nsuch thing", "type": "invalid_request_error"}}
    provider.script = [provider.json(error, "400 Bad Request")]
    said = cli.run("ask", "12+7=", "-m", f"{provider.url}#m")
    assert said.code == 1
    told, closing = said.err.splitlines()
    assert told.endswith("invalid: no such thing (400)")
    assert "failed (invalid)" in closing


def test_what_failed_is_asked_again_only_when_told_to(cli, provider):
    rows = cli.file("rows.jsonl", [{"id": str(n), "input": "12+7=", "expected": "19"} for n in range(4)])
    provider.script = [provider.json({"error": {"message": "gone"}}, "400 Bad Request"), provider.said("19")]
    bench = ("bench", rows, "-m", f"{provider.url}#m", "--grader", "number", "--concurrency", "1", "--format", "json")
    first = cli.run(*bench)
    resumed = cli.run(*bench, "--resume")
    assert (resumed.code, len(provider.requests)) == (1, 4)
    again = cli.run(*bench, "--retry", "failed")
    assert (first.code, first.json["targets"][0]["verdicts"]) == (1, {"passed": 3, "failed": 1})
    assert "1 call that ended as failed is asked again" in again.err
    assert (again.code, again.json["targets"][0]["verdicts"]) == (0, {"passed": 4})
    assert len(provider.requests) == 5


def test_what_goes_to_this_machine_goes_past_any_proxy(cli, provider):
    provider.script = [provider.said("direct")]
    nowhere = {"http_proxy": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
    said = cli.run("ask", "hi", "-m", f"{provider.url}#m", env=nowhere)
    assert (said.code, said.out) == (0, b"direct")
