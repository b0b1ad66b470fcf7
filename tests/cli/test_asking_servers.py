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


def test_an_output_file_is_never_one_that_the_command_reads_or_records_in(cli):
    rows = cli.file("rows.jsonl", [{"id": "1", "input": "12+7=", "expected": "19"}])
    for argv in (
        ("bench", rows, "-p", "simulated", "-m", "sim/plus", "--dry-run", "--out", rows),
        ("bench", rows, "-p", "simulated", "-m", "sim/plus", "--ledger", rows, "--out", rows),
        ("cost-report", "--ledger", rows, "--out", rows),
    ):
        said = cli.run(*argv)
        assert said.code == 2
        assert "reads it" in said.err


def test_a_parameter_that_cannot_be_sent_is_known_before_a_run_is_begun(cli, provider):
    rows = cli.file("rows.jsonl", [{"id": "1", "input": "12+7=", "expected": "19"}])
    said = cli.run("bench", rows, "-m", f"{provider.url}#m", "--thinking", "on")
    assert (said.code, provider.requests) == (2, [])
    assert "no run" in cli.run("cost-report", "--run", "last").err or "no ledger" in cli.run("cost-report").err


def test_what_was_answered_is_never_asked_again_until_it_is_right(cli, provider):
    rows = cli.file("rows.jsonl", [{"input": "12+7=", "expected": ["20", "twenty"]}])
    provider.script = [provider.said("19")]
    bench = ("bench", rows, "-m", f"{provider.url}#m", "--format", "jsonl")
    (line,) = cli.run(*bench).lines
    assert (line["verdict"], line["expected"]) == ("wrong", ["20", "twenty"])
    again = cli.run(*bench, "--retry", "failed,wrong")
    assert (again.code, len(provider.requests)) == (2, 1)
    assert "not what ended as wrong" in again.err
    assert "falsify" in again.err


def test_a_run_that_is_still_being_written_is_not_resumed_beside_it(cli, provider, until):
    rows = cli.file("rows.jsonl", [{"id": str(n), "input": "12+7=", "expected": "19"} for n in range(20)])
    provider.script = [[0.5, *provider.said("19")]]
    bench = ("bench", rows, "-m", f"{provider.url}#m", "--grader", "number", "--concurrency", "1", "--format", "json")
    first = cli.start(*bench)
    until(lambda: len(provider.requests) >= 1)
    beside = cli.run(*bench, "--resume")
    assert beside.code == 2
    assert "is being written by another process" in beside.err
    first.kill()
    first.wait()
    provider.script = [provider.said("19")]
    assert cli.run(*bench, "--resume").json["targets"][0]["verdicts"] == {"passed": 20}


def test_a_ledger_that_was_named_and_is_not_there_is_no_empty_report(cli):
    said = cli.run("cost-report", "--ledger", "misspelt.sqlite")
    assert (said.code, said.out) == (2, b"")
    assert "There is no ledger at misspelt.sqlite" in said.err


def test_a_refused_key_costs_nothing_and_is_not_called_an_unknown_cost(cli, provider):
    provider.script = [provider.json({"error": {"message": "no", "code": "invalid_api_key"}}, "401 Unauthorized")]
    said = cli.run("ask", "hi", "-m", f"{provider.url}#m")
    assert said.code == 1
    assert "cost" not in said.err
