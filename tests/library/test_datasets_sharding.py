"""Which part of a stream belongs to whom."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_lib import WorkerInfo
from course_lib.datasets.sharding import Shard, find_rank, shard_of_worker
from course_lib.worker_info import set_worker_info


@given(st.integers(1, 5), st.integers(1, 5))
def test_ranks_times_workers_have_each_shard_once(ranks, workers):
    shards = []
    for rank in range(ranks):
        for worker in range(workers):
            set_worker_info(WorkerInfo(worker, workers, seed=0, dataset=None))
            try:
                shards.append(shard_of_worker(rank, ranks))
            finally:
                set_worker_info(None)
    assert sorted(shard.index for shard in shards) == list(range(ranks * workers))
    assert {shard.count for shard in shards} == {ranks * workers}


def test_without_workers_the_rank_is_the_shard():
    assert shard_of_worker(2, 5) == Shard(2, 5)


def test_one_process_alone_is_rank_0_of_1(monkeypatch):
    monkeypatch.delenv("RANK", raising=False)
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    assert find_rank(None, None) == (0, 1)


def test_what_is_given_comes_before_what_torchrun_says(monkeypatch):
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert find_rank(None, None) == (1, 2)
    assert find_rank(3, 4) == (3, 4)
    monkeypatch.delenv("WORLD_SIZE")
    with pytest.raises(ValueError, match="Invalid rank 1"):
        find_rank(None, None)


@pytest.mark.parametrize(("rank", "replicas"), [(0, None), (None, 2), (2, 2), (-1, 2), (0, 0)])
def test_a_rank_that_cannot_be(rank, replicas):
    with pytest.raises(ValueError):
        find_rank(rank, replicas)
