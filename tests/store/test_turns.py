"""Nobody takes all the workers."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from kb.store.turns import Turns


def test_who_has_his_turn_waits_and_others_do_not() -> None:
    turns = Turns(running=1, waiting=1)
    with turns.of("greedy", 0):
        with turns.of("modest", 0), turns.of(None, 0), turns.of(None, 0):
            pass
        with pytest.raises(TimeoutError), turns.of("greedy", 0.05):
            pass
    with turns.of("greedy", 0):
        pass


def test_the_next_gets_the_turn_and_one_too_many_is_refused_at_once() -> None:
    turns, done = Turns(running=1, waiting=1), threading.Event()

    def hold() -> bool:
        with turns.of("greedy", 5):
            return done.wait(5)

    with ThreadPoolExecutor() as pool:
        both = [pool.submit(hold), pool.submit(hold)]
        while turns.waiting("greedy") < 1:
            time.sleep(0.001)
        before = time.monotonic()
        with pytest.raises(TimeoutError), turns.of("greedy", 5):
            pass
        assert time.monotonic() - before < 1
        done.set()
        assert all(held.result() for held in both)
