# /// attack
# title = "the library's class under the name of the answer: it is absent"
# earned = [1, 1, 1, 0]
# exercise = "98"
# review = "98.4 uses"
# says = "absent while this task is checked"
# ///
# %% 98.4
import torch.utils.data

Batches = torch.utils.data.BatchSampler
