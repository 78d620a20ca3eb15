"""Compares a run's CSV with its JSON: python3 table.py CSV JSON. A text that would be a formula has an apostrophe before it."""
import csv
import json
import re
import sys

rows = list(csv.DictReader(open(sys.argv[1], encoding="utf-8", newline=""), strict=True))
run = json.load(open(sys.argv[2], encoding="utf-8"))
assert len(rows) == len(run["tasks"]) == run["counts"]["total"], (len(rows), run["counts"])
for row, task in zip(rows, run["tasks"]):
    assert list(row) == list(task), (row, task)
    for key, value in task.items():
        cell = row[key]
        assert not cell.lstrip().startswith(("=", "+", "-", "@")), cell
        if isinstance(value, float):
            assert abs(float(cell) - value) < 2e-6, (key, row, task)
        else:
            # No table has control characters but for line breaks and tabs.
            text = "" if value is None else re.sub("[^\t\n\r -~\xa0-\U0010ffff]", "\ufffd", str(value))
            assert cell in (text, "'" + text), (key, row, task)
by_status = {}
for task in run["tasks"]:
    by_status[task["status"]] = by_status.get(task["status"], 0) + 1
print(run["outcome"], run["exit_code"], by_status)
for row in rows:
    if row["name"].startswith("'"):
        print(repr(row["name"]))
