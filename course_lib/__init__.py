"""Data loading in PyTorch, written from scratch: the library that the course explains.

Every public name can be imported from here: `from course_lib import DataLoader, Subset`. Names are looked
up only when they are first used (PEP 562), so that `import course_lib` costs milliseconds although torch
takes seconds. Lesson 00 is the tour.
"""

from importlib import import_module

_HOMES = {
    "datasets.base": ("Dataset", "IterableDataset"),
    "datasets.memory": ("ListDataset", "TensorDataset"),
    "datasets.compose": ("ConcatDataset", "ChainDataset", "StackDataset"),
    "datasets.split": ("Subset", "random_split", "stratified_split"),
    "datasets.transform": ("TransformDataset",),
    "datasets.synthetic": ("SyntheticImages", "generate_synthetic_image"),
    "datasets.mnist": ("mnist",),
    "datasets.packed": ("PackedSequences", "PackedStrings"),
    "datasets.memmap": ("MemoryMappedDataset",),
    "datasets.database": ("DatabaseDataset",),
    "datasets.robust": ("RobustDataset",),
    "datasets.cached": ("AutoOptimizedDataset",),
    "datasets.cloud": ("CloudStorageDataset",),
    "datasets.text": ("SyntheticText", "generate_synthetic_text"),
    "datasets.on_demand": ("MemoryEfficientDataset",),
    "datasets.images": ("CustomImageDataset", "ImageFolderDataset"),
    "datasets.streaming": ("StreamingDataset",),
    "datasets.timeseries": ("TimeSeriesDataset",),
    "samplers.order": ("Sampler", "SequentialSampler", "RandomSampler", "SubsetRandomSampler"),
    "samplers.weighted": ("WeightedRandomSampler",),
    "samplers.classes": ("BalancedBatchSampler", "StratifiedSampler"),
    "samplers.batching": ("BatchSampler",),
    "samplers.distributed": ("DistributedSampler",),
    "samplers.balanced_ranks": ("LoadBalancedDistributedSampler",),
    "samplers.buckets": ("BucketBatchSampler", "padding_waste"),
    "samplers.budget": ("DynamicBatchSampler",),
    "samplers.priority": ("PrioritySampler",),
    "transforms.albumentations": ("albumentations_transform",),
    "transforms.images": ("BatchedImageTransform",),
    "transforms.turbo": ("load_image_turbo",),
    "transforms.words": ("random_deletion", "random_insertion", "random_swap", "synonym_replacement"),
    "collate": ("default_collate", "default_convert"),
    "metadata": ("image_metadata_collate",),
    "padding": ("pad_sequence_collate",),
    "worker_info": ("WorkerInfo", "get_worker_info"),
    "loader.dataloader": ("DataLoader",),
    "loader.seeding": ("seed_worker",),
    "training.worker_init": ("distributed_worker_init",),
    "policies.adaptive": ("AdaptiveBatchDataLoader",),
    "policies.curriculum": ("CurriculumDataLoader",),
    "training.device": ("DeviceLoader",),
    "loader.exceptions": ("ExceptionWrapper",),
    "memory": ("measure_memory",),
    "measure.memory_monitor": ("MemoryMonitor",),
    "measure.timeline": ("Timeline",),
    "measure.tracing": ("trace",),
    "measure.tuning": ("tune_num_workers",),
    "measure.validation": ("DatasetValidator",),
    "measure.rules": ("duplicate_rule", "finite_rule", "leakage_rule", "range_rule", "shape_rule"),
    "policies.learned_prefetch": ("LearnedPrefetchDataLoader",),
    "policies.memory_bounded": ("MemoryEfficientDataLoader",),
    "training.loop": ("History", "evaluate", "train_model"),
    "training.records": ("Evaluation",),
    "training.gradients": ("GradientVariance", "gradient_variance"),
    "plots.augmentations": ("plot_augmentations",),
    "plots.batch": ("plot_batch",),
    "plots.batch_sizes": ("plot_batch_sizes",),
    "plots.classes": ("plot_class_counts",),
    "plots.curriculum": ("plot_curriculum",),
    "plots.history": ("plot_history",),
    "plots.gradients": ("plot_gradient_variance",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'course_lib' has no attribute {name!r}")
    value = getattr(import_module(f"course_lib.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
