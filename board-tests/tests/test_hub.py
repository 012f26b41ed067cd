#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The board hub: doorbells, power, consoles, faults, and what it leaves."""

import contextlib
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

import taptest
from taptest import contains, equal

HERE = os.path.dirname(os.path.realpath(__file__))
HUB = os.path.join(os.environ.get("O", os.path.join(HERE, "../../build")),
                   "hub", "hub")
ORDER, STATE = 0xc0, 0x100  # of kernel 1, see tombolo_hub.h


def until(check, what):
    end = time.monotonic() + 10
    while not (found := check()):
        if time.monotonic() > end:
            raise AssertionError(f"never {what}")
        time.sleep(0.01)
    return found


class Board:
    """A hub whose two or three machines are fake-machine."""

    def __init__(self, machines=2, monitor=False):
        self.directory = tempfile.TemporaryDirectory(prefix="tombolo.")
        self.dir = self.directory.name
        lines = [f"dir {self.dir}", "dram 0x100000"]
        for number in range(machines):
            lines += [f"machine {self.dir}/m{number}.log",
                      f"arg {HERE}/fake-machine", f"arg {number}",
                      f"console {self.dir}/k{number}.log"]
            lines += ["monitor"] * monitor
        self.config = os.path.join(self.dir, "board")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        with open(os.path.join(self.dir, "hub.log"), "w",
                  encoding="utf-8") as log:
            self.hub = subprocess.Popen([HUB, self.config], stdout=log,
                                        stderr=log, start_new_session=True)
        self.sockets = {}
        self.wait_up(0)
        for number in range(1, machines):
            equal(self.control(f"start {number}"), "ok")
            self.wait_up(number)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        for connection in self.sockets.values():
            connection.close()
        self.hub.kill()
        self.hub.wait()
        self.directory.cleanup()

    def text(self, name):
        with contextlib.suppress(FileNotFoundError):
            with open(os.path.join(self.dir, name), encoding="utf-8") as file:
                return file.read()
        return ""

    def wait_up(self, kernel, times=1):
        until(lambda: self.text(f"k{kernel}.log").count("up ") >= times,
              f"saw kernel {kernel} up: {self.text('hub.log')}")

    def connect(self, name):
        if name not in self.sockets:
            self.sockets[name] = socket.socket(socket.AF_UNIX)
            self.sockets[name].settimeout(10)
            self.sockets[name].connect(os.path.join(self.dir, name + ".sock"))
        return self.sockets[name]

    def ask(self, name, line):
        """A line to a socket of the hub, and the next one that comes."""
        connection = self.connect(name)
        connection.sendall(line.encode() + b"\n")
        answer = b""
        while not answer.endswith(b"\n"):
            answer += connection.recv(4096)
        return answer.decode().strip()

    def control(self, line):
        return self.ask("control", line)

    def kernel(self, number, line):
        return self.ask(f"console{number}", line)

    def counts(self, sender, target):
        words = self.control(f"counts {sender} {target}").split()[1:]
        return dict(zip(words[::2], map(int, words[1::2])))

    def ring(self, sender, target, times=1):
        """One after the other has arrived: bells that wait melt together."""
        for _ in range(times):
            before = self.counts(sender, target)["rung"]
            equal(self.kernel(sender, f"ring {target}"), "rung")
            until(lambda b=before: self.counts(sender, target)["rung"] > b,
                  "rang")

    def heard(self, kernel, sender):
        return int(self.kernel(kernel, f"heard {sender}").split()[1])

    def pid(self, machine):
        state = self.control("state").split()[1 + machine]
        return int(state.split(":")[3])

    def power(self, command, seq):
        """As kernel 0's driver does it."""
        equal(self.kernel(0, f"set {ORDER} {command}"), "set")
        equal(self.kernel(0, f"set {ORDER + 4} {seq}"), "set")
        equal(self.kernel(0, "ring 2"), "rung")
        until(lambda: self.register(STATE + 12) == seq, "obeyed")

    def register(self, at):
        return int(self.kernel(0, f"get {at}").split()[1])


def alive(pid):
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    return False


def test_bells_say_who_rang():
    with Board(3) as board:
        board.ring(0, 2, 3)
        board.ring(1, 2)
        equal([board.heard(2, k) for k in range(4)], [3, 1, 0, 0])
        equal(board.heard(0, 2), 0)


def test_forged_bells_are_not_heard():
    with Board(3) as board:
        equal(board.kernel(1, "forge 0 2"), "rung")
        equal(board.kernel(1, "forge 3 2"), "rung")
        board.ring(1, 2)
        equal([board.heard(2, k) for k in range(4)], [0, 1, 0, 0])


def test_registers_describe_the_hub():
    with Board() as board:
        head = bytes().join(struct.pack("<I", board.register(at))
                            for at in (0, 4, 8, 12))
        equal(struct.unpack("<IHHII", head), (0x62756874, 1, 0, 2, 2))


def test_kernel_0_has_the_power():
    with Board() as board:
        first = board.pid(1)
        equal(board.register(STATE), 1)
        board.power(0, 1)
        equal(board.register(STATE), 0)
        equal(alive(first), False)
        board.power(1, 2)
        board.wait_up(1, times=2)
        equal(board.register(STATE), 1)
        equal(board.register(STATE + 4), 2)  # starts
        assert board.heard(0, 2) >= 1, "the hub rings when states change"


def test_others_have_no_power():
    with Board(3) as board:
        board.kernel(1, f"set {ORDER + 128} 0")
        board.kernel(1, f"set {ORDER + 132} 7")
        equal(board.kernel(1, "ring 3"), "rung")
        board.ring(1, 2)
        equal(board.control("state").split()[3].split(":")[1], "on")


def test_an_unknown_command_is_refused():
    with Board() as board:
        board.power(77, 1)
        equal((board.register(STATE), board.register(STATE + 8)), (1, 22))
        # What is obeyed afterwards has no error.
        board.power(0, 2)
        equal((board.register(STATE), board.register(STATE + 8)), (0, 0))


def test_an_end_is_noticed_and_a_restart_works():
    with Board() as board:
        board.kernel(1, "ring 0")
        board.connect("console1").sendall(b"exit 3\n")
        until(lambda: not board.register(STATE), "was off")
        contains(board.text("hub.log"), "machine 1 off, ended with status 3")
        board.ring(0, 1)
        equal(board.counts(0, 1)["absent"], 1)
        equal(board.control("start 1"), "ok")
        board.wait_up(1, times=2)
        board.ring(0, 1)
        # The same console goes on, and nothing of the first life was kept.
        board.connect("console1").recv(4096)
        equal(board.heard(1, 0), 1)


def test_pause_and_continue():
    with Board() as board:
        equal(board.control("pause 1"), "ok")
        contains(board.control("state"), "1:paused")
        board.ring(0, 1)
        equal(board.control("continue 1"), "ok")
        equal(board.heard(1, 0), 1)


def test_a_qemu_is_paused_by_its_monitor():
    with Board(monitor=True) as board:
        equal(board.control("pause 1"), "ok")
        contains(board.control("state"), "1:paused")
        equal(board.control("continue 1"), "ok")
        equal(board.kernel(1, "monitor"), "".join(
            f'{{"execute": "{word}"}}'
            for word in ("qmp_capabilities", "stop", "cont")))


def lost(board, bells, seed):
    """Numbers of the bells that are dropped of so many."""
    equal(board.control(f"bells 0 1 drop 300000 seed {seed}"), "ok")
    gone = []
    for number in range(bells):
        before = board.counts(0, 1)["dropped"]
        board.ring(0, 1)
        if board.counts(0, 1)["dropped"] > before:
            gone.append(number)
    return gone


def test_the_seed_says_which_bells_are_lost():
    with Board() as board:
        one, two, other = (lost(board, 40, seed) for seed in (5, 5, 6))
        equal(one, two)
        assert one != other and one and other, (one, other)


def test_all_bells_lost_doubled_or_late():
    with Board() as board:
        board.control("bells 0 1 drop 1000000")
        board.ring(0, 1, 5)
        equal(board.heard(1, 0), 0)
        board.control("bells * * twice 1000000 seed 1")
        board.ring(0, 1, 5)
        equal(board.counts(0, 1)["delivered"], 10)
        board.control("bells 0 1 delay 30000")
        start = time.monotonic()
        board.ring(0, 1)
        until(lambda: board.counts(0, 1)["delivered"] == 1, "came")
        assert time.monotonic() - start >= 0.03, "came at once"
        board.control("bells * *")
        board.ring(0, 1)
        equal(board.counts(0, 1)["dropped"], 0)


def test_memory_faults():
    with Board() as board:
        board.kernel(0, "write 0x1000 hello")
        equal(board.control("peek 0x1000 5"), "ok " + b"hello".hex())
        for _ in range(2):  # the second time flips the same bits back
            equal(board.control("corrupt 0x2000 64 9 42"), "ok")
            seen = board.control("peek 0x2000 64").split()[1]
        equal(seen, "00" * 64)
        equal(board.control("freeze 0x1000 5"), "ok")
        board.kernel(0, "write 0x1000 other")
        until(lambda: board.control("peek 0x1000 5").endswith(
            b"hello".hex()), "was as before")
        equal(board.control("thaw"), "ok")
        equal(board.control("poke 0x1000 00ff"), "ok")
        equal(board.control("peek 0x1000 3"), "ok 00ff6c")
        contains(board.control("peek 0x100000 1"), "error")
        contains(board.control("poke 0xfffffffffffffff0 00"), "error")


def test_nonsense_is_refused():
    with Board() as board:
        for line in ("", "x", "kill", "kill 9", "kill -1", "bells 0",
                     "bells 0 1 drop", "bells 0 1 drop x", "bells 0 9",
                     "peek 0", "poke 0 abc", "freeze 0 9999999", "counts 0 3"):
            contains(board.control(line), "error")
        contains(board.control("state"), "0:on")


def test_the_board_is_off_when_machine_0_ends():
    for status in (0, 4):
        with Board() as board:
            other = board.pid(1)
            board.connect("console0").sendall(b"exit %d\n" % status)
            equal(board.hub.wait(10), int(status > 0))
            contains(board.text("hub.log"),
                     f"machine 0 ended with status {status}")
            equal(alive(other), False)


def test_no_process_outlives_the_hub():
    for signum in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
        with Board() as board:
            pids = [board.pid(0), board.pid(1)]
            board.control("pause 1")
            board.hub.send_signal(signum)
            board.hub.wait(10)
            until(lambda p=pids: not any(map(alive, p)), f"died, {signum}")


def test_a_wrong_command_file_is_an_error():
    for text, error in (("", "missing"), ("dir /x\nwhat 3\n", "what"),
                        ("arg x\n", "which machine"),
                        ("dir /nowhere\ndram 4096\nmachine /dev/null\n",
                         "no arg")):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(text)
            file.flush()
            done = subprocess.run([HUB, file.name], capture_output=True,
                                  text=True, timeout=10, check=False)
            equal(done.returncode, 1)
            contains(done.stderr, error)


def main():
    built = subprocess.run(["make", "-s", "-C", os.path.join(HERE, "../hub"),
                            "O=" + os.path.dirname(HUB)], check=False)
    if built.returncode:
        return 1
    return taptest.run(taptest.collect(globals()))


if __name__ == "__main__":
    sys.exit(main())
