"""Looks tensors up in a dictionary, which compares objects and not values.

Rejected by: copies are found
Saying: two hashes
"""


def find_leaks(train, test):
    places = {train[i][0]: i for i in range(len(train))}
    return [(places[image], j) for j in range(len(test)) if (image := test[j][0]) in places]
