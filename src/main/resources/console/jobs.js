// All jobs, newest first and as they change; and the form for a new one.
import { facts, field, filled, h, jobLink, onSubmit, rest, status, table, took, when } from "./page.js";

const SHOWN = 50;
/** However many jobs change in a second, the list is read at most this often, and less often where that takes long. */
const DRAW_MS = 500;
const DRAW_SHARE = 4;
const COLUMNS = ["Job", "Status", "Runner", "Executor", "Caller", "Context", "Created", "#Took"];
const NARROWED = { runner: "Runner", executor: "Executor", caller_id: "Caller", context_id: "Context" };
const STATUSES = ["created", "queued", "running", "completed", "failed", "timeout"];
const FINAL = new Set(["completed", "failed", "timeout"]);

export async function jobs({ client, main, signal, act, explained }) {
  const form = h("form", { class: "row", "aria-label": "Filter" },
    field("Status", h("select", { name: "status" }, ["", ...STATUSES].map((word) => h("option", {}, word)))),
    ...Object.entries(NARROWED).map(([name, label]) => field(label, h("input", { name, size: 14 }))),
    h("button", {}, "Filter"));
  const note = h("p", { class: "quiet", role: "status" }, "");
  const place = h("div");
  const older = h("button", { type: "button" }, "Older");
  main.append(h("h2", {}, "Jobs"), form, note, place, older);

  /** Ends with what is shown: another filter or another page has its own. */
  let shown = new AbortController();
  let last;
  signal.addEventListener("abort", () => shown.abort());
  onSubmit(form, act, newest);
  older.addEventListener("click", () => act(behind));

  function turn() {
    shown.abort();
    shown = new AbortController();
    if (signal.aborted) shown.abort();
    return shown.signal;
  }

  /** The newest ones, and what happens to them from then on. */
  async function newest() {
    const mine = turn();
    const filter = filled(form);
    // A job comes into a list of one status, and leaves it, by events of others.
    const { status: _, ...followed } = filter;
    const { seq } = await placeInLog(followed, mine);
    const states = new Map();
    await read(mine, filter, states, []);
    follow(mine, filter, followed, seq, states)
      .catch((error) => mine.aborted || act(() => { throw error; }));
  }

  /** Those behind the last one that is shown, as they are now. */
  async function behind() {
    const mine = turn();
    await read(mine, { ...filled(form), after: last }, new Map(), []);
    if (!mine.aborted) note.textContent = "older jobs; Filter goes back to the newest";
  }

  /** Where the log is before the list is read, so that nothing falls between the two. */
  async function placeInLog(filter, mine) {
    const answer = await client.call("jobs.subscribe", { filter }, { signal: mine });
    await client.call("job.unsubscribe", { subscription: answer.subscription }, { signal: mine });
    return answer;
  }

  /** Reads the list, and of its jobs the states that are not known or have changed; then draws. */
  async function read(mine, filter, states, changed) {
    const list = await client.call("jobs.list", { ...filter, limit: SHOWN }, { signal: mine });
    const unknown = list.filter(({ id }) => changed.includes(id) || !states.has(id));
    const found = await Promise.all(unknown.map(({ id }) => stateOf(id, mine)));
    if (mine.aborted) return;
    unknown.forEach(({ id }, at) => states.set(id, found[at]));
    for (const id of states.keys()) if (!list.some((job) => job.id === id)) states.delete(id);
    const rows = list.map((job) => ({ job, state: states.get(job.id) }))
      .filter(({ state }) => state && (!filter.status || state.status === filter.status));
    draw(rows);
    last = list.at(-1)?.id;
    older.disabled = list.length < SHOWN;
  }

  async function stateOf(id, mine) {
    try {
      return await client.call("job.status", { job_id: id }, { signal: mine });
    } catch (error) {
      if (error.kind === "job_not_found") return null;
      throw error;
    }
  }

  async function follow(mine, filter, followed, since, states) {
    const seen = { completed: 0, failed: 0, timeout: 0 };
    let changed = new Set();
    let wake = () => {};

    async function redraw() {
      for (;;) {
        await new Promise((resolve) => {
          wake = resolve;
          if (changed.size > 0) resolve();
        });
        const due = changed;
        changed = new Set();
        const before = performance.now();
        try {
          await read(mine, filter, states, [...due]);
          const ended = Object.entries(seen).map(([word, count]) => `${count} ${word}`).join(", ");
          note.textContent = `since this list was opened: ${ended}`;
        } catch (error) {
          if (mine.aborted) return;
          for (const id of due) changed.add(id);
          note.textContent = `not up to date: ${explained(error)}`;
        }
        await rest(Math.max(DRAW_MS, DRAW_SHARE * (performance.now() - before)), mine);
        if (mine.aborted) return;
      }
    }

    redraw();
    for await (const event of client.watchJobs(followed, { since, signal: mine })) {
      if (FINAL.has(event.status)) seen[event.status]++;
      // A gap names no job, and is a reason to look, too.
      changed.add(event.job_id ?? "");
      wake();
    }
  }

  function draw(rows) {
    place.replaceChildren(table(COLUMNS, rows.map(({ job, state }) => h("tr", {},
      h("td", { class: "id" }, jobLink(job.id)), h("td", {}, status(state.status)), h("td", {}, job.runner),
      h("td", {}, job.executor), h("td", {}, job.caller_id), h("td", {}, job.context_id),
      h("td", {}, when(state.created_at)), h("td", { class: "number" }, took(state.started_at, state.completed_at)),
    )), "No job here yet."));
  }

  await newest();
}

/** What a job that is made again has from the form or gets anew. */
const NOT_KEPT = ["id", "caller_id", "context_id", "payload", "runner", "executor", "timeout", "env_vars",
  "created_at", "updated_at", "start_at"];

/** A new job, or with an id in the address the same again. */
export async function newJob({ client, main, argument, act, go }) {
  const like = argument ? (await client.job_get(argument)).job : {};
  const kept = Object.fromEntries(Object.entries(like).filter(([name]) => !NOT_KEPT.includes(name)));
  const names = await client.list_runners();
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
    field("Environment", area("env_vars", 3, lines(like.env_vars ?? {})), "NAME=value, one per line, or a JSON object"),
    Object.keys(kept).length > 0 ? field("As before", h("pre", { id: "kept" }, JSON.stringify(kept))) : null,
    h("div", { class: "row" },
      h("button", { name: "then", value: "start" }, "Run"), h("button", { name: "then", value: "" }, "Create only")));
  onSubmit(form, act, async (pressed) => {
    const { payload, env_vars } = form.elements;
    const given = { ...filled(form), payload: payload.value, env_vars: variables(env_vars.value) };
    const spec = { ...kept, ...given, timeout: Number(given.timeout) };
    // A text area has line ends of its own.
    if (like.payload && unified(like.payload) === payload.value) spec.payload = like.payload;
    const id = await client.jobs_create({ job: spec });
    if (pressed?.value !== "") await client.job_start({ job_id: id });
    go(`#job/${encodeURIComponent(id)}`);
  });
  main.append(h("h2", {}, "New job"), form,
    names.length === 0 ? facts([["Runners", "none is registered yet: ./supervisor runner --help"]]) : "");
}

function unified(text) {
  return text.replace(/\r\n?/g, "\n");
}

function lines(values) {
  const all = Object.entries(values);
  if (all.some(([name, value]) => /[\r\n]/.test(value) || name.trim() !== name)) return JSON.stringify(values, null, 2);
  return all.map(([name, value]) => `${name}=${value}\n`).join("");
}

function variables(text) {
  if (text.trimStart().startsWith("{")) return JSON.parse(text);
  return Object.fromEntries(text.split("\n").filter((line) => line.trim() !== "").map((line) => {
    const at = line.indexOf("=");
    if (at < 1) throw new RangeError(`'${line}' is not NAME=value`);
    return [line.slice(0, at).trim(), line.slice(at + 1)];
  }));
}
