# /// attack
# title = "builtins broken: one's own notebook suffers, nobody else's"
# earned = [3, 1]
# status = "crashed"
# ///
# %%
import builtins

builtins.compile = builtins.exec = builtins.isinstance = builtins.len = lambda *anything: 1 / 0
