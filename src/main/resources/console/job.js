// One job: where it stands and why, what it printed, how it ended.
import { button, facts, h, rest, status, table, took, when } from "./page.js";

/** Of a long log the page keeps so many pieces, the last ones; job.logs has all that the server keeps. */
const PIECES = 5000;
const LOOK_MS = 5000;
const GONE = "job_not_found";
const FINAL = new Set(["completed", "failed", "timeout"]);

export async function job({ client, main, signal, act, go, argument: id }) {
  const top = h("div");
  const log = h("pre", { "aria-label": "Log", tabindex: "0" });
  main.append(top, h("h3", {}, "Log"), log);

  async function draw() {
    const details = await client.job_get(id);
    const open = !FINAL.has(details.state.status);
    const reason = open ? (await client.job_explain(id)).message : "";
    if (!signal.aborted) top.replaceChildren(...described(details, reason, buttons(details.state.status)));
  }

  function buttons(word) {
    const does = (label, work, more) => button(label, act, work, more);
    return h("div", { class: "row" },
      word === "created" ? does("Start", () => client.job_start({ job_id: id })) : null,
      FINAL.has(word) ? null : does("Stop", () => client.job_stop({ job_id: id })),
      does("Run again", () => go(`#new/${encodeURIComponent(id)}`)),
      does("Delete", async () => {
        if (!confirm(`Delete ${id}? Payload, log and result go; the history keeps its times.`)) return;
        try {
          await client.job_delete({ job_id: id });
        } catch (error) {
          if (error.kind !== GONE) throw error;
        }
        go("#jobs");
      }, { class: "danger" }));
  }

  /** Whether it is still there. */
  async function drawn() {
    try {
      await draw();
      return true;
    } catch (error) {
      if (error.kind !== GONE) throw error;
      top.replaceChildren(h("h2", {}, "Job ", h("code", {}, id)), h("p", {}, "This job was deleted."));
      return false;
    }
  }

  await draw();
  let attempt = 0;
  for await (const event of client.watchJob(id, { logs: true, signal })) {
    if (event.type === "log") {
      const below = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
      if (event.attempt !== attempt) log.replaceChildren();
      attempt = event.attempt;
      log.append(h("span", { class: event.stream }, event.data));
      while (log.childNodes.length > PIECES) log.firstChild.remove();
      if (below) log.scrollTop = log.scrollHeight;
    } else if (!(await drawn())) {
      return;
    }
  }
  // The stream has told the end. What is left is that somebody deletes it.
  do {
    await rest(LOOK_MS, signal);
  } while (!signal.aborted && (document.hidden || (await isThere())));

  async function isThere() {
    try {
      await client.call("job.status", { job_id: id }, { signal });
      return true;
    } catch (error) {
      return error.kind !== GONE || drawn();
    }
  }
}

function described(details, reason, buttons) {
  const { job: spec, queue, state, result, attempts, progress, stop_requested_at: stopping } = details;
  const variables = Object.entries(spec.env_vars ?? {}).map(([name, value]) => `${name}=${value}`).join("\n");
  return [
    h("h2", {}, "Job ", h("code", {}, spec.id)),
    buttons,
    facts([
      ["Status", h("span", {}, status(state.status), reason ? ` – ${reason}` : "")],
      ["Stop asked for", stopping ? when(stopping) : null],
      ["Progress", progressOf(progress)],
      ["Runner, queue", `${spec.runner}, ${queue ?? "–"}`],
      ["Executor", spec.executor],
      ["Caller, context", `${spec.caller_id}, ${spec.context_id}`],
      ["Created", when(state.created_at)],
      ["Started", state.started_at ? when(state.started_at) : null],
      ["Took", state.completed_at && state.started_at ? took(state.started_at, state.completed_at) : null],
      ["Timeout", `${spec.timeout} s`],
      ["Retries", spec.retries ? `${spec.retries}, ${spec.retry_delay ?? 0} s apart` : null],
      ["Priority", spec.priority],
      ["Starts at", spec.start_at ? when(spec.start_at) : null],
      ["Labels", spec.labels ? JSON.stringify(spec.labels) : null],
    ]),
    ...(result ? [h("h3", {}, result.error === undefined ? "Result" : "Error"),
      h("pre", { id: "result" }, result.error ?? result.success)] : []),
    h("h3", {}, "Payload"), h("pre", {}, spec.payload),
    ...(variables ? [h("h3", {}, "Environment"), h("pre", {}, variables)] : []),
    ...(attempts.length > 0 ? [h("h3", {}, "Attempts"), attemptTable(attempts)] : []),
  ];
}

function progressOf({ percent, note } = {}) {
  return [percent === undefined ? "" : `${percent} %`, note ?? ""].filter(Boolean).join(" · ");
}

function attemptTable(attempts) {
  return table(["#Attempt", "Status", "Started", "#Took", "#Exit code", "Error"], attempts.map((one) => h("tr", {},
    h("td", { class: "number" }, String(one.attempt)), h("td", {}, status(one.status)),
    h("td", {}, when(one.started_at)), h("td", { class: "number" }, took(one.started_at, one.ended_at)),
    h("td", { class: "number" }, String(one.exit_code ?? "–")), h("td", { class: "text" }, one.error ?? ""))));
}
