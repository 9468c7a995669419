# /// attack
# title = "torch's own class copied, names changed (told for review)"
# earned = [1, 1, 1, 2]
# exercise = "98"
# review = "98.4 repeats"
# ///
# %% 98.4
import itertools

# a copy of torch.utils.data.BatchSampler comes here
