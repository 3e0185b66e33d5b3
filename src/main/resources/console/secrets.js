// The secrets of the system, for who is signed in as admin. A new one is shown once.
import { field, filled, h, table, when } from "./page.js";

export async function secrets({ client, main, act, signal }) {
  const shown = h("p", { role: "status" });
  const place = h("div");
  const form = h("form", { class: "row", "aria-label": "New secret" },
    field("Name", h("input", { name: "name", required: true })),
    field("Scope", h("select", { name: "scope" }, ["user", "admin", "register"].map((word) => h("option", {}, word)))),
    field("Ends", h("input", { name: "expires_at", type: "datetime-local" })),
    h("button", {}, "Create"));
  main.append(h("h2", {}, "Secrets"), form, shown, place);

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act(async () => {
      const given = filled(form);
      if (given.expires_at) given.expires_at = new Date(given.expires_at).toISOString();
      tell(await client.secrets_create(given));
      form.reset();
      await draw();
    });
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
    const button = (label, ask, work, more = {}) => h("button", {
      type: "button", ...more, "aria-label": `${label} ${one.name}`,
      onclick: () => act(async () => { if (confirm(ask)) { await work(); await draw(); } }),
    }, label);
    return [
      button("Rotate", `Rotate ${one.name}? The old secret ends at once.`,
        async () => tell(await client.secrets_rotate({ id: one.id }))), " ",
      button("Revoke", `Revoke ${one.name}? Its connections are closed.`,
        () => client.secrets_revoke({ id: one.id }), { class: "danger" }),
    ];
  }

  await draw();
}
