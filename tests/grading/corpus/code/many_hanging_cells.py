# /// attack
# title = "three cells that hang: missing evidence earns nothing"
# earned = [0, 0]
# status = "timeout"
# cell_seconds = 0.5
# slow = true
# ///
# %%
while True:
    pass
# %%
while True:
    pass
# %%
while True:
    pass
