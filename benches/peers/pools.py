"""What Python's pools do with the rows' work. Prints one number: seconds, or seconds per round for `one`.

It does not know what the others do, nor how often it is asked.
    pools.py dispatch KIND TASKS WORKERS     tasks that do nothing, on a pool that is warm
    pools.py one KIND ROUNDS SLEEP_MS        one sleeping task at a time, the median time besides the sleep
    pools.py ready KIND WORKERS              from nothing to all workers ready
    pools.py commands TASKS WORKERS          `true` for each task
    pools.py idle WORKERS                    a pool that does nothing, until its standard input ends; prints the workers' PIDs
"""

import concurrent.futures
import multiprocessing
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time


def nothing(_number):
    return None


def run_true(number):
    return subprocess.call(["true", str(number)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def say_ready(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.sendto(b"1", path)


def warm(submit, workers):
    """Every kind starts its workers now."""
    for result in [submit(time.sleep, 0.05) for _ in range(workers)]:
        result()


def dispatch_pool(tasks, workers, spread):
    with multiprocessing.Pool(workers) as pool:
        warm(lambda function, value: pool.apply_async(function, (value,)).get, workers)
        start = time.perf_counter()
        spread(pool, tasks)
        return time.perf_counter() - start


def apply_async(pool, tasks):
    for result in [pool.apply_async(nothing, (number,)) for number in range(tasks)]:
        result.get()


def map_one_by_one(pool, tasks):
    pool.map(nothing, range(tasks), chunksize=1)


def dispatch_executor(executor, tasks, workers):
    with executor:
        warm(lambda function, value: executor.submit(function, value).result, workers)
        start = time.perf_counter()
        for future in [executor.submit(nothing, number) for number in range(tasks)]:
            future.result()
        return time.perf_counter() - start


def dispatch_mpire(tasks, workers):
    import mpire

    with mpire.WorkerPool(n_jobs=workers, keep_alive=True) as pool:
        pool.map(nothing, range(workers), chunk_size=1)
        start = time.perf_counter()
        pool.map(nothing, range(tasks), chunk_size=1)
        return time.perf_counter() - start


def dispatch_joblib(tasks, workers):
    import joblib

    with joblib.Parallel(n_jobs=workers) as parallel:
        parallel(joblib.delayed(time.sleep)(0.05) for _ in range(workers))
        start = time.perf_counter()
        parallel(joblib.delayed(nothing)(number) for number in range(tasks))
        return time.perf_counter() - start


def loky_executor(workers, **more):
    import loky

    return loky.ProcessPoolExecutor(max_workers=workers, **more)


def dispatch(kind, tasks, workers):
    if kind == "apply_async":
        return dispatch_pool(tasks, workers, apply_async)
    if kind == "map":
        return dispatch_pool(tasks, workers, map_one_by_one)
    if kind == "executor":
        return dispatch_executor(concurrent.futures.ProcessPoolExecutor(workers), tasks, workers)
    if kind == "loky":
        return dispatch_executor(loky_executor(workers), tasks, workers)
    if kind == "mpire":
        return dispatch_mpire(tasks, workers)
    if kind == "joblib":
        return dispatch_joblib(tasks, workers)
    raise SystemExit(__doc__)


def nap(seconds):
    """Tells how long it really took."""
    start = time.perf_counter()
    time.sleep(seconds)
    return time.perf_counter() - start


def one(kind, rounds, sleep_ms):
    if kind == "pool":
        pool = multiprocessing.Pool(1)
        call = lambda: pool.apply(nap, (sleep_ms / 1000,))
        end = pool.terminate
    else:
        executor = loky_executor(1)
        call = lambda: executor.submit(nap, sleep_ms / 1000).result()
        end = executor.shutdown
    call()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        slept = call()
        times.append(time.perf_counter() - start - slept)
    end()
    return statistics.median(times)


def ready(kind, workers):
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as box:
        path = os.path.join(folder, "ready")
        box.bind(path)
        start = time.perf_counter()
        if kind == "pool":
            pool = multiprocessing.Pool(workers, say_ready, (path,))
            end = pool.terminate
        else:
            executor = loky_executor(workers, initializer=say_ready, initargs=(path,))
            # Its workers start with the first task.
            executor.submit(nothing, 0)
            end = lambda: executor.shutdown(kill_workers=True)
        for _ in range(workers):
            box.recv(1)
        took = time.perf_counter() - start
        end()
        return took


def commands(tasks, workers):
    with multiprocessing.Pool(workers) as pool:
        start = time.perf_counter()
        pool.map(run_true, range(tasks), chunksize=1)
        return time.perf_counter() - start


def idle(workers):
    with multiprocessing.Pool(workers) as pool:
        warm(lambda function, value: pool.apply_async(function, (value,)).get, workers)
        print(*[process.pid for process in pool._pool], flush=True)
        sys.stdin.read()


def main():
    what, *arguments = sys.argv[1:]
    arguments = [int(argument) if argument.isdigit() else argument for argument in arguments]
    kinds = {"dispatch": dispatch, "one": one, "ready": ready, "commands": commands, "idle": idle}
    took = kinds[what](*arguments)
    if took is not None:
        print(took)


if __name__ == "__main__":
    main()
