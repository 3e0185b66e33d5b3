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
  /** True when the call had been sent: nobody knows whether it arrived. */
  sent = false;
  /** True when it would end in the same way again. */
  final = false;
  /** How long the connection had held, in ms. */
  held = 0;

  constructor(message, { code = 0, reason = "", ...more } = {}) {
    super(message);
    Object.assign(this, { name: "ConnectionLost", code, reason }, more);
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

/** What a repeated call is told when the first one had arrived: as good as null. */
const DONE_BEFORE = { "job.start": "conflict", "job.delete": "job_not_found", remove_runner: "runner_not_found" };
/** As Node.js tells them; a browser does not say. */
const NEVER_SENT = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN)$/;

/** Closes after which the same would happen again: broken rules, and a secret that is no longer good. */
const FINAL_CLOSES = new Set([1002, 1003, 1007, 1008, 4401]);
const TOO_LARGE = 1009;
const FIRST_PAUSE_MS = 200;
const LAST_PAUSE_MS = 15_000;
const HINT_MAX_MS = 60_000;
const CONNECT_MS = 10_000;
const PATIENCE_MS = 60_000;
/** Who has been connected for longer has all his patience again. */
const STEADY_MS = 5_000;
const TERMINATE_MS = 1_000;
/** Servers close what is silent for longer, and say so to nobody when the way between is cut. */
const SILENT_MS = 25_000;
const PONG_MS = 10_000;
const UNREAD_MAX = 10_000;

/** A client of one system; connects with the first call, and again when a connection is lost. */
export class SupervisorClient {
  #urls;
  #overSockets;
  #secret;
  #Socket;
  #patience;
  #lastId = 0;
  /** Which server is asked, and when the next try may be made; after each failure it is the next one's turn. */
  #at = 0;
  #notBefore = 0;
  #failures = 0;
  #turns = 0;
  /** A server has been reached: from then on one that is away is a connection that was lost. */
  #reached = false;
  #opening = null;
  #connection = null;
  #open = new Set();
  #ending = new AbortController();

  /**
   * @param {string|string[]} urls gateways of one system, tried in turn: `ws:` and `wss:` keep a WebSocket, `http:`
   *   and `https:` send each call by POST (no streams); left out, the server that a page came from
   * @param {{secret?: string, WebSocket?: any, patience?: number}} options `WebSocket`: a class for where there is
   *   none, such as that of the package ws on Node.js 20; `patience`: how many ms after a loss a call is repeated
   *   for (60,000)
   */
  constructor(urls = globalThis.location?.href, options = {}) {
    const all = (Array.isArray(urls) ? urls : [urls]).map(place);
    if (all.length === 0) throw new TypeError("at least one URL is needed");
    this.#urls = urls === globalThis.location?.href ? all.map((url) => url.replace(/^http/, "ws")) : all;
    this.#overSockets = this.#urls[0].startsWith("ws");
    if (this.#urls.some((url) => url.startsWith("ws") !== this.#overSockets)) {
      throw new TypeError("the URLs must be all of ws: and wss:, or all of http: and https:");
    }
    this.#secret = options.secret;
    this.#Socket = options.WebSocket ?? globalThis.WebSocket;
    this.#patience = options.patience ?? PATIENCE_MS;
    if (!this.#Socket && this.#overSockets) {
      throw new TypeError("there is no WebSocket here: give one as an option, or an http: URL");
    }
  }

  /**
   * Any method. Params by name as an object or by position as an array. Waits as long as the call takes.
   * @param {{signal?: AbortSignal, patience?: number}} options `signal` ends the wait, not what the server does
   */
  async call(method, params = {}, { signal, patience = this.#patience } = {}) {
    const all = MAKES_JOB.test(method) ? withId(params) : params;
    let unheard = false;
    for (let until = 0; ; ) {
      signal?.throwIfAborted();
      try {
        return await this.#send(method, all, signal);
      } catch (error) {
        if (unheard && error instanceof RpcError && error.kind === DONE_BEFORE[method]) return null;
        if (!this.#mayRepeat(error, method)) throw error;
        unheard ||= error.sent === true;
        if (error.held > STEADY_MS) until = 0;
        until ||= Date.now() + patience;
        if (Date.now() >= until) throw error;
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
    this.#ending.abort(new ConnectionLost("the client was closed"));
    for (const connection of this.#open) connection.end(1000);
  }

  #mayRepeat(error, method) {
    if (this.#ending.signal.aborted || error.final) return false;
    if (error.kind === "shutting_down") return !ONCE.test(method);
    if (!(error instanceof ConnectionLost)) return false;
    return error.sent ? !ONCE.test(method) : this.#reached;
  }

  async #send(method, params, signal) {
    const id = ++this.#lastId;
    this.#ending.signal.throwIfAborted();
    if (!this.#overSockets) return this.#post(id, method, params, signal);
    const connection = await abortable(this.#connected(), signal, this.#ending.signal);
    try {
      return await connection.request(id, method, params, signal);
    } catch (error) {
      if (error.kind === "shutting_down") this.#leave(connection, error);
      throw error;
    }
  }

  /** To one server, or to the next ones as long as it cannot have arrived. */
  async #post(id, method, params, signal) {
    const headers = { "Content-Type": "application/json" };
    if (this.#secret) headers.Authorization = `Bearer ${this.#secret}`;
    const body = JSON.stringify({ jsonrpc: "2.0", id, method, params });
    await pause(this.#notBefore - Date.now(), signal, this.#ending.signal);
    for (let asked = 1; ; asked++) {
      const turn = this.#turns;
      const begun = Date.now();
      const stop = new AbortController();
      const forget = whenAborted((reason) => stop.abort(reason), signal, this.#ending.signal);
      let status = 0;
      try {
        const response = await fetch(this.#urls[this.#at], { method: "POST", headers, body, signal: stop.signal });
        status = response.status;
        const { error, result } = JSON.parse(await response.text());
        if (status === 503 || typeof error === "string") throw new Error(error?.message ?? error);
        this.#failures = 0;
        this.#reached = true;
        if (error) throw new RpcError(error);
        return result;
      } catch (error) {
        if (error instanceof RpcError) throw error;
        stop.signal.throwIfAborted();
        const message = `no answer from ${this.#urls[this.#at]}: ${error.cause?.message ?? error.message}`;
        const lost = new ConnectionLost(message, {
          code: status,
          sent: !NEVER_SENT.test(error.cause?.code),
          // Whatever is there, it is no server of ours.
          final: status >= 400 && status < 500,
          held: status === 200 ? Date.now() - begun : 0,
        });
        this.#turn(lost, turn);
        if (lost.sent || asked >= this.#urls.length) throw lost;
      } finally {
        forget();
      }
    }
  }

  /** One connection for all; who comes while it is being made waits with the first. */
  #connected() {
    if (this.#connection) return Promise.resolve(this.#connection);
    this.#opening ??= this.#connect().finally(() => (this.#opening = null));
    return this.#opening;
  }

  /** Each server once. */
  async #connect() {
    const ending = this.#ending.signal;
    await pause(this.#notBefore - Date.now(), ending);
    for (let asked = 1; ; asked++) {
      let connection = null;
      try {
        connection = await Connection.open(this.#urls[this.#at], this.#Socket, ending);
        const login = { secret: this.#secret };
        if (this.#secret) await connection.request(`login-${++this.#lastId}`, "auth.login", login, ending);
        this.#use(connection);
        return connection;
      } catch (error) {
        connection?.end(1000);
        ending.throwIfAborted();
        if (error instanceof RpcError && error.kind !== "shutting_down") throw error;
        this.#turn(error);
        if (asked >= this.#urls.length) throw error;
      }
    }
  }

  #use(connection) {
    this.#failures = 0;
    this.#reached = true;
    this.#connection = connection;
    this.#open.add(connection);
    connection.onlost = (error) => {
      this.#open.delete(connection);
      this.#leave(connection, error);
    };
  }

  /** New calls go over another one. */
  #leave(connection, error) {
    if (this.#connection === connection) {
      this.#connection = null;
      this.#turn(error);
    }
  }

  /**
   * The next server's turn, after a pause that is drawn, so that many clients do not come at once. Of several calls
   * that failed together, which began in the same turn, only the first one counts.
   */
  #turn(error, turn = this.#turns) {
    if (turn !== this.#turns) return;
    this.#turns++;
    this.#at = (this.#at + 1) % this.#urls.length;
    const round = Math.floor(this.#failures++ / this.#urls.length);
    const hint = /retry_after_ms\D{1,4}(\d{1,7})/.exec(error.reason);
    const ms = hint
      ? Math.min(HINT_MAX_MS, 2 * Number(hint[1]))
      : Math.min(LAST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(round, 10));
    this.#notBefore = Date.now() + ms / 2 + (Math.random() * ms) / 2;
  }

  async *#follow(method, params, signal) {
    if (!this.#overSockets) throw new TypeError("streams need a ws: or wss: URL");
    const position = new Position(method, params);
    for (;;) {
      let stream = null;
      let connection = null;
      try {
        signal?.throwIfAborted();
        connection = await abortable(this.#connected(), signal, this.#ending.signal);
        stream = await connection.subscribe(`stream-${++this.#lastId}`, method, position.params(), signal);
        position.begins(stream.seq);
        for (let event; (event = await stream.next()); ) {
          if (!position.passes(event)) continue;
          yield event;
          if (event.final && method === "job.subscribe") return;
        }
      } catch (error) {
        if (signal?.aborted || !this.#mayRepeat(error, method)) {
          if (signal?.aborted || error.kind !== "busy" || !position.begun) throw error;
          await pause(error.data.retry_after_ms ?? LAST_PAUSE_MS, signal, this.#ending.signal);
        }
        if (error.kind === "shutting_down") this.#leave(connection, error);
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
  begun = false;
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
    this.begun = true;
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
  #opened = Date.now();
  #heard = Date.now();
  #asked = false;
  #watch;
  #over = false;
  onlost = () => {};

  static open(url, Socket, signal) {
    return new Promise((resolve, reject) => {
      const socket = new Socket(url, ["jsonrpc"]);
      let forget = () => {};
      const settle = (then) => (clearTimeout(timer), forget(), then());
      const fail = ({ code, reason } = {}) => {
        socket.onopen = null;
        settle(() => reject(new ConnectionLost(`no connection to ${url}`, { code, reason })));
      };
      const give = () => (end(socket, 1000), fail());
      const timer = setTimeout(give, CONNECT_MS);
      socket.onopen = () => settle(() => resolve(new Connection(socket)));
      // Node.js 20 tells of a connection that could not be made by an error alone.
      socket.onerror = () => fail();
      socket.onclose = fail;
      forget = whenAborted(give, signal);
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
    end(this.#socket, code);
    this.#lose(code, reason);
  }

  /** Answers with the result; `taken` hears of it before anything that comes behind it. */
  request(id, method, params, signal, taken = () => {}) {
    return new Promise((resolve, reject) => {
      if (this.#over) return reject(new ConnectionLost("the connection has ended"));
      if (signal?.aborted) return reject(signal.reason);
      const text = JSON.stringify({ jsonrpc: "2.0", id, method, params });
      const forget = whenAborted((reason) => (this.#calls.delete(id), reject(reason)), signal);
      const done = (settle) => (value) => (forget(), settle(value));
      this.#calls.set(id, { taken, size: text.length, resolve: done(resolve), reject: done(reject) });
      this.#socket.send(text);
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
    if (this.#streams.delete(stream.subscription)) {
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

  /** Of a message that was too large for the server all calls suffer; only the largest would be so again. */
  #lose(code, reason) {
    if (this.#over) return;
    this.#over = true;
    clearInterval(this.#watch);
    const message = `the connection ended (${code}${reason ? `, ${reason}` : ""})`;
    const facts = { code, reason, sent: true, held: Date.now() - this.#opened };
    const error = new ConnectionLost(message, { ...facts, final: FINAL_CLOSES.has(code) });
    const largest = Math.max(...[...this.#calls.values()].map((call) => call.size));
    for (const call of this.#calls.values()) {
      const guilty = code === TOO_LARGE && call.size === largest;
      call.reject(guilty ? new ConnectionLost(message, { ...facts, final: true }) : error);
    }
    for (const stream of this.#streams.values()) stream.fail(error);
    this.#calls.clear();
    this.#streams.clear();
    this.onlost(error);
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
    this.#forget = whenAborted((reason) => this.fail(reason), signal);
  }

  /** Who reads too slowly is cut off here, and goes on behind what he has read: the server still has it. */
  push(event) {
    if (this.#unread.length >= UNREAD_MAX) {
      this.#end();
      this.fail(new ConnectionLost("read too slowly", { sent: true }));
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

function place(url) {
  if (typeof url !== "string") throw new TypeError("the URL of a server is needed");
  const { protocol, host, pathname } = new URL(url);
  if (!/^(ws|http)s?:$/.test(protocol)) throw new TypeError(`'${url}' is not a ws:, wss:, http: or https: URL`);
  return `${protocol}//${host}${pathname === "/" || pathname.startsWith("/console") ? "/rpc" : pathname}`;
}

/** Null is as good as no id for the server, too. */
function withId(params) {
  if (params === null || typeof params !== "object") return params;
  if (Array.isArray(params)) return params.map(withId);
  if (params.params) return { ...params, params: withId(params.params) };
  if (params.job) return { ...params, job: withId(params.job) };
  return params.payload === undefined ? params : { ...params, id: params.id ?? uuid() };
}

/** Also in a page that came without TLS from another machine, where `crypto.randomUUID` is not given. */
function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** Closes a socket. A peer that is silent never does so, too; browsers give up on him by themselves. */
function end(socket, code) {
  socket.close(code);
  if (socket.terminate) setTimeout(() => socket.terminate(), TERMINATE_MS).unref?.();
}

function pause(ms, ...signals) {
  if (ms <= 0) return Promise.resolve();
  let timer;
  return abortable(new Promise((resolve) => (timer = setTimeout(resolve, ms))), ...signals)
    .finally(() => clearTimeout(timer));
}

/** What the promise gives, or the reason of the first signal that is aborted. */
function abortable(promise, ...signals) {
  return new Promise((resolve, reject) => {
    const forget = whenAborted(reject, ...signals);
    promise.then(resolve, reject).finally(forget);
  });
}

/** Calls `then` with the reason, at once if it is so far, unless what it returns is called before. */
function whenAborted(then, ...signals) {
  const given = signals.filter(Boolean);
  const mine = (reason) => then(reason);
  for (const signal of given) {
    if (signal.aborted) mine(signal.reason);
    else waiting(signal).add(mine);
  }
  return () => given.forEach((signal) => WAITING.get(signal)?.leave(mine));
}

/** Who waits for a signal: it has one listener, however many they are. */
const WAITING = new WeakMap();

function waiting(signal) {
  if (!WAITING.has(signal)) {
    const all = new Set();
    const listener = () => all.forEach((then) => then(signal.reason));
    signal.addEventListener("abort", listener, { once: true });
    WAITING.set(signal, {
      add: (then) => all.add(then),
      leave(then) {
        if (!all.delete(then) || all.size > 0) return;
        signal.removeEventListener("abort", listener);
        WAITING.delete(signal);
      },
    });
  }
  return WAITING.get(signal);
}
