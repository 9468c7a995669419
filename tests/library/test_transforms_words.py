"""Words exchanged, inserted, swapped and deleted: what stays, what changes, and how often."""

import pickle
import re
from collections import Counter
from functools import partial
from itertools import combinations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_lib import (
    DataLoader,
    ListDataset,
    SyntheticText,
    TransformDataset,
    pad_sequence_collate,
    random_deletion,
    random_insertion,
    random_swap,
    synonym_replacement,
)
from course_lib.datasets.text import TOPICS
from course_lib.transforms.sentences import NEGATIONS, Sentence, is_held, is_negation
from course_lib.transforms.synonyms import SYNONYMS

OPERATIONS = [synonym_replacement, random_insertion, random_swap, random_deletion]
COUNTED = [synonym_replacement, random_insertion, random_swap]
STRONGLY = [partial(operation, n=4) for operation in COUNTED] + [partial(random_deletion, p=0.5)]

VOCABULARY = [
    "big",
    "Warm",
    "STORM",
    "soup",
    "quickly",
    "xyz",
    "the",
    "Ångström",
    "हिन्दी",
    "don't",
    "well-known",
]
NEGATIVE = ["not", "Never", "isn’t", "nobody"]
words_only = st.lists(st.sampled_from(VOCABULARY), max_size=12)
words_and_negations = st.lists(st.sampled_from(VOCABULARY + NEGATIVE), max_size=12)
gaps = st.sampled_from([" ", "  ", ", ", ". ", " (", ") ", "\n", " - ", '." '])
seeds = st.integers(0, 2**40)


@st.composite
def texts(draw, words=words_and_negations):
    chosen = draw(words)
    ends = st.sampled_from(["", " ", "!", '"', "...", "¿"])
    return draw(ends) + "".join(word + draw(gaps) for word in chosen).rstrip() + draw(ends)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def words_of(text):
    return Sentence.of(text).words


def punctuation_of(text):
    return re.sub(r"\s", "", "".join(Sentence.of(text).gaps))


def negated(words):
    return Counter(
        (word.lower(), follower) for word, follower in zip(words, [*words[1:], None]) if is_negation(word)
    )


def group_of(word):
    lower = word.lower()
    return frozenset((lower, *SYNONYMS.get(lower, ())))


def assert_uniform(counts, cells):
    """Hold counts against equal shares: chi-square, with a bound that chance passes once in 10,000 times."""
    expected = sum(counts.values()) / cells
    statistic = sum((counts[cell] - expected) ** 2 for cell in counts) / expected
    statistic += (cells - len(counts)) * expected
    freedom = cells - 1
    # Wilson and Hilferty's approximation of the quantile; 3.72 deviations of a normal distribution.
    bound = freedom * (1 - 2 / (9 * freedom) + 3.72 * (2 / (9 * freedom)) ** 0.5) ** 3
    assert statistic < bound


# The table


def test_the_table_is_of_groups_that_do_not_overlap():
    assert len({group_of(word) for word in SYNONYMS}) > 80
    for word, synonyms in SYNONYMS.items():
        assert synonyms
        assert word not in synonyms
        assert len(set(synonyms)) == len(synonyms)
        assert all(group_of(synonym) == group_of(word) for synonym in synonyms)


def test_the_table_is_of_single_words_in_lower_case():
    assert all(word == word.lower() and words_of(word) == [word] for word in SYNONYMS)


def test_negations_have_no_synonym():
    assert not set(SYNONYMS) & NEGATIONS
    assert not any(is_negation(word) for word in SYNONYMS)


def test_no_synonym_belongs_to_another_topic():
    """Every noun says which topic a sentence has; exchanging words must not bring in one of another topic."""
    nouns = {topic: set(words["noun"]) for topic, words in TOPICS.items()}
    for topic, own in nouns.items():
        others = set().union(*(nouns[other] for other in nouns if other != topic))
        said = {word for kind in TOPICS[topic].values() for phrase in kind for word in phrase.split()}
        assert not {synonym for word in said | own for synonym in SYNONYMS.get(word, ())} & others


# Laws


@given(text=texts(), seed=seeds, n=st.integers(0, 6))
def test_replacement_exchanges_n_words_within_their_groups(text, seed, n):
    before, after = words_of(text), words_of(synonym_replacement(text, n, generator=generator(seed)))
    assert [group_of(word) for word in after] == [group_of(word) for word in before]
    changed = sum(one != other for one, other in zip(before, after))
    assert changed == min(n, sum(word.lower() in SYNONYMS for word in before))


@given(text=texts(), seed=seeds, n=st.integers(0, 6))
def test_insertion_adds_n_synonyms_and_keeps_the_words_in_order(text, seed, n):
    before, after = words_of(text), words_of(random_insertion(text, n, generator=generator(seed)))
    known = [word for word in before if word.lower() in SYNONYMS]
    assert len(after) - len(before) == (n if known else 0)
    rest = iter(after)
    assert all(word in rest for word in before)
    added = Counter(after) - Counter(before)
    assert all(any(word in SYNONYMS[other.lower()] for other in known) for word in added)


@given(text=texts(), seed=seeds, n=st.integers(0, 6))
def test_swaps_keep_the_multiset_of_words(text, seed, n):
    before, after = words_of(text), words_of(random_swap(text, n, generator=generator(seed)))
    assert Counter(after) == Counter(before)
    assert sum(one != other for one, other in zip(before, after)) <= 2 * n


@given(text=texts(), seed=seeds, p=st.floats(0, 1))
def test_deletion_keeps_a_part_in_order_and_never_empties_a_text(text, seed, p):
    before, after = words_of(text), words_of(random_deletion(text, p, generator=generator(seed)))
    rest = iter(before)
    assert all(word in rest for word in after)
    assert bool(after) == bool(before)
    held = Counter(word for place, word in enumerate(before) if is_held(before, place))
    assert not held - Counter(after)


@pytest.mark.parametrize("operation", STRONGLY)
@given(text=texts(), seed=seeds)
def test_punctuation_stays(operation, text, seed):
    assert punctuation_of(operation(text, generator=generator(seed))) == punctuation_of(text)


@pytest.mark.parametrize("operation", [STRONGLY[0], STRONGLY[2]])
@given(text=texts(), seed=seeds)
def test_all_between_the_words_stays_where_no_word_comes_or_goes(operation, text, seed):
    assert Sentence.of(operation(text, generator=generator(seed))).gaps == Sentence.of(text).gaps


@pytest.mark.parametrize("operation", STRONGLY[1:])
@given(text=texts(), seed=seeds)
def test_what_is_denied_stays_denied(operation, text, seed):
    before, after = words_of(text), words_of(operation(text, generator=generator(seed)))
    assert negated(after) == negated(before)


@pytest.mark.parametrize("operation", STRONGLY)
@given(words=words_and_negations, seed=seeds)
def test_a_list_of_words_is_treated_as_the_text_it_makes(operation, words, seed):
    as_text = operation(" ".join(words), generator=generator(seed))
    as_list = operation(words, generator=generator(seed))
    assert type(as_list) is list
    assert " ".join(as_list) == as_text
    assert operation(tuple(words), generator=generator(seed)) == tuple(as_list)


@pytest.mark.parametrize("operation", STRONGLY)
@given(words=words_and_negations, seed=seeds)
def test_the_words_given_are_not_changed(operation, words, seed):
    copy = list(words)
    operation(words, generator=generator(seed))
    assert words == copy


@pytest.mark.parametrize(
    "operation", [partial(one, n=0) for one in COUNTED] + [partial(random_deletion, p=0)]
)
@given(text=texts())
def test_no_change_is_asked_for_and_none_is_made(operation, text):
    assert operation(text, generator=generator()) == text


@pytest.mark.parametrize("operation", STRONGLY)
@pytest.mark.parametrize("text", ["", "  ", "?!", [], ()])
def test_a_text_without_words_stays(operation, text):
    assert operation(text) == text


# Randomness


@pytest.mark.parametrize("operation", STRONGLY)
@given(text=texts(), seed=seeds)
def test_the_seed_decides_and_the_global_generator_stays(operation, text, seed):
    before = torch.get_rng_state()
    first = operation(text, generator=generator(seed))
    assert operation(text, generator=generator(seed)) == first
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("operation", STRONGLY)
def test_without_a_generator_manual_seed_decides(operation):
    text = "big storms bring heavy rain and very cold wind to a small old house"
    torch.manual_seed(3)
    first = [operation(text) for _ in range(4)]
    torch.manual_seed(3)
    assert [operation(text) for _ in range(4)] == first
    assert len(set(first)) > 1


def test_each_synonym_of_each_word_is_as_likely():
    source = generator(1)
    results = Counter(synonym_replacement("huge xyz terrible", generator=source) for _ in range(6000))
    assert_uniform(results, len(SYNONYMS["huge"]) + len(SYNONYMS["terrible"]))


def test_words_are_replaced_without_repetition():
    source = generator(2)
    results = Counter()
    for _ in range(6000):
        after = synonym_replacement(["glad", "xyz", "soup", "taxi", "violin"], 2, generator=source)
        results[
            tuple(
                place
                for place, word in enumerate(after)
                if word not in ("xyz", "glad", "soup", "taxi", "violin")
            )
        ] += 1
    assert_uniform(results, 6)


def test_insertions_are_at_every_place_alike():
    source = generator(3)
    results = Counter(random_insertion("soup xyz soup xyz", generator=source) for _ in range(6000))
    assert set(results) == {
        "broth soup xyz soup xyz",
        "soup broth xyz soup xyz",
        "soup xyz broth soup xyz",
        "soup xyz soup broth xyz",
        "soup xyz soup xyz broth",
    }
    assert_uniform(results, 5)


def test_every_pair_is_swapped_alike():
    source = generator(4)
    words = ["a", "b", "c", "d", "e"]
    results = Counter(tuple(random_swap(words, generator=source)) for _ in range(6000))
    expected = set()
    for one, other in combinations(range(5), 2):
        swapped = list(words)
        swapped[one], swapped[other] = swapped[other], swapped[one]
        expected.add(tuple(swapped))
    assert set(results) == expected
    assert_uniform(results, 10)


def test_every_word_is_deleted_with_probability_p():
    source = generator(5)
    words = ["a", "b", "c"]
    results = Counter(tuple(random_deletion(words, 0.5, generator=source)) for _ in range(8000))
    singles = sum(results[(word,)] for word in words)
    assert_uniform(Counter({key: count for key, count in results.items() if len(key) != 1}), 4)
    # What would have been empty becomes one word: 1/8 more, shared by three.
    assert_uniform(Counter({word: results[(word,)] for word in words}), 3)
    assert abs(singles / 8000 - 4 / 8) < 0.025


# The whole, by example


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("Soup, please.", "Broth, please."),
        ("soup", "broth"),
        ("SOUP!", "BROTH!"),
        ('"Soup"', '"Broth"'),
    ],
)
def test_case_and_punctuation_of_a_replaced_word(text, result):
    assert synonym_replacement(text) == result


def test_a_deleted_word_takes_one_space_with_it():
    everything = partial(random_deletion, p=1.0)
    assert {everything("one two", generator=generator(seed)) for seed in range(20)} == {"one", "two"}
    assert {everything("(one) two, three.", generator=generator(seed)) for seed in range(40)} == {
        "(one),.",
        "() two,.",
        "(), three.",
    }


@pytest.mark.parametrize("seed", range(20))
def test_a_negation_keeps_what_it_denies(seed):
    text = "The soup was not salty, it was good."
    for operation in STRONGLY[1:]:
        assert "not salty" in operation(text, generator=generator(seed))
    assert re.search("not (salty|briny)", synonym_replacement(text, 9, generator=generator(seed)))


def test_a_label_stays_and_so_does_the_length_of_the_dataset():
    plain = SyntheticText(40)
    for operation in STRONGLY:
        augmented = TransformDataset(plain, operation)
        assert len(augmented) == len(plain)
        assert [label for _, label in augmented] == [label for _, label in plain]
        assert [text for text, _ in augmented] != [text for text, _ in plain]


@pytest.mark.parametrize("operation", COUNTED)
def test_a_sentence_keeps_its_topic(operation):
    torch.manual_seed(0)
    nouns = {topic: set(words["noun"]) for topic, words in TOPICS.items()}
    for text, label in TransformDataset(SyntheticText(100), partial(operation, n=5)):
        found = {number for number, topic in enumerate(TOPICS) if set(text.split()) & nouns[topic]}
        assert found <= {label}


@pytest.mark.parametrize(
    "arguments",
    [
        {"num_workers": 0},
        {"num_workers": 2, "multiprocessing_context": "fork"},
        {"num_workers": 2, "worker_type": "thread"},
    ],
    ids=["here", "fork", "thread"],
)
def test_other_texts_in_every_worker_and_epoch_the_same_in_every_run(arguments):
    text = " ".join(["big", "old", "sad", "happy", "quick"] * 8)

    def run(seed):
        torch.manual_seed(seed)
        dataset = TransformDataset(ListDataset([text] * 12), partial(synonym_replacement, n=20))
        loader = DataLoader(dataset, batch_size=3, **arguments)
        return [text for _ in range(2) for batch in loader for text in batch]

    first = run(1)
    assert len(set(first)) == 24
    assert run(1) == first
    assert run(2) != first


def test_augmented_words_are_encoded_and_padded():
    def encode(words):
        return [len(word) for word in words]

    def transform(text):
        return encode(random_deletion(random_insertion(text, 2)).split())

    dataset = TransformDataset(SyntheticText(10), transform)
    batch = next(iter(DataLoader(dataset, batch_size=10, collate_fn=pad_sequence_collate)))
    assert batch["sequences"].shape == (10, batch["lengths"].max())
    assert batch["labels"].tolist() == SyntheticText(10).targets.tolist()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_functions_can_be_pickled(operation):
    assert pickle.loads(pickle.dumps(operation)) is operation


# Mistakes


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("text", [None, 3, [1, 2], b"soup", ("soup", 1), {"soup"}])
def test_what_is_no_text_is_refused(operation, text):
    with pytest.raises(TypeError, match="strings"):
        operation(text)


@pytest.mark.parametrize("operation", COUNTED)
@pytest.mark.parametrize("n", [-1, 1.0, True, None])
def test_a_wrong_number_of_changes_is_refused(operation, n):
    with pytest.raises(ValueError, match=f"n got {n!r}"):
        operation("soup", n)


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan"), True, "0.1"])
def test_what_is_no_probability_is_refused(p):
    with pytest.raises(ValueError, match="from 0 to 1"):
        random_deletion("soup", p)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_generator_of_another_kind_is_refused(operation):
    with pytest.raises(TypeError, match=r"torch\.Generator"):
        operation("soup", generator=3)
