"""Trees to copy, and copies timed into a fresh place each.

It does not know who copies. On ext4, removing a tree just before makes creating the next one several times slower, so all
copies of many files stay until the row is done; of big files each is removed at once, for they would fill the disk.
"""

import os
import random
import shutil
import subprocess
import time

MEMORY = "/dev/shm"
TIMEOUT_S = 300


class Tree:
    def __init__(self, source, place, counts_files, keeps_copies):
        self.source, self.place = source, place
        self.counts_files, self.keeps_copies = counts_files, keeps_copies
        self.files, self.bytes = measured(source)
        self.copies = 0
        self.where = file_system_of(place)

    def copied_in(self, label, command):
        """How long the command takes to copy the tree. An incomplete copy is an error."""
        destination = os.path.join(self.place, f"copy-{self.copies}")
        self.copies += 1
        os.sync()
        start = time.perf_counter()
        done = subprocess.run(
            [*command, self.source, destination],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=TIMEOUT_S,
        )
        took = time.perf_counter() - start
        if done.returncode != 0:
            raise RuntimeError(f"exit code {done.returncode}: {done.stderr.decode(errors='replace')[-200:]}")
        # rsync, and whoever else follows it, puts the folder into the destination.
        inner = os.path.join(destination, os.path.basename(self.source))
        found = measured(inner if os.path.isdir(inner) else destination)
        if found != (self.files, self.bytes):
            raise RuntimeError(f"{found[0]} files and {found[1]} bytes instead of {self.files} and {self.bytes}")
        if not self.keeps_copies:
            shutil.rmtree(destination)
        return took

    def remove(self):
        shutil.rmtree(self.place)


def small_files(scratch, folders, files):
    place = os.path.join(scratch, f"small-{folders}")
    source = os.path.join(place, "source")
    chance = random.Random(7)
    for folder in range(folders):
        path = os.path.join(source, f"folder-{folder:04}") if folders > 1 else source
        os.makedirs(path)
        for number in range(files):
            with open(os.path.join(path, f"file-{number:05}.bin"), "wb") as out:
                out.write(chance.randbytes(chance.randrange(100, 8000)))
    return Tree(source, place, counts_files=True, keeps_copies=True)


def real_tree(scratch, path):
    place = os.path.join(scratch, "real")
    source = os.path.join(place, "source")
    # A copy of it, for it may change or lie on another file system.
    os.makedirs(place)
    shutil.copytree(path, source, symlinks=True)
    return Tree(source, place, counts_files=True, keeps_copies=True)


def big_files(scratch, files, mib):
    needed = 3 * files * mib << 20
    fits = os.path.isdir(MEMORY) and shutil.disk_usage(MEMORY).free > needed
    place = os.path.join(MEMORY, os.path.basename(scratch)) if fits else os.path.join(scratch, "big")
    source = os.path.join(place, "source")
    os.makedirs(source)
    chance = random.Random(7)
    for number in range(files):
        with open(os.path.join(source, f"big-{number:02}.bin"), "wb") as out:
            for _ in range(mib):
                out.write(chance.randbytes(1 << 20))
    # A virtual machine gets memory from its host when it is first written to; no contender is to pay for that.
    first = os.path.join(place, "first")
    shutil.copytree(source, first)
    shutil.rmtree(first)
    return Tree(source, place, counts_files=False, keeps_copies=False)


def measured(path):
    """Files and links, and the bytes in files."""
    files = size = 0
    for folder, folders, names in os.walk(path):
        for name in names + [name for name in folders if os.path.islink(os.path.join(folder, name))]:
            found = os.lstat(os.path.join(folder, name))
            files += 1
            size += 0 if os.path.islink(os.path.join(folder, name)) else found.st_size
    return files, size


def file_system_of(path):
    known = {}
    with open("/proc/mounts") as mounts:
        for line in mounts:
            _, where, kind, *_ = line.split()
            known[where] = kind
    path = os.path.realpath(path)
    while path not in known:
        path = os.path.dirname(path)
    return known[path]
