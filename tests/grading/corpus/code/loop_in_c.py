# /// attack
# title = "a loop inside C"
# earned = [3, 1]
# status = "timeout"
# cell_seconds = 1
# slow = true
# ///
# %%
import re

re.match("(a+)+$", "a" * 60 + "b")
