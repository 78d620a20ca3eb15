"""Copies a folder the way the classic tutorials teach it: a Pool, one task per file, a Manager's queue for progress.

It does not know how long it takes; who runs it looks at the clock.
    tutorial_copy.py SOURCE DESTINATION
"""

import multiprocessing
import os
import sys


def copy_file(queue, name, source, destination):
    with open(os.path.join(source, name), "rb") as old, open(os.path.join(destination, name), "wb") as new:
        new.write(old.read())
    queue.put(name)


def main():
    source, destination = sys.argv[1:]
    os.mkdir(destination)
    names = os.listdir(source)
    pool = multiprocessing.Pool(4)
    queue = multiprocessing.Manager().Queue()
    for name in names:
        pool.apply_async(copy_file, args=(queue, name, source, destination))
    pool.close()
    copied = 0
    while copied < len(names):
        queue.get()
        copied += 1
        print(f"\rprogress: {copied * 100 / len(names):.2f} %", end="")
    pool.join()
    print()


if __name__ == "__main__":
    main()
