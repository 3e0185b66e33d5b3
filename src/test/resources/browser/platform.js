// What a browser gives and the language alone does not, as far as client.js uses it; `host` is a JavaScriptRealm.
globalThis.setTimeout = (then, ms = 0) => host.later(ms, then);
globalThis.clearTimeout = (timer) => host.cancel(timer ?? 0);
globalThis.setInterval = (then, ms) => host.often(ms, then);
globalThis.clearInterval = globalThis.clearTimeout;
globalThis.crypto = {
  getRandomValues(bytes) {
    for (let at = 0; at < bytes.length; at++) bytes[at] = Math.floor(Math.random() * 256);
    return bytes;
  },
};

globalThis.URL = class {
  constructor(text) {
    const [, protocol, authority, pathname] = /^(\w+:)\/\/([^/]+)([^?#]*)/.exec(text) ?? [];
    if (!protocol) throw new TypeError(`Invalid URL: ${text}`);
    Object.assign(this, { protocol, host: authority, pathname: pathname || "/" });
  }
};

globalThis.AbortController = class {
  constructor() {
    const listeners = new Set();
    this.signal = {
      aborted: false,
      reason: undefined,
      addEventListener: (name, then) => listeners.add(then),
      removeEventListener: (name, then) => listeners.delete(then),
      throwIfAborted() {
        if (this.aborted) throw this.reason;
      },
    };
    this.listeners = listeners;
  }

  abort(reason = Object.assign(new Error("aborted"), { name: "AbortError" })) {
    if (this.signal.aborted) return;
    Object.assign(this.signal, { aborted: true, reason });
    const told = [...this.listeners];
    this.listeners.clear();
    for (const then of told) then();
  }
};

globalThis.WebSocket = class {
  #way;

  constructor(url) {
    this.#way = host.socket(url, {
      open: () => this.onopen?.({}),
      message: (data) => this.onmessage?.({ data }),
      close: (code, reason) => this.onclose?.({ code, reason }),
    });
  }

  send(text) {
    this.#way.send(text);
  }

  close(code = 1000) {
    this.#way.close(code);
  }
};

globalThis.fetch = (url, { headers, body, signal }) => new Promise((resolve, reject) => {
  signal.addEventListener("abort", () => reject(signal.reason));
  host.post(url, Object.entries(headers).flat(), body,
    (status, text) => resolve({ status, text: async () => text }),
    (message) => reject(new TypeError("fetch failed", { cause: { message, code: "ECONNREFUSED" } })));
});
