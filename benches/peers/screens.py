"""What a program costs that draws in a terminal: CPU time and bytes written, over some seconds, in one of 120x40.

It does not know what is on the screen. The CPU time is the program's own, without its children's.
"""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time

COLUMNS, ROWS = 120, 40
SETTLE_S = 3
MEASURE_S = 10


class Screen:
    def __init__(self, command):
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor", LANG="C.UTF-8")
            try:
                # Set before the program asks; its other end has no program yet.
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
                os.execvp(command[0], command)
            finally:
                os._exit(127)

    def read_for(self, seconds):
        """Reads what is drawn; gives the number of bytes."""
        count, end = 0, time.monotonic() + seconds
        while (rest := end - time.monotonic()) > 0:
            if select.select([self.master], [], [], rest)[0]:
                try:
                    count += len(os.read(self.master, 65536))
                except OSError:
                    raise RuntimeError("ended while its screen was being measured") from None
        return count

    def cost(self):
        """Per cent of a core, bytes a second."""
        before, start = cpu_ns(self.pid), time.monotonic()
        count = self.read_for(MEASURE_S)
        took = time.monotonic() - start
        return (cpu_ns(self.pid) - before) / 1e7 / took, count / took

    def press(self, keys):
        os.write(self.master, keys.encode())

    def close(self):
        os.kill(self.pid, signal.SIGTERM)
        end = time.monotonic() + 10
        while os.waitpid(self.pid, os.WNOHANG)[0] == 0:
            if time.monotonic() > end:
                os.kill(self.pid, signal.SIGKILL)
                end = float("inf")
            if select.select([self.master], [], [], 0.05)[0]:
                try:
                    os.read(self.master, 65536)
                except OSError:
                    # Nobody holds the other end any more.
                    os.waitpid(self.pid, 0)
                    break
        os.close(self.master)


def cpu_ns(pid):
    """The time all threads have run, to the nanosecond."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{thread}/schedstat") as numbers:
                total += int(numbers.read().split()[0])
        except FileNotFoundError:
            continue
    return total


def costs_of(command, label, pause_key=None):
    """What the program costs while it works; and, if it can be paused, while it does not."""
    screen = Screen(command)
    try:
        screen.read_for(SETTLE_S)
        found = dict(zip((f"{label} cpu", f"{label} bytes"), screen.cost()))
        if pause_key:
            screen.press(pause_key)
            screen.read_for(SETTLE_S)
            found |= dict(zip(("still cpu", "still bytes"), screen.cost()))
        return found
    finally:
        screen.close()


def costs_beside(command, processes, label):
    """What a program costs that shows the machine's processes, with so many more of them than usual."""
    others = [subprocess.Popen(["sleep", "1000"]) for _ in range(processes)]
    try:
        return costs_of(command, label)
    finally:
        for other in others:
            other.kill()
            other.wait()
