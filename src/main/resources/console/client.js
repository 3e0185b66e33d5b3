// Hero Supervisor's client for browsers and Node.js 20 or newer: one ES module, no dependencies, no build step.
//
//   import { SupervisorClient } from "./client.js";
//   const client = new SupervisorClient("ws://127.0.0.1:3030", { secret: "hsv_usr_…" });
//   const result = await client.job_run(null, { caller_id: "me", context_id: "try", runner: "local",
//                                               executor: "sh", payload: "echo hello" });
//   for await (const event of client.watchJob(id, { logs: true })) console.log(event);
//   client.close();
//
// Each method of openrpc.json but those of runners is a method here, its dots written as underscores, and takes its
// parameters by position or as one object by name: job_status("job-1"), job_status({ job_id: "job-1" }).
// Any other call: call(method, params). An error of the server is an RpcError, a connection that cannot be made or
// held a ConnectionLost.

/** What the server answered instead of a result: `code` and `data` are JSON-RPC's, `kind` is the stable word. */
export class RpcError extends Error {
  constructor({ code, message, data }) {
    super(message);
    this.name = "RpcError";
    this.code = code;
    this.data = data ?? {};
    this.kind = this.data.kind ?? "";
  }
}

/** No connection, or it ended; `code` is the WebSocket's close code or HTTP's status, 0 when there is none. */
export class ConnectionLost extends Error {
  constructor(message, code = 0, reason = "") {
    super(message);
    this.name = "ConnectionLost";
    this.code = code;
    this.reason = reason;
  }
}

const METHODS = [
  "list_runners", "register_runner", "jobs.create", "jobs.list", "job.run", "job.start", "job.status", "job.result",
  "remove_runner", "start_runner", "stop_runner", "get_runner_status", "get_all_runner_status", "start_all",
  "stop_all", "get_all_status", "job.stop", "job.delete", "rpc.discover", "job.get", "job.explain", "job.logs",
  "run_job", "create_job", "list_jobs", "secrets.create", "secrets.list", "secrets.rotate", "secrets.revoke",
  "admin.log_level",
];
/** Each call of these makes something new; all others may be sent again when nobody knows whether they arrived. */
const ONCE = /^(secrets\.create|secrets\.rotate|runner\..*)$/;
/** With an id of its own a job may be sent again: the server takes it once. */
const MAKES_JOB = /^(jobs\.create|job\.run|create_job|run_job)$/;
const STREAM = /^job\.(event|gap|log)$/;

/** As Node.js tells them; a browser does not say. */
const NEVER_SENT = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN)$/;
const SECRET_REFUSED = 4401;
const FIRST_PAUSE_MS = 200;
const LAST_PAUSE_MS = 15_000;
const HINT_MAX_MS = 60_000;
const CONNECT_MS = 10_000;
const PATIENCE_MS = 60_000;
/** Servers close what is silent for longer, and say so to nobody when the way between is cut. */
const SILENT_MS = 25_000;
const PONG_MS = 10_000;
const UNREAD_MAX = 10_000;

/** A client of one system; connects with the first call, and again when a connection is lost. */
export class SupervisorClient {
  #urls;
  #secret;
  #Socket;
  #patience;
  #at = 0;
  #failures = 0;
  #opening = null;
  #connection = null;
  #closed = false;
  #lastId = 0;

  /**
   * @param {string|string[]} urls gateways of one system, tried in turn: `ws:` and `wss:` keep a WebSocket, `http:`
   *   and `https:` send each call by POST (no streams); left out, the server that a page came from
   * @param {{secret?: string, WebSocket?: any, patience?: number}} options `WebSocket`: a class for where there is
   *   none, such as that of the package ws on Node.js 20; `patience`: how many ms a call that may be repeated is
   *   repeated for when its connection is lost (60,000)
   */
  constructor(urls = globalThis.location?.href, options = {}) {
    const all = (Array.isArray(urls) ? urls : [urls]).map(place);
    if (all.length === 0) throw new TypeError("at least one URL is needed");
    this.#urls = urls === globalThis.location?.href ? all.map((url) => url.replace(/^http/, "ws")) : all;
    this.#secret = options.secret;
    this.#Socket = options.WebSocket ?? globalThis.WebSocket;
    this.#patience = options.patience ?? PATIENCE_MS;
    if (!this.#Socket && this.#urls.some((url) => url.startsWith("ws"))) {
      throw new TypeError("there is no WebSocket here: give one as an option, or an http: URL");
    }
  }

  /**
   * Any method. Params by name as an object or by position as an array. Waits as long as the call takes.
   * @param {{signal?: AbortSignal}} options `signal` ends the wait, not what the server does
   */
  async call(method, params = {}, { signal } = {}) {
    const all = MAKES_JOB.test(method) ? withId(params) : params;
    const until = Date.now() + this.#patience;
    for (let repeated = false; ; repeated = true) {
      signal?.throwIfAborted();
      try {
        return await this.#send(method, all, signal);
      } catch (error) {
        if (repeated && method === "job.delete" && error.kind === "job_not_found") return null;
        const unheard = error instanceof ConnectionLost && (error.sent || repeated);
        if (!unheard && error.kind !== "shutting_down") throw error;
        if (this.#closed || error.code === SECRET_REFUSED || ONCE.test(method) || Date.now() > until) throw error;
        await pause(this.#next(error), signal);
      }
    }
  }

  /**
   * What happens to jobs that pass `filter`, from now on or behind `since`, over as many connections as it takes: an
   * async iterator of the members of `job.event` and `job.gap`, with `type` "event" or "gap". `signal` ends it.
   */
  watchJobs(filter = {}, { since, signal } = {}) {
    return this.#follow("jobs.subscribe", since === undefined ? { filter } : { filter, since }, signal);
  }

  /** Where a job stands, then each change, with `logs` what it prints (`type` "log"); ends behind the final event. */
  watchJob(jobId, { logs = false, signal } = {}) {
    return this.#follow("job.subscribe", { job_id: jobId, logs }, signal);
  }

  /** Ends the connection; calls that are under way fail as ConnectionLost, and jobs go on. */
  close() {
    this.#closed = true;
    this.#connection?.end(1000);
  }

  #send(method, params, signal) {
    const id = ++this.#lastId;
    return this.#urls[this.#at].startsWith("ws")
      ? this.#connected().then((connection) => connection.request(id, method, params, signal))
      : this.#post(id, method, params, signal);
  }

  async #post(id, method, params, signal) {
    const headers = { "Content-Type": "application/json" };
    if (this.#secret) headers.Authorization = `Bearer ${this.#secret}`;
    const body = JSON.stringify({ jsonrpc: "2.0", id, method, params });
    let answer;
    try {
      const response = await fetch(this.#urls[this.#at], { method: "POST", headers, body, signal });
      answer = JSON.parse(await response.text());
      if (response.status === 503) throw lost(answer.error?.message ?? "the server is busy", 503);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof ConnectionLost) throw error;
      const message = `no answer from ${this.#urls[this.#at]}: ${error.cause?.message ?? error.message}`;
      throw NEVER_SENT.test(error.cause?.code) ? new ConnectionLost(message) : lost(message);
    }
    this.#failures = 0;
    if (answer.error) throw new RpcError(answer.error);
    return answer.result;
  }

  /** One connection for all; who comes while it is being made waits with the first. */
  #connected() {
    if (this.#closed) return Promise.reject(new ConnectionLost("the client was closed"));
    if (this.#connection?.open) return Promise.resolve(this.#connection);
    this.#opening ??= this.#connect().finally(() => (this.#opening = null));
    return this.#opening;
  }

  /** Each server once. */
  async #connect() {
    for (let asked = 1; ; asked++) {
      let connection = null;
      try {
        connection = await Connection.open(this.#urls[this.#at], this.#Socket);
        if (this.#secret) await connection.request(`login-${++this.#lastId}`, "auth.login", { secret: this.#secret });
        if (this.#closed) throw new ConnectionLost("the client was closed");
        this.#failures = 0;
        this.#connection = connection;
        return connection;
      } catch (error) {
        connection?.end(1000);
        if (error instanceof RpcError || asked >= this.#urls.length) throw error;
        this.#at = (this.#at + 1) % this.#urls.length;
      }
    }
  }

  /** How long to wait before the next server is asked; drawn, so that many clients do not come at once. */
  #next(lostConnection) {
    this.#at = (this.#at + 1) % this.#urls.length;
    const round = Math.floor(this.#failures++ / this.#urls.length);
    const hint = /retry_after_ms\D{1,4}(\d{1,7})/.exec(lostConnection.reason);
    const ms = hint
      ? Math.min(HINT_MAX_MS, 2 * Number(hint[1]))
      : Math.min(LAST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(round, 10));
    return ms / 2 + (Math.random() * ms) / 2;
  }

  async *#follow(method, params, signal) {
    const position = new Position(method, params);
    for (let begun = false; ; ) {
      let stream = null;
      signal?.throwIfAborted();
      try {
        const connection = await this.#connected();
        stream = await connection.subscribe(`stream-${++this.#lastId}`, method, position.params(), signal);
        begun = true;
        position.begins(stream.seq);
        for (let event; (event = await stream.next()); ) {
          if (!position.passes(event)) continue;
          yield event;
          if (event.final && method === "job.subscribe") return;
        }
      } catch (error) {
        const again = begun && error instanceof ConnectionLost && error.code !== SECRET_REFUSED;
        const later = begun && (error.kind === "busy" || error.kind === "shutting_down");
        if (this.#closed || signal?.aborted || !(again || later)) throw error;
        await pause(this.#next(error), signal);
      } finally {
        stream?.end();
      }
    }
  }
}

for (const method of METHODS) {
  const name = method.replace(".", "_");
  SupervisorClient.prototype[name] = function (...given) {
    const byName = given.length === 1 && given[0] !== null && typeof given[0] === "object";
    return this.call(method, byName ? given[0] : given);
  };
}

/** Where a stream is, so that another connection goes on behind it. */
class Position {
  #method;
  #params;
  #seq;
  #attempt = 0;
  #printed = 0;
  #state = "";

  constructor(method, params) {
    this.#method = method;
    this.#params = params;
    this.#seq = params.since;
  }

  params() {
    if (this.#method === "jobs.subscribe") {
      return this.#seq === undefined ? this.#params : { ...this.#params, since: this.#seq };
    }
    return this.#params.logs && this.#attempt > 0
      ? { ...this.#params, log_since: { attempt: this.#attempt, offset: this.#printed } }
      : this.#params;
  }

  begins(seq) {
    this.#seq ??= seq;
  }

  /** Notes how far the stream is; false for what was told before: a new stream of a job begins with its state. */
  passes(event) {
    if (event.type === "log") {
      this.#attempt = event.attempt;
      this.#printed = event.next;
      return true;
    }
    this.#attempt ||= Math.max(1, event.attempt ?? 1);
    this.#seq = event.seq;
    if (this.#method === "jobs.subscribe" || event.type === "gap") return true;
    const state = JSON.stringify([event.status, event.attempt, event.stopping]);
    const isNew = state !== this.#state;
    this.#state = state;
    return isNew;
  }
}

/** One WebSocket. */
class Connection {
  #socket;
  #calls = new Map();
  #streams = new Map();
  #heard = Date.now();
  #asked = false;
  #watch;
  open = true;

  static open(url, Socket) {
    return new Promise((resolve, reject) => {
      const socket = new Socket(url, ["jsonrpc"]);
      const fail = ({ code, reason }) => {
        clearTimeout(timer);
        reject(new ConnectionLost(`no connection to ${url}`, code, reason));
      };
      const timer = setTimeout(() => (socket.close(), fail({})), CONNECT_MS);
      socket.onopen = () => (clearTimeout(timer), resolve(new Connection(socket)));
      // Node.js 20 tells of a connection that could not be made by an error alone.
      socket.onerror = () => fail({});
      socket.onclose = fail;
    });
  }

  constructor(socket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#take(data);
    socket.onclose = ({ code, reason }) => this.#lose(code, reason);
    socket.onerror = () => this.#lose(1006, "");
    this.#watch = setInterval(() => this.#look(), PONG_MS);
  }

  end(code, reason = "") {
    this.#socket.close(code);
    this.#lose(code, reason);
  }

  /** Answers with the result; `taken` hears of it before anything that comes behind it. */
  request(id, method, params, signal, taken = () => {}) {
    return new Promise((resolve, reject) => {
      if (!this.open) return reject(lost("the connection has ended"));
      const forget = whenAborted(signal, () => (this.#calls.delete(id), reject(signal.reason)));
      const done = (settle) => (value) => (forget(), settle(value));
      this.#calls.set(id, { taken, resolve: done(resolve), reject: done(reject) });
      this.#socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    });
  }

  async subscribe(id, method, params, signal) {
    const stream = new Stream(() => this.#forget(stream), signal);
    await this.request(id, method, params, undefined, (answer) => {
      Object.assign(stream, answer);
      this.#streams.set(answer.subscription, stream);
    });
    return stream;
  }

  #forget(stream) {
    if (this.#streams.delete(stream.subscription) && this.open) {
      const id = `end-${stream.subscription}`;
      this.request(id, "job.unsubscribe", { subscription: stream.subscription }).catch(() => {});
    }
  }

  #take(text) {
    this.#heard = Date.now();
    this.#asked = false;
    const message = JSON.parse(text);
    if (message.method !== undefined) {
      const [, type] = STREAM.exec(message.method) ?? [];
      if (type) this.#streams.get(message.params.subscription)?.push({ type, ...message.params });
      return;
    }
    const call = this.#calls.get(message.id);
    if (!call) return;
    this.#calls.delete(message.id);
    if (message.error) return call.reject(new RpcError(message.error));
    call.taken(message.result);
    call.resolve(message.result);
  }

  /** A page is told of no ping, so it asks for something that costs nothing. */
  #look() {
    const silent = Date.now() - this.#heard;
    if (this.#asked && silent > SILENT_MS + PONG_MS) return this.end(3000, "the server was silent");
    if (!this.#asked && silent > SILENT_MS && (this.#calls.size > 0 || this.#streams.size > 0)) {
      this.#asked = true;
      this.request("alive", "job.unsubscribe", { subscription: "none" }).catch(() => {});
    }
  }

  #lose(code, reason) {
    if (!this.open) return;
    this.open = false;
    clearInterval(this.#watch);
    const error = lost(`the connection ended (${code}${reason ? `, ${reason}` : ""})`, code, reason);
    for (const call of this.#calls.values()) call.reject(error);
    for (const stream of this.#streams.values()) stream.fail(error);
    this.#calls.clear();
    this.#streams.clear();
  }
}

/** What came for one subscription and was not read yet. */
class Stream {
  #end;
  #unread = [];
  #error = null;
  #wake = null;
  #forget;

  constructor(end, signal) {
    this.#end = end;
    this.#forget = whenAborted(signal, () => this.fail(signal.reason));
  }

  /** Who reads too slowly is cut off here, and goes on behind what he has read: the server still has it. */
  push(event) {
    if (this.#unread.length >= UNREAD_MAX) {
      this.#end();
      this.fail(lost("read too slowly"));
    } else {
      this.#unread.push(event);
      this.#wake?.();
    }
  }

  fail(error) {
    this.#error ??= error;
    this.#wake?.();
  }

  async next() {
    while (this.#unread.length === 0) {
      if (this.#error) throw this.#error;
      await new Promise((resolve) => (this.#wake = resolve));
    }
    return this.#unread.shift();
  }

  end() {
    this.#forget();
    this.#end();
  }
}

/** Lost after the call was sent: nobody knows whether it arrived. */
function lost(message, code = 0, reason = "") {
  return Object.assign(new ConnectionLost(message, code, reason), { sent: true });
}

function place(url) {
  if (typeof url !== "string") throw new TypeError("the URL of a server is needed");
  const { protocol, host, pathname } = new URL(url);
  if (!/^(ws|http)s?:$/.test(protocol)) throw new TypeError(`'${url}' is not a ws:, wss:, http: or https: URL`);
  return `${protocol}//${host}${pathname === "/" || pathname.startsWith("/console") ? "/rpc" : pathname}`;
}

function withId(params) {
  const own = (job) => (job && typeof job === "object" && job.id === undefined ? { ...job, id: uuid() } : job);
  if (Array.isArray(params)) {
    return params.map((given) => (given?.job || given?.payload !== undefined ? withId(given) : given));
  }
  if (params.params) return { ...params, params: withId(params.params) };
  if (params.job) return { ...params, job: own(params.job) };
  return params.payload === undefined ? params : own(params);
}

/** Also in a page that came without TLS from another machine, where `crypto.randomUUID` is not given. */
function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => (forget(), resolve()), ms);
    const forget = whenAborted(signal, () => (clearTimeout(timer), reject(signal.reason)));
  });
}

/** Returns what takes the listener away again: a signal may live for long. */
function whenAborted(signal, then) {
  signal?.addEventListener("abort", then, { once: true });
  return () => signal?.removeEventListener("abort", then);
}
