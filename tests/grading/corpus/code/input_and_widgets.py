# /// attack
# title = "input(), widgets, display"
# earned = [3, 0]
# says = "EOFError"
# ///
# %%
display("something", {"text/html": "<script>alert(1)</script>"})
# %%
import ipywidgets

ipywidgets.IntSlider()


# %% 99.2
def total(dataset):
    return float(input("the total? "))
