"""Reads a trace as Chrome's format description has it, and says what is in it: python3 trace.py FILE."""
import collections
import json
import sys

trace = json.load(open(sys.argv[1], encoding="utf-8"))
tracks, slices, flows = {}, collections.defaultdict(list), collections.defaultdict(list)
attempts, counters = collections.Counter(), collections.defaultdict(list)
for event in trace["traceEvents"]:
    kind, at = event["ph"], event["ts"]
    assert isinstance(event["name"], str) and isinstance(at, int) and at >= 0, event
    assert isinstance(event["pid"], int) and isinstance(event["tid"], int), event
    if kind == "M":
        if event["name"] == "thread_name":
            assert tracks.setdefault(event["tid"], event["args"]["name"]) == event["args"]["name"], event
    elif kind == "X":
        assert isinstance(event["dur"], int) and event["dur"] >= 0, event
        slices[event["tid"]].append((at, at + event["dur"], event["name"], event.get("args", {})))
        if "attempt" in event.get("args", {}):
            attempts[event["args"]["outcome"]] += 1
    elif kind == "C":
        (value,) = event["args"].values()
        assert isinstance(value, (int, float)), event
        counters[event["name"]].append((at, value))
    elif kind in "sf":
        assert kind == "s" or event["bp"] == "e", event
        flows[event["id"]].append(event)
    else:
        assert kind == "i" and event["s"] == "t", event

for tid, track in slices.items():
    assert tid in tracks, tid
    open_until = []
    for start, end, name, _ in sorted(track, key=lambda s: (s[0], -s[1])):
        while open_until and open_until[-1] <= start:
            open_until.pop()
        assert not open_until or end <= open_until[-1], f"{name} in {tracks[tid]} overlaps another slice"
        open_until.append(end)


def attempt_around(event):
    (found,) = (s for s in slices[event["tid"]] if "attempt" in s[3] and s[0] <= event["ts"] < s[1])
    return found


for start, end in flows.values():
    former, later = attempt_around(start), attempt_around(end)
    assert former[3]["task"] == later[3]["task"] and former[3]["attempt"] < later[3]["attempt"], (former, later)
    assert former[3]["outcome"] != "done" and former[1] <= later[0], (former, later)

for values in counters.values():
    assert all(value >= 0 for _, value in values)
print("tracks:", ", ".join(sorted(tracks.values())))
print("attempts:", ", ".join(f"{count} {outcome}" for outcome, count in sorted(attempts.items())))
print("flows:", len(flows))
print("counters:", ", ".join(sorted(counters)))
print("blocked:", sum(1 for track in slices.values() for s in track if s[2].startswith("blocked in ")))
