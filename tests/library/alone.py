"""Measure in a process of its own, where nothing that other tests have left ends meanwhile."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor


def run_alone(function, *arguments):
    """Call a function of a test module in a new process, and return what it returns."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()
