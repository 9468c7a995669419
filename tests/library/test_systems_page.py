"""docs/systems.md names every public name and every system of the lectures, each with a file and a lesson."""

import json
import re
from pathlib import Path

import pytest

import course_lib

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "systems.md").read_text(encoding="utf-8")
LECTURES = [
    "SimpleDataset",
    "CustomDataset",
    "ImageDataset",
    "EnhancedDataset",
    "NeuralNetwork",
    "Dataset",
    "ListDataset",
    "TensorDataset",
    "ConcatDataset",
    "Subset",
    "random_split",
    "CustomImageDataset",
    "ImageFolderDataset",
    "generate_synthetic_image",
    "DatabaseDataset",
    "MemoryMappedDataset",
    "TimeSeriesDataset",
    "MemoryEfficientDataset",
    "StreamingDataset",
    "CloudStorageDataset",
    "RobustDataset",
    "AutoOptimizedDataset",
    "Sampler",
    "SequentialSampler",
    "RandomSampler",
    "WeightedRandomSampler",
    "BatchSampler",
    "StratifiedSampler",
    "BalancedBatchSampler",
    "DynamicBatchSampler",
    "PrioritySampler",
    "DistributedSampler",
    "LoadBalancedDistributedSampler",
    "default_collate",
    "pad_sequence_collate",
    "image_metadata_collate",
    "custom_collate",
    "DataLoader",
    "worker_loop",
    "worker_init_fn",
    "distributed_worker_init",
    "ExceptionWrapper",
    "MemoryMonitor",
    "MemoryEfficientDataLoader",
    "AdaptiveBatchDataLoader",
    "CurriculumDataLoader",
    "LearnedPrefetchDataLoader",
    "DatasetValidator",
    "print_validation_summary",
    "image_shape_rule",
    "label_range_rule",
    "augment_image",
    "train_model",
]
WITHOUT_A_NAME = [
    "monitoring dashboard",
    "trade-offs",
    "definition of a dataset",
    "three properties",
    "lazy evaluation",
    "design patterns",
    "algebra of datasets",
    "chain of transforms",
    "batching strategies",
    "control flow",
    "standard datasets",
    "cleaning data",
    "torchvision",
    "saving and restoring",
    "dictionary of loaders",
    "hardware-accelerated decoding",
    "several machines",
    "a dataset class",
    "automatic batching",
    "the loader's arguments",
    "splitting data",
]


def tables():
    """Yield each row of the page as a dictionary with the heads of its table as keys."""
    for table in re.findall(r"(?:^\|.*\n)+", PAGE, re.MULTILINE):
        head, _, *rows = ([cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines())
        for row in rows:
            yield dict(zip(head, row, strict=True))


def names_in(cell):
    return re.findall(r"`(\w+)`", cell)


def notebook_of(row):
    """Return the cells' texts of the lesson that a row links to, or None where it is on its way."""
    link = re.search(r"\((.*ipynb)\)", row["lesson"])
    if link is None:
        return None
    cells = json.loads((ROOT / "docs" / link[1]).read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells]


ROWS = {name: row for row in tables() for name in names_in(row.get("name", ""))}
TAUGHT = [row for row in tables() if "name" not in row]
every_name = pytest.mark.parametrize("name", course_lib.__all__)


@every_name
def test_every_public_name_is_on_the_page_with_its_file(name: str) -> None:
    file = f"course_lib/{course_lib._HOME_OF[name].replace('.', '/')}.py"
    assert f"(../{file})" in ROWS[name]["file"]


def test_the_page_names_nothing_else() -> None:
    assert set(ROWS) == set(course_lib.__all__)


@every_name
def test_page_and_docstring_agree_about_the_lesson(name: str) -> None:
    lesson = re.search(r"\d\d", ROWS[name]["lesson"])
    assert lesson
    assert f"(lesson {lesson[0]})" in getattr(course_lib, name).__doc__


@every_name
def test_a_linked_lesson_speaks_of_the_name(name: str) -> None:
    cells = notebook_of(ROWS[name])
    assert cells is None or re.search(rf"\b{name}\b", "\n".join(cells)), ROWS[name]["lesson"]


def test_every_lesson_that_exists_is_linked() -> None:
    for row in tables():
        number = re.search(r"\d\d", row["lesson"])
        assert number
        there = [file.name for file in (ROOT / "notebooks").glob(f"{number[0]}_*.ipynb")]
        assert row["lesson"] == (f"[{number[0]}](../notebooks/{there[0]})" if there else number[0])


@pytest.mark.parametrize("name", LECTURES)
def test_every_name_of_the_lectures_is_on_the_page(name: str) -> None:
    others = {one for row in tables() for one in names_in(row.get("in the lectures", ""))}
    assert name in others | set(ROWS)


@pytest.mark.parametrize("system", WITHOUT_A_NAME)
def test_what_has_no_name_in_the_lectures_is_on_the_page_too(system: str) -> None:
    assert any(system in row.get("in the lectures", "") for row in tables())


@pytest.mark.parametrize("row", TAUGHT, ids=lambda row: row["in the lectures"])
def test_sections_that_the_page_quotes_are_in_the_lesson(row: dict[str, str]) -> None:
    quoted = re.findall("“(.+?)”", " ".join(row.values()))
    cells = notebook_of(row)
    if cells is None:
        assert quoted == []
    else:
        headings = re.findall(r"^#+ (.+)$", "\n".join(cells), re.MULTILINE)
        assert quoted
        assert {title for title in quoted if title not in headings} == set()


def test_every_link_of_the_page_leads_somewhere() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", PAGE) if not link.startswith("#")]
    assert links
    assert all((ROOT / "docs" / link).exists() for link in links)
    assert "## Taught rather than imported\n" in PAGE
