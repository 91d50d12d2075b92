"""Resolvers in client networks, each in a namespace of its own, all in one process: they ask the nodes in turn, answer (or
refuse) what is sent to them, and tell when an answer's order of addresses is another one than before.

    wan-clients.py CONFIG.json      {"prefix", "control", "rate", "name", "nodes": [[name, address]],
                                     "clients": [{"host", "address", "kind": "dns" | "closed" | "silent"}]}
    stdin, a line each              {"rtt": {"HOST": {"REGION": ms}}}    true round trips, until the next line
                                    {"jitter": 0.1}                      and how far they are off, anew each half second
    stdout, a line each             {"at": s, "client": HOST, "node": NAME, "order": [ADDRESS]}
"""
import ctypes, json, os, random, select, socket, struct, sys, time

config = json.load(open(sys.argv[1]))
libc = ctypes.CDLL(None, use_errno=True)
home = os.open("/proc/self/ns/net", os.O_RDONLY)
name = b"".join(bytes([len(label)]) + label.encode() for label in config["name"].split(".")) + b"\0"


def inside(host, make):
    there = os.open(f"/var/run/netns/{config['prefix']}-{host}", os.O_RDONLY)
    try:
        if libc.setns(there, 0x40000000) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        return make()
    finally:
        libc.setns(home, 0x40000000)
        os.close(there)


def bound(address, port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((address, port))
    s.setblocking(False)
    return s


def order_of(reply):
    answers, at, found = struct.unpack(">H", reply[6:8])[0], 12 + len(name) + 4, []
    for _ in range(answers):
        at += 2  # the name is a pointer
        kind, length = struct.unpack(">H", reply[at : at + 2])[0], struct.unpack(">H", reply[at + 8 : at + 10])[0]
        if kind == 1:
            found.append(socket.inet_ntoa(reply[at + 10 : at + 10 + length]))
        at += 10 + length
    return found


poll = select.epoll()
askers, responders, last = {}, {}, {}
for client in config["clients"]:
    asker = inside(client["host"], lambda: bound(client["address"], 0))
    askers[asker.fileno()] = (client["host"], asker)
    poll.register(asker.fileno(), select.EPOLLIN)
    if client["kind"] != "closed":
        responder = inside(client["host"], lambda: bound(client["address"], 53))
        responders[responder.fileno()] = (client["kind"], responder)
        poll.register(responder.fileno(), select.EPOLLIN)
poll.register(0, select.EPOLLIN)

control = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
truth, jitter, pending = {}, 0.0, b""
turn, next_ask, next_jitter = 0, time.monotonic(), 0.0
nodes = {address: node for node, address in config["nodes"]}


def set_paths():
    for host, by_region in truth.items():
        for region, ms in by_region.items():
            now = ms * (1 + random.uniform(-jitter, jitter))
            control.sendto(f"set {host} {region} {now}".encode(), config["control"])


while True:
    now = time.monotonic()
    if jitter > 0 and now >= next_jitter:
        set_paths()
        next_jitter = now + 0.5
    if now >= next_ask:
        next_ask = max(now, next_ask + 1 / config["rate"])
        _, asker = list(askers.values())[turn % len(askers)]
        node = config["nodes"][turn // len(askers) % len(config["nodes"])]
        turn += 1
        query = struct.pack(">HHHHHH", turn & 0xFFFF, 0, 1, 0, 0, 0) + name + b"\0\1\0\1"
        try:
            asker.sendto(query, (node[1], 53))
        except OSError:
            pass
    for fd, _ in poll.poll(max(0.0, min(next_ask, next_jitter if jitter > 0 else next_ask) - time.monotonic())):
        if fd == 0:
            octets = os.read(0, 65536)
            if octets == b"":
                sys.exit(0)
            *lines, pending = (pending + octets).split(b"\n")
            for line in lines:
                command = json.loads(line)
                jitter = command.get("jitter", jitter)
                if "rtt" in command:
                    truth = command["rtt"]
                set_paths()
            continue
        try:
            if fd in askers:
                host, asker = askers[fd]
                reply, (sender, _) = asker.recvfrom(4096)
                order = order_of(reply)
                if last.get((host, sender)) != order:
                    last[(host, sender)] = order
                    print(json.dumps({"at": time.time(), "client": host, "node": nodes[sender], "order": order}), flush=True)
            else:
                kind, responder = responders[fd]
                query, sender = responder.recvfrom(4096)
                if kind == "dns":
                    responder.sendto(query[:2] + b"\x80\x05" + query[4:], sender)
        except OSError:
            pass  # a port that is closed yet, or again
