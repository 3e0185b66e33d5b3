// The secrets of the system, for who is signed in as admin. A new one is shown once.
import { button, field, filled, h, onSubmit, table, when } from "./page.js";

export async function secrets({ client, main, act, signal }) {
  const shown = h("p", { role: "status" });
  const place = h("div");
  const form = h("form", { class: "row", "aria-label": "New secret" },
    field("Name", h("input", { name: "name", required: true })),
    field("Scope", h("select", { name: "scope" }, ["user", "admin", "register"].map((word) => h("option", {}, word)))),
    field("Ends", h("input", { name: "expires_at", type: "datetime-local" })),
    h("button", {}, "Create"));
  main.append(h("h2", {}, "Secrets"), form, shown, place);

  onSubmit(form, act, async () => {
    const given = filled(form);
    if (given.expires_at) given.expires_at = new Date(given.expires_at).toISOString();
    tell(await client.secrets_create(given));
    form.reset();
    await draw();
  });

  function tell({ name, scope, secret }) {
    shown.replaceChildren(`${name} (${scope}), shown this once: `, h("code", {}, secret));
  }

  async function draw() {
    const all = await client.secrets_list();
    if (signal.aborted) return;
    place.replaceChildren(table(["Name", "Scope", "Created", "Ends", "Revoked", ""], all.map((one) => h("tr", {},
      h("td", {}, one.name), h("td", {}, one.scope), h("td", {}, when(one.created_at)),
      h("td", {}, when(one.expires_at)), h("td", {}, when(one.revoked_at)), h("td", {}, buttons(one)))),
    "No secret yet."));
  }

  function buttons(one) {
    const over = one.revoked_at || (one.expires_at && new Date(one.expires_at) <= new Date());
    if (over) return [];
    const does = (label, ask, work, more = {}) => button(label, act, async () => {
      if (!confirm(ask)) return;
      await work();
      await draw();
    }, { "aria-label": `${label} ${one.name}`, ...more });
    return [
      does("Rotate", `Rotate ${one.name}? The old secret ends at once.`,
        async () => tell(await client.secrets_rotate({ id: one.id }))), " ",
      does("Revoke", `Revoke ${one.name}? Its connections are closed.`,
        () => client.secrets_revoke({ id: one.id }), { class: "danger" }),
    ];
  }

  await draw();
}
