"""A name server for one name: `A` records from a file of addresses, read anew for each question; NXDOMAIN when it is empty or the
name is another. SRV records of `_http._tcp.NAME` lead to it at port 7000."""

import socket
import struct
import sys

name, path = sys.argv[1].encode(), sys.argv[2]
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
print("ready", flush=True)


def encoded(name: bytes) -> bytes:
    return b"".join(bytes([len(label)]) + label for label in name.split(b".")) + b"\0"


while True:
    question, client = server.recvfrom(4096)
    labels, at = [], 12
    while question[at]:
        labels.append(question[at + 1 : at + 1 + question[at]])
        at += 1 + question[at]
    kind = struct.unpack("!H", question[at + 1 : at + 3])[0]
    asked = b".".join(labels).lower()
    addresses = open(path).read().split()
    answers, known = [], False
    if asked == name and addresses:
        known = True
        if kind == 1:
            answers = [(1, socket.inet_aton(address)) for address in addresses]
    elif asked == b"_http._tcp." + name and addresses:
        known = True
        if kind == 33:
            answers = [(33, struct.pack("!HHH", 0, 0, 7000) + encoded(name))]
    records = b"".join(b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 1, len(data)) + data for kind, data in answers)
    head = question[:2] + struct.pack("!HHHHH", 0x8180 | (0 if known else 3), 1, len(answers), 0, 0)
    server.sendto(head + question[12 : at + 5] + records, client)
