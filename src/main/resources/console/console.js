// The console: which view is shown, who is signed in, and what went wrong. It has no rights of its own: all it does
// are calls of openrpc.json over the client that everybody can use.
import { ConnectionLost, RpcError, SupervisorClient } from "/client.js";
import { api } from "./api.js";
import { job } from "./job.js";
import { jobs, newJob } from "./jobs.js";
import { runners } from "./runners.js";
import { secrets } from "./secrets.js";

const VIEWS = { jobs, new: newJob, runners, secrets, api, job };
/** Kept for as long as the tab: a secret in the address or in longer storage would be found by others. */
const KEPT = "supervisor-secret";

const byId = (id) => document.getElementById(id);
let client;
let leave = new AbortController();
/** The view could not be loaded because there was no server. */
let stranded = false;

/**
 * What a view gets: the client, a place that nobody else writes into, the signal that ends with it, `act` for what a
 * person asks for, `explained` for an error in words, and `go`, which leads on as long as nobody has gone elsewhere.
 */
async function show() {
  leave.abort();
  leave = new AbortController();
  const signal = leave.signal;
  const [name, argument = ""] = location.hash.slice(1).split("/");
  const view = Object.hasOwn(VIEWS, name) ? name : "jobs";
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === (view === "job" ? "#jobs" : `#${view}`)) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const main = document.createElement("main");
  main.id = "view";
  byId("view").replaceWith(main);
  stranded = false;
  const act = (work) => guarded(signal, work);
  const go = (hash) => signal.aborted || (location.hash = hash);
  const failure = await act(() =>
    VIEWS[view]({ client, main, signal, act, explained, go, argument: decodeURIComponent(argument) }));
  if (!signal.aborted) stranded = failure instanceof ConnectionLost;
}

/** Does it, and tells people what went wrong, unless they have gone on to another view. Gives what went wrong. */
async function guarded(signal, work) {
  if (!signal.aborted) say("");
  try {
    await work();
    return null;
  } catch (error) {
    if (!signal.aborted) say(explained(error));
    return error;
  }
}

function explained(error) {
  if (error instanceof RpcError && (error.kind === "unauthorized" || error.kind === "forbidden")) {
    return `${error.message}. Sign in with a secret of another scope; 'dev' keeps its secrets in .supervisor/dev.env.`;
  }
  if (error instanceof RpcError || error instanceof ConnectionLost) return error.message;
  return `${error.name}: ${error.message}`;
}

function say(text) {
  byId("message").textContent = text;
  byId("message").hidden = text === "";
}

/** A client of whoever is signed in. */
function sign(secret) {
  client?.close();
  client = new SupervisorClient(undefined, secret ? { secret } : {});
  byId("sign-out").hidden = !secret;
  watchConnection(client, secret);
}

/** Says whether the server is there, for as long as this client is the one in use. */
async function watchConnection(mine, secret) {
  const line = byId("connection");
  while (client === mine) {
    let up = true;
    let who = "no secret";
    try {
      if (secret) who = `scope ${(await mine.call("auth.login", { secret }, { patience: 0 })).scope}`;
      else await mine.call("job.unsubscribe", { subscription: "none" }, { patience: 0 });
    } catch (error) {
      up = error instanceof RpcError;
      if (secret || !up) who = up ? error.message : "no connection";
    }
    if (client !== mine) return;
    line.className = up ? "up" : "down";
    line.textContent = `${location.host} · ${who}`;
    if (up && stranded) show();
    await new Promise((resolve) => setTimeout(resolve, 5000));
  }
}

byId("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const secret = byId("secret").value.trim();
  if (!secret) return;
  sessionStorage.setItem(KEPT, secret);
  byId("secret").value = "";
  sign(secret);
  await show();
});
byId("sign-out").addEventListener("click", async () => {
  sessionStorage.removeItem(KEPT);
  sign("");
  await show();
});
addEventListener("hashchange", show);
sign(sessionStorage.getItem(KEPT) ?? "");
await show();
