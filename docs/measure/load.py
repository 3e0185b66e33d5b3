"""JOBS jobs over the API of two gateways: created and started at one, pulled and ended by a runner at the other.

python3 load.py PORT_OF_CALLERS PORT_OF_RUNNER JOBS, with USER_SECRET and REGISTER_SECRET in the environment. Speaks
WebSocket with nothing but the standard library. 64 job.run calls are at work at a time; prints jobs per second.
"""
import base64, json, os, socket, struct, sys, threading, time


class Wire:
    def __init__(self, port, secret):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET /rpc HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             f"Authorization: Bearer {secret}\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n").encode())
        status = self.file.readline()
        if b"101" not in status:
            sys.exit(f"no WebSocket: {status}")
        while self.file.readline().strip():
            pass
        self.lock, self.ids = threading.Lock(), 0

    def frame(self, opcode, data):
        size = len(data)
        head = bytes([0x80 | opcode]) + (bytes([0x80 | size]) if size < 126 else
                                         b"\xfe" + struct.pack(">H", size) if size < 65536 else b"\xff" + struct.pack(">Q", size))
        with self.lock:
            self.socket.sendall(head + b"\0\0\0\0" + data)

    def send(self, method, params):
        self.ids += 1
        self.frame(1, json.dumps({"jsonrpc": "2.0", "id": self.ids, "method": method, "params": params}).encode())
        return self.ids

    def receive(self):
        while True:
            first, size = self.file.read(2)
            size &= 127
            if size == 126:
                size, = struct.unpack(">H", self.file.read(2))
            elif size == 127:
                size, = struct.unpack(">Q", self.file.read(8))
            data = self.file.read(size)
            if first & 15 == 9:
                self.frame(10, data)
            elif first & 15 == 8:
                raise EOFError
            else:
                return json.loads(data)


def runner(wire):
    wire.send("runner.connect", {"secret": os.environ["REGISTER_SECRET"], "name": "measure", "slots": 64, "executors": ["sh"]})
    answer = wire.receive()
    if "error" in answer:
        sys.exit(str(answer))
    threading.Thread(target=beat, args=(wire, answer["result"]["heartbeat_ms"] / 1000), daemon=True).start()
    pulling = wire.send("runner.pull", {"max": 64, "wait_ms": 5000})
    try:
        while True:
            answer = wire.receive()
            if "id" in answer and answer["id"] == pulling:
                done = [{"job_id": job["id"], "attempt": job["attempt"], "lease": job["lease"], "success": "done", "exit_code": 0}
                        for job in answer["result"]["jobs"]]
                if done:
                    wire.send("runner.result", {"results": done})
                pulling = wire.send("runner.pull", {"max": 64, "wait_ms": 5000})
    except (EOFError, OSError, ValueError):
        pass


def beat(wire, pause_s):
    while True:
        time.sleep(pause_s)
        try:
            wire.send("runner.heartbeat", {"running": []})
        except OSError:
            return


def main():
    callers, runners, jobs = map(int, sys.argv[1:4])
    work = Wire(runners, os.environ["REGISTER_SECRET"])
    threading.Thread(target=runner, args=(work,), daemon=True).start()
    time.sleep(1)
    wire = Wire(callers, os.environ["USER_SECRET"])
    job = {"caller_id": "measure", "context_id": "sizes", "runner": "measure", "executor": "sh", "payload": "x" * 200,
           "timeout": 60}
    begun, sent = time.monotonic(), 0
    for _ in range(min(64, jobs)):
        wire.send("job.run", {"job": job})
        sent += 1
    for _ in range(jobs):
        answer = wire.receive()
        if "error" in answer:
            sys.exit(str(answer))
        if sent < jobs:
            wire.send("job.run", {"job": job})
            sent += 1
    print(f"jobs per second, 64 at work: {jobs / (time.monotonic() - begun):.0f}")


main()
