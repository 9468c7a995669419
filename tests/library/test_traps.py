"""The classic mistakes that the lessons show, and for each the test that ours does not make it.

The table names those tests for each system, by their file: this one (`traps`), or the one beside the system.
"""

import ast
import json
import os
import re
import subprocess
import sys
import textwrap
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.utils.data as torch_data
from torch.utils._python_dispatch import TorchDispatchMode
from torchvision.transforms import v2

import course_lib
from course_lib import (
    BalancedBatchSampler,
    ConcatDataset,
    DataLoader,
    DatasetValidator,
    DeviceLoader,
    ExceptionWrapper,
    ListDataset,
    RandomSampler,
    Subset,
    TensorDataset,
    TransformDataset,
    WeightedRandomSampler,
    default_collate,
    distributed_worker_init,
    duplicate_rule,
    evaluate,
    generate_synthetic_image,
    get_worker_info,
    gradient_variance,
    leakage_rule,
    pad_sequence_collate,
    plot_batch,
    random_split,
    seed_worker,
    trace,
    train_model,
    tune_num_workers,
)
from course_lib.platform import available_cores

TRAPS = {
    "Dataset": {"datasets_base": ["a_dataset_that_forgets_its_bounds_never_ends"]},
    "TensorDataset": {"traps": ["assert_vanishes_under_optimisation", "one_index_at_a_time"]},
    "ConcatDataset": {
        "traps": [
            "concatenation_shifts_the_labels",
            "past_the_negative_end_a_value_error_where_an_index_error_belongs",
        ]
    },
    "random_split": {
        "traps": [
            "assert_vanishes_under_optimisation",
            "a_tuple_of_lengths_fails",
            "duplicates_split_at_random_leak",
        ],
        "datasets_timeseries": ["random_splits_of_overlapping_windows_leak"],
    },
    "TransformDataset": {
        "datasets_transform": ["a_transform_tied_to_the_data"],
        "traps": ["statistics_fitted_before_the_split"],
    },
    "CustomImageDataset": {
        "datasets_images": [
            "unsorted_files",
            "capital_extensions_are_lost",
            "one_three_or_four_channels",
            "no_label",
        ]
    },
    "ImageFolderDataset": {
        "datasets_images": ["silent_empty_classes", "does_not_descend_into_subfolders", "unsorted_files"]
    },
    "generate_synthetic_image": {"traps": ["show_does_nothing_on_a_headless_machine"]},
    "SyntheticImages": {"datasets_synthetic": ["pure_noise_has_nothing_to_learn"]},
    "DatabaseDataset": {
        "datasets_database": [
            "a_connection_per_item",
            "ids_with_gaps_and_from_one",
            "table_name_in_the_query",
            "a_pickle_in_the_database_runs_nothing",
        ]
    },
    "MemoryMappedDataset": {
        "datasets_memmap": [
            "an_mmap_object_cannot_be_pickled",
            "cannot_run_under_spawn",
            "trailing_bytes_dropped_in_silence",
            "the_last_sample_by_a_negative_index",
            "old_samples_with_new_labels",
        ]
    },
    "TimeSeriesDataset": {
        "datasets_timeseries": [
            "minus_one_is_an_empty_window_with_a_target",
            "random_splits_of_overlapping_windows_leak",
        ]
    },
    "PackedSequences": {"datasets_packed": ["a_list_of_python_lists_grows_memory_in_every_worker"]},
    "PackedStrings": {"datasets_packed": ["a_list_of_python_lists_grows_memory_in_every_worker"]},
    "MemoryEfficientDataset": {"datasets_on_demand": ["an_empty_stub"]},
    "StreamingDataset": {
        "datasets_streaming": [
            "a_small_buffer_ends_up_holding_everything",
            "a_list_as_source_fails",
            "generators_cannot_be_pickled",
            "listing_the_dataset_fails",
        ]
    },
    "CloudStorageDataset": {
        "datasets_cloud": [
            "unpickles_what_it_downloaded",
            "a_failed_download_then_fails_on_open",
            "background_and_foreground_race_on_one_file",
            "evicts_the_item_just_fetched",
            "the_thread_never_ends",
            "a_failed_download_kills_the_thread_unseen",
            "it_cannot_be_pickled",
        ]
    },
    "RobustDataset": {
        "datasets_robust": [
            "skip_ends_the_epoch",
            "random_can_never_succeed",
            "one_transient_error_blacklists_a_sample",
            "a_bad_sample_duplicates_its_neighbour",
            "the_length_shrinks",
        ]
    },
    "AutoOptimizedDataset": {
        "datasets_cached": [
            "the_cache_has_no_bound",
            "the_cache_lives_in_each_worker_and_dies_with_it",
            "what_is_worth_more_is_kept",
        ]
    },
    "mnist": {"datasets_mnist": ["crashes_in_a_classroom_without_internet"]},
    "RandomSampler": {
        "traps": ["num_samples_of_5_yields_10", "one_randint_for_every_index", "num_samples_of_0_becomes_n"]
    },
    "WeightedRandomSampler": {"traps": ["not_implemented_without_replacement"]},
    "StratifiedSampler": {
        "samplers_classes": [
            "stratified_is_balanced_undersampling",
            "epochs_2_3_and_4_are_identical",
            "len_of_20_but_15_yielded_when_a_class_is_short",
        ]
    },
    "BalancedBatchSampler": {
        "samplers_classes": [
            "an_epoch_on_mnists_counts_never_ends",
            "duplicates_inside_a_batch",
            "a_class_never_exhausted_keeps_its_order",
        ],
        "traps": ["len_is_another_number"],
    },
    "DynamicBatchSampler": {"samplers_budget": ["an_empty_stub"]},
    "PrioritySampler": {
        "samplers_priority": [
            "integer_priorities_do_not_truncate_updates_to_zero",
            "updates_do_not_wait_until_the_next_epoch",
            "a_negative_priority_is_an_error_and_no_nan",
            "not_all_probabilities_are_recomputed_each_time",
            "alpha_is_no_share_of_uniform_draws",
        ]
    },
    "DistributedSampler": {
        "samplers_distributed": [
            "three_samples_over_eight_ranks",
            "padding_counts_samples_twice_in_evaluation",
            "contiguous_chunks_tie_a_rank_to_one_part_of_sorted_data",
        ]
    },
    "LoadBalancedDistributedSampler": {
        "samplers_balanced_ranks": [
            "only_prints_that_it_is_unbalanced",
            "positional_arguments_land_in_the_weights",
        ]
    },
    "default_collate": {
        "traps": [
            "tuples_of_unequal_length_lose_fields_in_silence",
            "tuples_become_lists",
            "floats_become_float32",
            "numpy_scalars_stay_a_list",
            "none_passes",
        ]
    },
    "pad_sequence_collate": {
        "traps": ["nested_python_loops"],
        "padding": ["tensors_and_arrays_fail", "a_collate_for_variable_sizes_that_only_stacks"],
    },
    "image_metadata_collate": {
        "metadata": [
            "key_error_on_the_second_sample",
            "loses_keys_the_first_sample_lacks",
            "mixed_image_sizes_name_the_sample_and_both_shapes",
        ]
    },
    "DataLoader": {
        "traps": ["no_iter", "shuffle_with_a_sampler", "minus_3_workers"],
        "dataloader_faults": ["no_check_that_the_parent_lives"],
    },
    "seed_worker": {
        "traps": [
            "a_generator_held_by_the_dataset_repeats_in_every_worker",
            "a_64_bit_seed_overflows_numpy",
            "random_is_left_unseeded",
        ]
    },
    "distributed_worker_init": {
        "traps": ["errors_of_the_init_function_leave_the_parent_waiting", "divides_by_zero_without_a_gpu"],
        "worker_init": ["nccl_started_inside_data_workers"],
    },
    "ExceptionWrapper": {
        "traps": [
            "errors_with_other_constructors_become_type_errors",
            "the_errno_is_lost",
            "key_errors_are_quoted_twice",
        ]
    },
    "AdaptiveBatchDataLoader": {
        "policies_adaptive": [
            "changes_only_between_endless_epochs",
            "times_the_consumer",
            "two_undefined_names",
        ]
    },
    "CurriculumDataLoader": {
        "policies_curriculum": [
            "never_ends",
            "scores_above_1_never_unlock",
            "an_empty_start_ends_the_course_at_once",
        ]
    },
    "MemoryEfficientDataLoader": {"policies_memory": ["garbage_is_collected_for_every_batch"]},
    "LearnedPrefetchDataLoader": {"policies_prefetch": ["crashes_at_the_tenth_access", "no_iter_and_no_len"]},
    "albumentations_transform": {
        "transforms_albumentations": [
            "identical_across_workers_and_epochs",
            "deaf_to_manual_seed",
            "normalising_before_the_tensor_exists",
            "one_channel_statistics_broadcast_over_rgb",
            "a_crop_larger_than_the_picture",
            "augmentation_that_reaches_the_validation_part",
            "steps_that_happen_together",
            "floats_divided_by_255",
        ]
    },
    "DeviceLoader": {"traps": ["pinned_memory_is_called_gpu_memory"]},
    "DatasetValidator": {
        "measure_validation": [
            "checks_0_samples_of_a_small_dataset",
            "unreadable_samples_are_not_counted",
            "the_callers_list_is_changed",
        ]
    },
    "tune_num_workers": {"traps": ["no_gpu_no_workers", "cpu_count_ignores_what_this_process_may_use"]},
    "trace": {
        "traps": ["logs_of_the_loader_do_not_exist"],
        "measure_timeline": ["the_dashboard_is_only_a_table"],
    },
    "train_model": {
        "traps": [
            "the_scheduler_is_never_stepped",
            "clipping_stands_outside_the_loop",
            "a_short_last_batch_is_miscounted",
        ],
        "training_loop": ["a_plateau_scheduler_needs_its_metric"],
    },
    "gradient_variance": {"traps": ["one_over_b_is_claimed_for_all_cases"]},
}
HERE = Path(__file__).parent


def test_every_trap_has_the_test_named_after_it_and_every_such_test_its_trap():
    named = re.compile(r"^def test_(?:trap|the_lectures_mistake)_(\w+)", re.MULTILINE)
    defined = {
        (file.stem.removeprefix("test_"), trap)
        for file in HERE.glob("test_*.py")
        for trap in named.findall(file.read_text(encoding="utf-8"))
    }
    listed = {(file, trap) for files in TRAPS.values() for file, traps in files.items() for trap in traps}
    assert listed == defined
    assert set(TRAPS) <= set(course_lib.__all__)


def test_no_assert_statement_checks_what_a_user_does():
    """`python -O` leaves them out."""
    for file in Path(course_lib.__file__).parent.rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        assert not [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Assert)], file


OPTIMISED = """
    import json, torch
    from course_lib import ConcatDataset, DistributedSampler, TensorDataset, random_split
    def told(call):
        try:
            call()
        except Exception as error:
            return str(error)
    print(json.dumps([__debug__,
        told(lambda: TensorDataset(torch.ones(3), torch.ones(4))),
        told(lambda: random_split(range(10), [5, 6])),
        told(lambda: ConcatDataset([])),
        told(lambda: DistributedSampler(range(3), 2, 5)),
    ]))
"""


@pytest.mark.slow  # Python compiles all of torch anew for it
def test_trap_assert_vanishes_under_optimisation():
    done = subprocess.run(
        [sys.executable, "-O", "-c", textwrap.dedent(OPTIMISED)], capture_output=True, text=True, check=True
    )
    debug, sizes, lengths, nothing, rank = json.loads(done.stdout)
    assert debug is False
    assert "3" in sizes
    assert "4" in sizes
    assert "Sum of input lengths" in lengths
    assert nothing
    assert "rank" in rank


class Calls(TorchDispatchMode):
    """Count the tensor operations by name."""

    def __init__(self):
        super().__init__()
        self.names = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.names.append(str(function))
        return function(*args, **kwargs or {})


def test_trap_one_index_at_a_time():
    dataset = TensorDataset(torch.rand(1000, 3), torch.arange(1000))
    counts = []
    for size in (10, 500):
        with Calls() as calls:
            batch = default_collate(dataset.__getitems__(list(range(size))))
        assert len(batch[1]) == size
        counts.append(len(calls.names))
    assert counts[0] == counts[1] < 10


def test_trap_concatenation_shifts_the_labels():
    part = TensorDataset(torch.arange(3), torch.tensor([0, 1, 2]))
    assert [int(label) for _, label in part + part] == [0, 1, 2, 0, 1, 2]


def test_trap_past_the_negative_end_a_value_error_where_an_index_error_belongs():
    dataset = ConcatDataset([ListDataset("ab"), ListDataset("c")])
    assert dataset[-3] == "a"
    with pytest.raises(IndexError) as caught:
        dataset[-4]
    assert not isinstance(caught.value, ValueError)


def test_trap_a_tuple_of_lengths_fails():
    assert [len(part) for part in random_split(range(10), (7, 3))] == [7, 3]
    assert [len(part) for part in random_split(range(10), (0.7, 0.3))] == [7, 3]


def test_trap_duplicates_split_at_random_leak():
    """No split can know what belongs together: two rules find it, and splitting the originals is the cure."""
    scans = TensorDataset(torch.arange(50).repeat_interleave(2))  # each scan is stored twice
    twice = DatasetValidator(scans, [duplicate_rule()]).validate(1.0)
    assert not twice.passed

    def leaks(train, test):
        return not DatasetValidator(train, [leakage_rule(train, test)]).validate().passed

    generator = torch.Generator().manual_seed(0)
    assert leaks(*random_split(scans, [0.8, 0.2], generator))
    originals = random_split(range(50), [0.8, 0.2], generator)
    parts = [Subset(scans, [2 * one + copy for one in part for copy in (0, 1)]) for part in originals]
    assert sorted([*parts[0].indices, *parts[1].indices]) == list(range(100))
    assert not leaks(*parts)


def test_trap_statistics_fitted_before_the_split():
    """A mean taken over one part knows nothing of the other, and serves both."""
    values = torch.rand(100, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    dataset = TensorDataset(values, torch.zeros(100))
    train, validation = random_split(dataset, [80, 20], torch.Generator().manual_seed(1))

    def mean_of(part):
        return torch.stack([image for image, _ in part]).mean().item()

    before, of_all = mean_of(train), mean_of(dataset)
    values[validation.indices] += 5
    assert mean_of(train) == before
    assert mean_of(dataset) == pytest.approx(of_all + 1)
    normalize = v2.Normalize([before], [1.0])
    assert mean_of(TransformDataset(train, normalize)) == pytest.approx(0, abs=1e-5)
    shift = mean_of(validation) - before
    assert mean_of(TransformDataset(validation, normalize)) == pytest.approx(shift, abs=1e-5)


def test_trap_show_does_nothing_on_a_headless_machine():
    """The picture is there to be plotted, stored or compared: no window is needed."""
    picture = generate_synthetic_image(20, 10, torch.Generator().manual_seed(0))
    assert picture.size == (20, 10)
    figure = plot_batch(torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None])
    assert figure.axes[0].get_images()


def test_trap_num_samples_of_5_yields_10():
    for replacement in (False, True):
        sampler = RandomSampler(range(10), replacement, 5)
        assert len(list(sampler)) == len(sampler) == 5


def test_trap_one_randint_for_every_index():
    with Calls() as calls:
        assert len(list(RandomSampler(range(1000), True))) == 1000
    assert len([name for name in calls.names if "randint" in name]) <= 1000 / 32 + 1


def test_trap_num_samples_of_0_becomes_n():
    with pytest.raises(ValueError, match="num_samples=0"):
        RandomSampler(range(10), True, 0)


def test_trap_not_implemented_without_replacement():
    drawn = list(WeightedRandomSampler([1.0, 2.0, 3.0, 0.0], 3, replacement=False))
    assert sorted(drawn) == [0, 1, 2]


@pytest.mark.parametrize(("sizes", "per_class"), [((9, 4), 2), ((5, 5), 3), ((7, 3, 11), 3)])
def test_trap_len_is_another_number(sizes, per_class):
    labels = [label for label, size in enumerate(sizes) for _ in range(size)]
    sampler = BalancedBatchSampler(labels, per_class)
    assert len(list(sampler)) == len(sampler) == -(-max(sizes) // per_class)


def test_trap_tuples_of_unequal_length_lose_fields_in_silence():
    with pytest.raises(RuntimeError, match="equal size"):
        default_collate([(1, 2), (3, 4, 5)])


def test_trap_tuples_become_lists():
    point = namedtuple("point", "x y")
    batch = default_collate([point(1, 2), point(3, 4)])
    assert isinstance(batch, point)
    # A plain tuple is a list in torch as well: whatever collates like torch has to follow.
    assert type(default_collate([(1, 2)])) is type(torch_data.default_collate([(1, 2)]))


def test_trap_floats_become_float32():
    assert default_collate([1.5, 2.5]).dtype == torch.float64


def test_trap_numpy_scalars_stay_a_list():
    batch = default_collate([np.float32(1), np.float32(2)])
    assert (type(batch), batch.dtype) == (torch.Tensor, torch.float32)


def test_trap_none_passes():
    with pytest.raises(TypeError, match="NoneType"):
        default_collate([None, None])


def test_trap_nested_python_loops():
    """Long sequences take no more Python calls than short ones."""

    def calls(length):
        count = 0

        def note(frame, event, argument):
            nonlocal count
            count += event in ("call", "c_call")

        batch = [np.arange(length + number) for number in range(5)]
        sys.setprofile(note)
        try:
            padded = pad_sequence_collate(batch)
        finally:
            sys.setprofile(None)
        assert padded["sequences"].shape == (5, length + 4)
        return count

    calls(3)  # whatever is looked up once
    assert calls(10_000) < 2 * calls(10)


def test_trap_no_iter():
    loader = DataLoader(range(4), 2)
    assert [batch.tolist() for batch in loader] == [batch.tolist() for batch in loader] == [[0, 1], [2, 3]]


def test_trap_shuffle_with_a_sampler():
    with pytest.raises(ValueError, match="mutually exclusive"):
        DataLoader(range(4), shuffle=True, sampler=[0, 1])


def test_trap_minus_3_workers():
    with pytest.raises(ValueError, match="-3"):
        DataLoader(range(4), num_workers=-3)


class HoldsAGenerator:
    """A dataset as in many notebooks: every copy draws the same."""

    def __init__(self):
        self.random = np.random.default_rng(0)

    def __len__(self):
        return 4

    def __getitem__(self, index):
        return self.random.random()


def renew(worker_id):
    info = get_worker_info()
    info.dataset.random = np.random.default_rng(info.seed)


def test_trap_a_generator_held_by_the_dataset_repeats_in_every_worker():
    def two_epochs(**arguments):
        loader = DataLoader(
            HoldsAGenerator(), num_workers=2, generator=torch.Generator().manual_seed(0), **arguments
        )
        return [float(value) for _ in range(2) for value in loader]

    assert len(set(two_epochs())) == 2, "no loader can reach such a generator: eight draws, two numbers"
    assert len(set(two_epochs(worker_init_fn=renew))) == 8, "what the docstring of seed_worker advises"
    assert "get_worker_info().seed" in seed_worker.__doc__
    assert two_epochs(worker_init_fn=renew) == two_epochs(worker_init_fn=renew)


class Draws:
    def __len__(self):
        return 4

    def __getitem__(self, index):
        import random

        return random.random(), np.random.random()


@pytest.mark.parametrize("seed", [0, 2**32, 2**63])
def test_trap_a_64_bit_seed_overflows_numpy(seed):
    loader = DataLoader(
        Draws(), num_workers=2, worker_init_fn=seed_worker, generator=torch.Generator().manual_seed(seed)
    )
    assert len({float(numpy) for _, numpy in loader}) == 4


def test_trap_random_is_left_unseeded():
    def draw(seed):
        loader = DataLoader(Draws(), num_workers=2, generator=torch.Generator().manual_seed(seed))
        return [float(python) for python, _ in loader]

    assert draw(1) == draw(1) != draw(2)
    assert len(set(draw(1))) == 4


def fail(worker_id):
    raise ValueError("no database")


def test_trap_errors_of_the_init_function_leave_the_parent_waiting():
    with pytest.raises(ValueError, match="no database"):
        next(iter(DataLoader(range(4), num_workers=1, worker_init_fn=fail)))


def test_trap_divides_by_zero_without_a_gpu(monkeypatch):
    for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    loader = DataLoader(range(4), num_workers=1, worker_init_fn=distributed_worker_init)
    assert len(list(loader)) == 4


def arrive(error):
    try:
        raise error
    except Exception:
        wrapper = ExceptionWrapper(where="in a test")
    with pytest.raises(type(error)) as caught:
        wrapper.reraise()
    return caught.value


def test_trap_errors_with_other_constructors_become_type_errors():
    assert arrive(UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")).object == b"\xff"
    assert arrive(json.JSONDecodeError("no value", "{", 1)).pos == 1


def test_trap_the_errno_is_lost():
    error = arrive(OSError(28, "No space left on device", "cat.png"))
    assert (error.errno, error.filename) == (28, "cat.png")


def test_trap_key_errors_are_quoted_twice():
    assert str(arrive(KeyError("missing"))) == "'missing'"


def test_trap_pinned_memory_is_called_gpu_memory():
    words = sys.modules[DeviceLoader.__module__].__doc__ + DeviceLoader.__doc__
    assert "page-locked" in words
    if torch.cuda.is_available():
        assert torch.ones(3).pin_memory().device.type == "cpu"
    batches = list(DeviceLoader(DataLoader(torch.arange(4), 2), "cpu"))
    assert [batch.device.type for batch in batches] == ["cpu", "cpu"]


def test_trap_no_gpu_no_workers():
    """Half the cores are tried, whatever there is of GPUs."""
    tuning = tune_num_workers(range(64), batch_size=8, repeats=1, max_seconds=0.5)
    assert max(1, available_cores() // 2) in [measured.workers for measured in tuning.measurements]


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system binds no process to cores")
def test_trap_cpu_count_ignores_what_this_process_may_use():
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert available_cores() == 1
    finally:
        os.sched_setaffinity(0, before)


def test_trap_logs_of_the_loader_do_not_exist():
    traced = trace(DataLoader(TensorDataset(torch.rand(64, 2)), 4))
    assert len(list(traced)) == 16
    assert "waiting" in str(traced.timeline).lower() or "wait" in str(traced.timeline).lower()


def a_training(**arguments):
    torch.manual_seed(0)
    model = torch.nn.Linear(3, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    data = TensorDataset(torch.rand(10, 3) * 100, torch.rand(10, 1))
    return model, optimizer, DataLoader(data, 4), torch.nn.functional.mse_loss, data


def test_trap_the_scheduler_is_never_stepped():
    model, optimizer, loader, criterion, _ = a_training()
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    history = train_model(model, loader, criterion, optimizer, 3, scheduler=scheduler, progress=False)
    assert history.learning_rates[::3] == pytest.approx([0.1, 0.05, 0.025])


def test_trap_clipping_stands_outside_the_loop():
    model, optimizer, loader, criterion, _ = a_training()
    before = [parameter.detach().clone() for parameter in model.parameters()]
    history = train_model(model, loader, criterion, optimizer, 1, clip_norm=0.01, progress=False)
    assert max(history.gradient_norms) > 1, "there was something to clip"
    moved = torch.cat([(a - b).flatten() for a, b in zip(model.parameters(), before)])
    assert moved.norm() <= 3 * 0.1 * 0.01 * 1.001, "three steps of a length of lr x clip_norm at most"


def test_trap_a_short_last_batch_is_miscounted():
    model, _, loader, criterion, data = a_training()
    inputs, targets = data.tensors
    whole = criterion(model(inputs), targets).item()
    assert evaluate(model, loader, criterion).loss == pytest.approx(whole, rel=1e-5)


def test_trap_one_over_b_is_claimed_for_all_cases():
    """Without replacement the whole data set has no variance left; with it, 1/B of one sample's is left."""
    model, _, _, criterion, data = a_training()
    sizes, arguments = [1, 10], {"draws": 50, "generator": torch.Generator().manual_seed(0)}
    without = gradient_variance(model, data, sizes, criterion, **arguments)
    independent = gradient_variance(model, data, sizes, criterion, replacement=True, **arguments)
    assert without.variance[1] < 1e-6 * without.variance[0]
    assert independent.variance[1] == pytest.approx(independent.variance[0] / 10, rel=0.6)
