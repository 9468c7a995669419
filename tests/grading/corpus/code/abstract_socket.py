# /// attack
# title = "abstract sockets"
# earned = [3, 1]
# escapes = ["B?", "C"]
# ///
# %%
import socket

attempt(
    "connected to an abstract socket", lambda: socket.socket(socket.AF_UNIX).connect("\0" + ABSTRACT) is None
)
