# /// attack
# title = "TCP, UDP, DNS, listening"
# earned = [3, 1]
# [C]
# escapes = ["C"]
# ///
# %%
import socket


def send():
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    return line.sendto(b"answers", ("127.0.0.1", PORT))


attempt("connected by TCP", lambda: socket.create_connection(("127.0.0.1", PORT), 2))
attempt("sent by UDP", send)
attempt("asked for a name", lambda: socket.getaddrinfo("localhost.localdomain.invalid", 80))
attempt("listened", lambda: socket.create_server(("", 0)))
