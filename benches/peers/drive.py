"""Runs the rows of the peers table: every contender in turn, round by round, and prints medians and ratios as Markdown.

It does not know what the contenders do (rows.py), nor how they came here (../peers.sh).
"""

import argparse
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time

import rows


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pooltop", required=True, help="the release binary")
    parser.add_argument("--floor", required=True, help="the built example of that name")
    parser.add_argument("--peers", required=True, help="where cargo has installed peers")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {' '.join(rows.ROWS)}; all unless told")
    options = parser.parse_args()
    unknown = [name for name in options.rows if name not in rows.ROWS]
    if unknown:
        parser.error(f"no such row: {' '.join(unknown)}")
    os.environ["PATH"] = f"{options.peers}{os.pathsep}{os.environ['PATH']}"
    # What a person has set for daily use must not decide a bench.
    for name in [name for name in os.environ if name.startswith("POOLTOP_")]:
        del os.environ[name]
    load = os.getloadavg()[0]
    scratch = tempfile.mkdtemp(prefix="pooltop-peers-")
    # Runs are recorded, as for everybody; but not among the person's own.
    os.environ["XDG_STATE_HOME"] = os.path.join(scratch, "state")
    try:
        place = rows.Place(options.pooltop, options.floor, scratch)
        tables = [table_of(rows.ROWS[name](place), options.rounds) for name in options.rows or rows.ROWS]
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print(f"{os.cpu_count()} CPUs, {processor()}, Linux {platform.release()}, Python {platform.python_version()}, "
          f"median of {options.rounds} interleaved rounds, load {load:.1f} before the first, {time.strftime('%Y-%m-%d')}.\n")
    print("| | who | median | from .. to | pooltop against it |")
    print("|---|---|---:|---:|---|")
    for table in tables:
        print("\n".join(table))


def processor():
    with open("/proc/cpuinfo") as lines:
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def table_of(row, rounds):
    """Runs a row and gives its lines of the table."""
    values = {contender.name: {metric.key: [] for metric in row.metrics} for contender in row.contenders}
    faults = {contender.name: contender.missing for contender in row.contenders if contender.missing}
    for turn in range(min(rounds, row.rounds_max)):
        for contender in rotated(row.contenders, turn):
            if contender.name in faults:
                continue
            print(f"{row.name} round {turn + 1}: {contender.name}", file=sys.stderr, flush=True)
            try:
                if turn == 0:
                    contender.check()
                measured = contender.measure()
            except Exception as error:
                # A contender that fails must not cost the others their figures; the table says why it has none.
                faults[contender.name] = str(error).strip().replace("\n", " ").replace("|", "/")[:120] or repr(error)
                continue
            for key, value in measured.items():
                values[contender.name][key].append(value)
    row.clean_up()
    lines = []
    for metric in row.metrics:
        lines.append(f"| **{row.name}** | **{metric.what}**, {metric.unit} | | | |")
        lines += metric_lines(row, metric, {name: found[metric.key] for name, found in values.items()}, faults)
    return lines


def rotated(items, by):
    """So that no contender always follows the same one."""
    by %= max(len(items), 1)
    return items[by:] + items[:by]


def metric_lines(row, metric, values, faults):
    medians = {name: statistics.median(found) for name, found in values.items() if found}
    lines = []
    for contender in row.contenders:
        name = contender.name
        if name not in medians:
            if name in faults or metric.has(name):
                lines.append(f"| | {name} | - | | {faults.get(name, 'not measured')} |")
            continue
        spread = f"{number(min(values[name]))} .. {number(max(values[name]))}"
        verdict = own_verdict(metric, medians[name]) if name == rows.OURS else ratio_of(metric, medians, name)
        lines.append(f"| | {name} | {number(medians[name])} | {spread} | {verdict} |")
    for group, goal in metric.goals.items():
        if "/" in group:
            lines.append(f"| | the best of {group.replace('/', ', ')} | | | {group_verdict(metric, medians, group, goal)} |")
    return lines


def own_verdict(metric, ours):
    if metric.limit is None:
        return "1x"
    return f"goal: at most {number(metric.limit)}, {'met' if ours <= metric.limit else 'NOT met'}"


def ratio_of(metric, medians, name):
    if rows.OURS not in medians:
        return ""
    return judged(better_by(metric, medians[rows.OURS], medians[name]), metric.goals.get(name))


def group_verdict(metric, medians, group, goal):
    peers = [medians[name] for name in group.split("/") if name in medians]
    if not peers or rows.OURS not in medians:
        return "not measured"
    best = max(peers) if metric.more_is_better else min(peers)
    return judged(better_by(metric, medians[rows.OURS], best), goal)


def better_by(metric, ours, theirs):
    better, worse = (ours, theirs) if metric.more_is_better else (theirs, ours)
    return better / worse if worse else float("inf")


def judged(ratio, goal):
    text = f"{ratio:.2f}x" if ratio < 10 else f"{ratio:.0f}x" if ratio != float("inf") else "it has none"
    if goal is None:
        return text
    return f"{text} (goal {goal:.2g}x: {'met' if ratio >= goal else 'NOT met'})"


def number(value):
    if value >= 1e4:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


if __name__ == "__main__":
    main()
