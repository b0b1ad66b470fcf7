"""Answers of real models to public datasets, graded by the real command, agree with what was published of them."""

from __future__ import annotations

import json
from collections import Counter

PUBLISHED = {"GPT4": 0.552, "GPT-3.5-turbo-0613": 0.360, "Qwen-7B-chat": 0.340, "ChatGLM2": 0.106}


def test_lawbench_accuracies_come_out_as_published(cli, shared):
    data = shared / "datasets"
    said = cli.run(
        "bench", str(data / "lawbench_1-2.jsonl"), "--answers", str(data / "lawbench_predictions.jsonl"),
        "--answers-where", "task=1-2", "--grader", "choice:rule=sole", "--format", "json",
    )  # fmt: skip
    assert said.code == 0, said.err
    targets = {row["target"]: row for row in said.json["targets"]}
    assert sorted(round(row["accuracy"]["value"], 3) for row in targets.values()) == sorted(PUBLISHED.values())
    assert round(targets["GPT4"]["accuracy"]["value"], 3) == 0.552
    for row in targets.values():
        assert row["cases"] == 500
        assert row["cost"] == []
        assert row["cost_per_success"] is None
        assert row["latency"]["p50"] is row["latency"]["p95"] is row["first_token"]["p50"] is None
        assert row["attempts"] == row["retries"] == row["unpriced"] == 0


def test_every_label_of_the_labelled_gsm8k_solutions_is_agreed_with(cli, shared):
    rows, answers, labels = [], [], {}
    source = shared / "datasets" / "gsm8k_example_model_solutions.jsonl"
    for number, line in enumerate(source.read_text(encoding="utf-8").splitlines()):
        row = json.loads(line)
        rows.append({"question": row["question"], "answer": row["ground_truth"].replace("\nA: ", "\n#### ")})
        for model, solution in row.items():
            if isinstance(solution, dict):
                answers.append({"row": number, "model": model, "answer": solution["solution"]})
                labels[str(number), model] = solution["is_correct"]
    assert len(answers) == 1200
    dataset, given = cli.file("rows.jsonl", rows), cli.file("answers.jsonl", answers)
    said = cli.run("bench", dataset, "--answers", given, "--grader", "number", "--format", "jsonl")
    assert said.code == 0, said.err
    graded = {(call["case"], call["target"]): call["verdict"] == "passed" for call in said.lines}
    assert graded == labels
    table = cli.run("cost-report", "--run", "last", "--by", "target", "--format", "json").json
    assert {row["target"]: row["passed"] for row in table["rows"]} == Counter(
        model for (_, model), right in labels.items() if right
    )
    assert table["total"]["cost"] == []
