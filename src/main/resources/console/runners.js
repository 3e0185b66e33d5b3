// The runners: what each does, and whether jobs flow to it.
import { button, h, rest, status, table, when } from "./page.js";

const LOOK_MS = 2000;
const COLUMNS = ["Runner", "Queue", "State", "#Slots", "#Running", "#Waiting", "#Connections", "Last heard", ""];

export async function runners({ client, main, signal, act, explained }) {
  const late = h("p", { class: "quiet", role: "status" });
  const place = h("div");
  main.append(h("h2", {}, "Runners"),
    h("p", { class: "quiet" }, "Stop closes the flow of jobs to a name; what runs goes on, unless it is Stop now."),
    late, place);

  async function draw() {
    const all = await client.call("get_all_runner_status", {}, { signal });
    if (signal.aborted) return;
    const focused = place.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    place.replaceChildren(table(COLUMNS, all.map((one) => h("tr", {},
      h("td", {}, one.name), h("td", {}, one.queue), h("td", {}, status(one.state)),
      h("td", { class: "number" }, String(one.slots)), h("td", { class: "number" }, String(one.running)),
      h("td", { class: "number" }, String(one.queued)), h("td", { class: "number" }, String(one.connections)),
      h("td", {}, when(one.last_seen)), h("td", {}, buttons(one)))), "No runner is registered yet."));
    if (focused) [...place.querySelectorAll("button")].find((one) => one.dataset.key === focused)?.focus();
    late.textContent = "";
  }

  function buttons({ name, state }) {
    const does = (label, work, more = {}) => button(label, act, async () => {
      await work();
      await draw();
    }, { "aria-label": `${label} ${name}`, "data-key": `${label.replace("Start", "Stop")} ${name}`, ...more });
    return [
      state === "stopped"
        ? does("Start", () => client.start_runner({ actor_id: name }))
        : does("Stop", () => client.stop_runner({ actor_id: name })), " ",
      does("Stop now", () => client.stop_runner({ actor_id: name, force: true })), " ",
      does("Remove", async () => {
        if (confirm(`Forget the runner ${name}? Its jobs stay queued until a runner registers for their queue.`)) {
          await client.remove_runner({ actor_id: name });
        }
      }, { class: "danger" }),
    ];
  }

  // A button that somebody is about to press must not go away beneath it.
  const held = () => document.hidden || place.querySelector("button:hover, button[aria-busy]") !== null;
  await draw();
  for (;;) {
    await rest(LOOK_MS, signal);
    if (signal.aborted) return;
    if (held()) continue;
    try {
      await draw();
    } catch (error) {
      late.textContent = `not up to date: ${explained(error)}`;
    }
  }
}
