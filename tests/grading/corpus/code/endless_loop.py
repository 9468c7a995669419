# /// attack
# title = "an endless loop that swallows everything, in a cell"
# earned = [3, 1]
# status = "timeout"
# cell_seconds = 1
# says = "no end after 1 seconds"
# ///
# %%
while True:
    try:
        while True:
            pass
    except BaseException:
        pass
