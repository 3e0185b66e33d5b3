// All jobs, newest first and as they change; and the form for a new one.
import { facts, field, filled, h, jobLink, status, table, took, when } from "./page.js";

const SHOWN = 50;
/** However many jobs end in a second, the table is drawn at most this often. */
const DRAW_MS = 500;
const COLUMNS = ["Job", "Status", "Runner", "Executor", "Caller", "Context", "Created", "#Took"];
const NARROWED = { runner: "Runner", executor: "Executor", caller_id: "Caller", context_id: "Context" };
const STATUSES = ["created", "queued", "running", "completed", "failed", "timeout"];
const FINAL = new Set(["completed", "failed", "timeout"]);

export async function jobs({ client, main, signal, act }) {
  const form = h("form", { class: "row", "aria-label": "Filter" },
    field("Status", h("select", { name: "status" }, ["", ...STATUSES].map((word) => h("option", {}, word)))),
    ...Object.entries(NARROWED).map(([name, label]) => field(label, h("input", { name, size: 14 }))),
    h("button", {}, "Filter"));
  const counts = h("p", { class: "quiet", role: "status" }, "");
  const place = h("div");
  const older = h("button", { type: "button" }, "Older");
  main.append(h("h2", {}, "Jobs"), form, counts, place, older);

  let running = new AbortController();
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act(begin);
  });
  older.addEventListener("click", () => act(() => page(running.signal, rows.at(-1)?.job.id)));
  signal.addEventListener("abort", () => running.abort());

  let rows = [];
  let filter = {};

  async function begin() {
    running.abort();
    running = new AbortController();
    filter = filled(form);
    await page(running.signal);
  }

  /** From the newest on with what happens to them, or behind a job, where nothing is followed. */
  async function page(mine, after) {
    let since;
    if (!after) ({ seq: since } = await following(mine));
    const list = await client.jobs_list({ ...filter, limit: SHOWN, ...(after ? { after } : {}) });
    const states = await Promise.all(list.map(({ id }) => stateOf(id)));
    if (mine.aborted) return;
    if (after) running.abort();
    rows = list.map((job, at) => ({ job, state: states[at] })).filter(({ state }) => state);
    draw(after ? "older jobs; Filter goes back to the newest" : "");
    if (!after) follow(mine, since).catch((error) => mine.aborted || act(() => { throw error; }));
  }

  /** The place in the log before the list is read, so that nothing falls between the two. */
  async function following(mine) {
    const answer = await client.call("jobs.subscribe", { filter }, { signal: mine });
    await client.call("job.unsubscribe", { subscription: answer.subscription });
    return answer;
  }

  async function stateOf(id) {
    try {
      return await client.job_status(id);
    } catch (error) {
      if (error.kind === "job_not_found") return null;
      throw error;
    }
  }

  async function follow(mine, since) {
    const seen = { completed: 0, failed: 0, timeout: 0 };
    const changed = new Set();
    let drawing = false;
    const changedRows = async () => {
      const ids = [...changed].slice(-SHOWN);
      changed.clear();
      await Promise.all(ids.map(renew));
      rows = rows.sort((one, other) => (one.state.created_at < other.state.created_at ? 1 : -1)).slice(0, SHOWN);
      const ended = Object.entries(seen).map(([word, count]) => `${count} ${word}`).join(", ");
      if (!mine.aborted) draw(`since this page was opened: ${ended}`);
    };
    const later = async () => {
      await new Promise((resolve) => setTimeout(resolve, DRAW_MS));
      drawing = false;
      if (!mine.aborted) await act(changedRows);
    };
    for await (const event of client.watchJobs(filter, { since, signal: mine })) {
      if (event.type !== "event") continue;
      if (FINAL.has(event.status)) seen[event.status]++;
      changed.delete(event.job_id);
      changed.add(event.job_id);
      if (!drawing) {
        drawing = true;
        later();
      }
    }
  }

  async function renew(id) {
    const row = rows.find(({ job }) => job.id === id);
    const state = await stateOf(id);
    if (!state || (filter.status && state.status !== filter.status)) {
      rows = rows.filter((other) => other !== row);
    } else if (row) {
      row.state = state;
    } else {
      rows.push({ job: (await client.job_get(id)).job, state });
    }
  }

  function draw(note) {
    counts.textContent = note;
    older.disabled = rows.length < SHOWN;
    place.replaceChildren(table(COLUMNS, rows.map(({ job, state }) => h("tr", {},
      h("td", { class: "id" }, jobLink(job.id)), h("td", {}, status(state.status)), h("td", {}, job.runner),
      h("td", {}, job.executor), h("td", {}, job.caller_id), h("td", {}, job.context_id),
      h("td", {}, when(state.created_at)), h("td", { class: "number" }, took(state.started_at, state.completed_at)),
    )), "No job here yet."));
  }

  await begin();
}

/** A new job, or with an id in the address the same again. */
export async function newJob({ client, main, argument, act }) {
  const like = argument ? (await client.job_get(argument)).job : {};
  const names = await client.list_runners().catch(() => []);
  const text = (name, value, more = {}) => h("input", { name, value: like[name] ?? value, required: true, ...more });
  const area = (name, rows, value, more = {}) => h("textarea", { name, rows, spellcheck: "false", ...more }, value);
  const form = h("form", { class: "tall" },
    field("Runner", text("runner", names[0] ?? "", { list: "runners" })),
    h("datalist", { id: "runners" }, names.map((name) => h("option", { value: name }))),
    field("Executor", text("executor", "sh"), "what the runner carries it out with, such as sh or python"),
    field("Payload", area("payload", 8, like.payload ?? "", { required: true })),
    field("Caller", text("caller_id", "console")),
    field("Context", text("context_id", "console")),
    field("Timeout, seconds", text("timeout", "300", { type: "number", min: "0.001", step: "any" })),
    field("Environment", area("env_vars", 3, lines(like.env_vars ?? {})), "NAME=value, one per line"),
    h("div", { class: "row" },
      h("button", { name: "then", value: "start" }, "Run"), h("button", { name: "then", value: "" }, "Create only")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act(async () => {
      const given = { ...filled(form), env_vars: variables(form.elements.env_vars.value) };
      given.timeout = Number(given.timeout);
      const id = await client.jobs_create({ job: given });
      if (event.submitter?.value !== "") await client.job_start({ job_id: id });
      location.hash = `#job/${encodeURIComponent(id)}`;
    });
  });
  main.append(h("h2", {}, "New job"), form,
    names.length === 0 ? facts([["Runners", "none is registered yet: ./supervisor runner --help"]]) : "");
}

function lines(values) {
  return Object.entries(values).map(([name, value]) => `${name}=${value}\n`).join("");
}

function variables(text) {
  return Object.fromEntries(text.split("\n").filter((line) => line.trim() !== "").map((line) => {
    const at = line.indexOf("=");
    if (at < 1) throw new RangeError(`'${line}' is not NAME=value`);
    return [line.slice(0, at).trim(), line.slice(at + 1)];
  }));
}
