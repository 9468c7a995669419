# /// attack
# title = "right answers"
# earned = [3, 1]
# ///
