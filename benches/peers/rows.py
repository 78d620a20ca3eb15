"""What is compared: the rows of the peers table, each with its contenders, its figures and its goals.

It does not know how often anything is run, nor what is made of the figures (drive.py).
"""

import dataclasses
import os
import shutil
import subprocess
import sys
import typing

import copying
import pooltop
import screens

HERE = os.path.dirname(os.path.abspath(__file__))
OURS = "pooltop"
FLOOR = "floor (a minimal probe)"


@dataclasses.dataclass
class Place:
    """Where everything is."""

    pooltop: str
    floor: str
    scratch: str


@dataclasses.dataclass
class Contender:
    name: str
    measure: typing.Callable[[], dict]
    missing: str = ""
    # Run once before the first measurement; raises if the contender does not do the work.
    check: typing.Callable[[], None] = lambda: None


@dataclasses.dataclass
class Metric:
    """A figure. Goals: by which factor pooltop is to be better than a contender, or than the best of `a/b/c`."""

    key: str
    what: str
    unit: str
    more_is_better: bool
    goals: dict = dataclasses.field(default_factory=dict)
    limit: float | None = None
    only: tuple = ()

    def has(self, name):
        return not self.only or name in self.only


@dataclasses.dataclass
class Row:
    name: str
    metrics: list
    contenders: list
    rounds_max: int = 1000
    clean_up: typing.Callable[[], None] = lambda: None


def dispatch(place):
    """D1: tasks that do nothing."""
    tasks, workers = 100_000, 4

    command = [place.pooltop, "play", scenario("noop.toml"), "--progress"]

    def check():
        expect(tasks, pooltop.tasks_done([*command, "json"]))

    def ours():
        return {"rate": tasks / pooltop.seconds([*command, "none"])}

    def python(name, kind, needs=None):
        helper = lambda: {"rate": tasks / python_helper("dispatch", kind, tasks, workers)}
        return Contender(name, helper, missing_module(needs))

    goals = {"Pool.apply_async": 30, "joblib": 2}
    return Row("D1", [Metric("rate", "100,000 no-op tasks, 4 workers", "tasks/s", True, goals)], [
        Contender(OURS, ours, check=check),
        python("Pool.apply_async", "apply_async"),
        python("Pool.map(chunksize=1)", "map"),
        python("ProcessPoolExecutor", "executor"),
        python("mpire", "mpire", "mpire"),
        python("loky", "loky", "loky"),
        python("joblib", "joblib", "joblib"),
    ])


def one_at_a_time(place):
    """D2: one task on an idle pool. All sleep as one.toml says; only the way there and back counts."""
    rounds, sleep_ms = 300, 20

    def ours():
        return {"time": pooltop.one_at_a_time_us([place.pooltop, "play", scenario("one.toml"), "--progress", "json"])}

    def python(kind):
        return lambda: {"time": 1e6 * python_helper("one", kind, rounds, sleep_ms)}

    def floor():
        return {"time": 1e6 * answer([place.floor, "ping-pong", str(rounds), str(sleep_ms)])}

    metric = Metric("time", "one task at a time, idle pool, p50", "us", False, {FLOOR: 1 / 1.25})
    return Row("D2", [metric], [
        Contender(OURS, ours),
        Contender(FLOOR, floor),
        Contender("Pool.apply", python("pool")),
        Contender("loky", python("loky"), missing_module("loky")),
    ])


def commands(place):
    """S1: a thousand commands that do nothing."""
    inputs, jobs = 1000, "4"
    given = "".join(f"{number}\n" for number in range(1, inputs + 1))

    def contender(name, *command):
        """`true` is the command; as a check each has to run `echo` for every input."""

        def check():
            said = [argument if argument != "true" else "echo" for argument in command]
            expect(inputs, pooltop.lines_of(said, given))

        measure = lambda: {"rate": inputs / pooltop.seconds(command, given)}
        return Contender(name, measure, missing(command[0]), check)

    # Debian gives it this name where GNU parallel is installed too.
    moreutils = "parallel.moreutils"
    listed = [str(number) for number in range(1, inputs + 1)]
    goals = {FLOOR: 1 / 1.25, "rust-parallel": 1.35, "xargs -P": 1.35}
    return Row("S1", [Metric("rate", "run -- true, 1,000 inputs, 4 at once", "commands/s", True, goals)], [
        contender(OURS, place.pooltop, "run", "-j", jobs, "--progress", "none", "--", "true"),
        Contender(FLOOR, lambda: {"rate": inputs / answer([place.floor, "spawn", str(inputs), jobs, shutil.which("true")])}),
        contender("rust-parallel", "rust-parallel", "-j", jobs, "true"),
        contender("moreutils parallel", moreutils, "-j", jobs, "true", "--", *listed),
        contender("xargs -P", "xargs", "-P", jobs, "-n", "1", "true"),
        Contender("multiprocessing.Pool", lambda: {"rate": inputs / python_helper("commands", inputs, jobs)}),
        contender("GNU parallel", "parallel", "--will-cite", "-j", jobs, "true"),
    ])


def ready(place):
    """S2: from the start to all workers ready; what an idle one weighs."""
    sizes = (4, 64, 512)
    weighed = 64

    def ours():
        found = {}
        for size in sizes:
            command = [place.pooltop, "play", scenario("idle.toml"), "-j", str(size), "--progress", "json"]
            found[str(size)], weight = pooltop.ready_ms_and_kib(command, size)
            if size == weighed:
                found["weight"] = weight
        return found

    def floor():
        return {str(size): 1000 * answer([place.floor, "workers", str(size)]) for size in sizes}

    def python(kind, sizes):
        found = {str(size): 1000 * python_helper("ready", kind, size) for size in sizes}
        if kind == "pool":
            found["weight"] = pooltop.kib_each_of([sys.executable, os.path.join(HERE, "pools.py"), "idle", str(weighed)])
        return found

    own = (OURS, FLOOR, "multiprocessing.Pool")
    times = [
        Metric(str(size), f"{size} workers ready", "ms", False, {FLOOR: 1 / 1.3}, only=own + (("loky",) if size < 512 else ()))
        for size in sizes
    ]
    weight = Metric("weight", f"memory of an idle worker of {weighed} (PSS)", "KiB", False, limit=400, only=(OURS, "multiprocessing.Pool"))
    return Row("S2", times + [weight], [
        Contender(OURS, ours),
        Contender(FLOOR, floor),
        Contender("multiprocessing.Pool", lambda: python("pool", sizes)),
        # 512 of its workers take minutes and gigabytes.
        Contender("loky", lambda: python("loky", sizes[:2]), missing_module("loky")),
    ])


def copy_row(name, what, tree, place, goals, peers):
    def contender(label, command):
        def measure():
            took = tree.copied_in(label, command)
            return {"rate": tree.files / took} if tree.counts_files else {"rate": tree.bytes / took / 2**30}

        return Contender(label, measure, missing(command[0]))

    every = {
        OURS: [place.pooltop, "copy", "--progress", "none"],
        "cpz": ["cpz"],
        "fcp": ["fcp"],
        "xcp": ["xcp", "--recursive", "--no-progress"],
        "cp -r": ["cp", "-r"],
        "cp -a": ["cp", "-a"],
        "rsync -a": ["rsync", "-a"],
        "the tutorial": [sys.executable, os.path.join(HERE, "tutorial_copy.py")],
    }
    unit = "files/s" if tree.counts_files else "GiB/s"
    contenders = [contender(label, every[label]) for label in (OURS, *peers)]
    return Row(name, [Metric("rate", f"{what} ({tree.where})", unit, True, goals)], contenders, clean_up=tree.remove)


FAST_COPIERS = "cpz/fcp/xcp"
COPIERS = ("cpz", "fcp", "xcp", "cp -r", "cp -a", "rsync -a")


def copy_small(place):
    """C1: many small files."""
    tree = copying.small_files(place.scratch, folders=500, files=40)
    goals = {FAST_COPIERS: 1 / 1.1, "cp -r": 1.6}
    return copy_row("C1", "copy 20,000 small files in 500 folders", tree, place, goals, COPIERS)


def copy_real(place):
    """C1r: a tree that grew by itself, with links."""
    tree = copying.real_tree(place.scratch, "/usr/share")
    goals = {FAST_COPIERS: 1 / 1.1, "cp -r": 1.6}
    return copy_row("C1r", f"copy /usr/share, {tree.files:,} files", tree, place, goals, COPIERS)


def copy_big(place):
    """C2: a few big files, in memory if it fits, for a disk would only measure itself."""
    tree = copying.big_files(place.scratch, files=40, mib=64)
    goals = {FAST_COPIERS: 1 / 1.1, "cp -r": 1.5}
    return copy_row("C2", "copy 40 files of 64 MiB", tree, place, goals, COPIERS)


def copy_flat(place):
    """C3: many small files in one folder, against the way it is taught."""
    tree = copying.small_files(place.scratch, folders=1, files=20_000)
    return copy_row("C3", "copy 20,000 small files in one folder", tree, place, {"the tutorial": 40}, ("the tutorial",))


def screen(place):
    """U1: what the screen costs."""
    seen = ("htop", "btop", "btm")

    def ours():
        found = screens.costs_of([place.pooltop, "play", scenario("busy.toml"), "-j", "64"], "busy", pause_key=" ")
        return found | screens.costs_of([place.pooltop, "play", scenario("busy.toml"), "-j", "512"], "many")

    def peer(command):
        return lambda: screens.costs_beside(command, 64, "busy") | screens.costs_beside(command, 512, "many")

    metrics = [
        Metric("busy cpu", "screen of 120x40, 64 busy workers", "% of a core", False, limit=1.2),
        Metric("busy bytes", "the same", "bytes/s", False, limit=8000),
        Metric("still cpu", "nothing happening (paused)", "% of a core", False, limit=0.1, only=(OURS,)),
        Metric("still bytes", "the same", "bytes/s", False, limit=0, only=(OURS,)),
        Metric("many cpu", "512 workers (for the others: as many processes)", "% of a core", False, {"htop": 1}),
        Metric("many bytes", "the same", "bytes/s", False),
    ]
    contenders = [Contender(OURS, ours)] + [Contender(name, peer([name]), missing(name)) for name in seen]
    return Row("U1", metrics, contenders, rounds_max=3)


ROWS = {
    "D1": dispatch,
    "D2": one_at_a_time,
    "S1": commands,
    "S2": ready,
    "C1": copy_small,
    "C1r": copy_real,
    "C2": copy_big,
    "C3": copy_flat,
    "U1": screen,
}


def scenario(name):
    return os.path.join(HERE, name)


def missing(program):
    return "" if shutil.which(program) else "not installed"


def missing_module(name):
    found = name is None or subprocess.run([sys.executable, "-c", f"import {name}"], stderr=subprocess.DEVNULL).returncode == 0
    return "" if found else "not installed"


def expect(wanted, found):
    if wanted != found:
        raise RuntimeError(f"did {found} of {wanted}")


def answer(command):
    """The one number a helper prints."""
    return float(subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=600).stdout)


def python_helper(*arguments):
    return answer([sys.executable, os.path.join(HERE, "pools.py"), *map(str, arguments)])
