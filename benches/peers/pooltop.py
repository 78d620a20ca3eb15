"""Runs pooltop, and programs like it, and reads off how long what took: by the clock, or from the events it prints.

It does not know what the figures are compared with.
"""

import json
import os
import statistics
import subprocess
import time

TIMEOUT_S = 300


def seconds(command, given=""):
    """How long the whole program takes."""
    start = time.perf_counter()
    done = subprocess.run(
        command, input=given.encode(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=TIMEOUT_S
    )
    took = time.perf_counter() - start
    if done.returncode != 0:
        raise RuntimeError(f"exit code {done.returncode}: {done.stderr.decode(errors='replace')[-200:]}")
    return took


def lines_of(command, given):
    """How many lines it prints."""
    done = subprocess.run(command, input=given.encode(), stdout=subprocess.PIPE, timeout=TIMEOUT_S, check=True)
    return len(done.stdout.splitlines())


def events_of(process):
    for line in process.stdout:
        yield json.loads(line)


def tasks_done(command, given=""):
    """How many attempts ended well, by the events. For a look before the clock runs: a program that does nothing is fast."""
    done = subprocess.run(command, input=given.encode(), stdout=subprocess.PIPE, timeout=TIMEOUT_S)
    events = (json.loads(line) for line in done.stdout.splitlines())
    return sum(event["event"] == "attempt_ended" and "done" in json.dumps(event["outcome"]) for event in events)


def one_at_a_time_us(command):
    """The median time to a worker and back, of those tasks that were alone: from giving out to the end, less the work."""
    in_flight, alone, took = set(), {}, []
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        for event in events_of(process):
            if event["event"] == "tasks_dispatched":
                tasks = event["tasks"]
                alone = {tasks[0]: event["at_us"]} if not in_flight and len(tasks) == 1 else {}
                in_flight.update(tasks)
            elif event["event"] == "attempt_ended":
                in_flight.discard(event["task"])
                if event["task"] in alone:
                    took.append(event["at_us"] - alone.pop(event["task"]) - event["took_us"])
    if len(took) < 10:
        raise RuntimeError("no task was alone on the pool")
    return statistics.median(took)


def ready_ms_and_kib(command, workers):
    """The time from the run's start to the last worker's hello, and what a worker weighs then."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        are_ready = 0
        for event in events_of(process):
            are_ready += event["event"] == "worker_ready"
            if are_ready == workers:
                return event["at_us"] / 1000, mean_pss_kib(children_of(process.pid))
        raise RuntimeError(f"only {are_ready} of {workers} workers got ready")
    finally:
        process.terminate()
        process.stdout.close()
        process.wait(TIMEOUT_S)


def kib_each_of(command):
    """What the processes weigh whose PIDs a helper prints."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        return mean_pss_kib(int(pid) for pid in process.stdout.readline().split())
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(TIMEOUT_S)


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as children:
        own = children.read().split()
    # Another thread may be the one that starts workers.
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/children") as children:
            own += children.read().split()
    return sorted({int(child) for child in own})


def mean_pss_kib(pids):
    """Proportional set size: memory that several processes share is shared out among them."""
    sizes = []
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup") as lines:
            sizes += [int(line.split()[1]) for line in lines if line.startswith("Pss:")]
    return statistics.mean(sizes)
