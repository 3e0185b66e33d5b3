// The runners: what each does, and whether jobs flow to it.
import { h, rest, status, table, when } from "./page.js";

const LOOK_MS = 2000;
const COLUMNS = ["Runner", "Queue", "State", "#Slots", "#Running", "#Waiting", "#Connections", "Last heard", ""];

export async function runners({ client, main, signal, act }) {
  const place = h("div");
  main.append(h("h2", {}, "Runners"),
    h("p", { class: "quiet" }, "Stop closes the flow of jobs to a name; what runs goes on, unless it is Stop now."),
    place);

  async function draw() {
    const all = await client.get_all_runner_status();
    if (signal.aborted) return;
    place.replaceChildren(table(COLUMNS, all.map((one) => h("tr", {},
      h("td", {}, one.name), h("td", {}, one.queue), h("td", {}, status(one.state)),
      h("td", { class: "number" }, String(one.slots)), h("td", { class: "number" }, String(one.running)),
      h("td", { class: "number" }, String(one.queued)), h("td", { class: "number" }, String(one.connections)),
      h("td", {}, when(one.last_seen)), h("td", {}, buttons(one)))), "No runner is registered yet."));
  }

  function buttons({ name, state }) {
    const button = (label, work, more = {}) => h("button", {
      type: "button", ...more, "aria-label": `${label} ${name}`,
      onclick: () => act(async () => { await work(); await draw(); }),
    }, label);
    return [
      state === "stopped"
        ? button("Start", () => client.start_runner({ actor_id: name }))
        : button("Stop", () => client.stop_runner({ actor_id: name })), " ",
      button("Stop now", () => client.stop_runner({ actor_id: name, force: true })), " ",
      button("Remove", async () => {
        if (confirm(`Forget the runner ${name}? Its jobs stay queued until a runner registers for their queue.`)) {
          await client.remove_runner({ actor_id: name });
        }
      }, { class: "danger" }),
    ];
  }

  // A button that somebody is about to press must not go away beneath it.
  const held = () => document.hidden || place.querySelector("button:hover, button:focus") !== null;
  for (let drawn = await act(draw); drawn && !signal.aborted; ) {
    await rest(LOOK_MS, signal);
    if (!signal.aborted && !held()) await act(draw);
  }
}
