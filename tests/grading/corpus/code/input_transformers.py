# /// attack
# title = "input transformers and import hooks"
# earned = [3, 1]
# says = "NameError"
# ///
# %%
import builtins
import sys


class Finder:
    @staticmethod
    def find_spec(name, path, target=None):
        return None


sys.meta_path.insert(0, Finder)
original = builtins.__import__
builtins.__import__ = lambda *arguments, **keywords: original(*arguments, **keywords)
get_ipython().input_transformers_cleanup.append(lambda lines: ["pass"])
