// Every method of rpc.discover, to read and to call.
import { facts, field, h, onSubmit } from "./page.js";

export async function api({ client, main, act, signal, argument }) {
  const { methods } = await client.rpc_discover();
  const choice = h("select", { name: "method" }, methods.map(({ name, deprecated }) =>
    h("option", { value: name }, deprecated ? `${name} (deprecated)` : name)));
  const text = h("div");
  const params = h("textarea", { name: "params", rows: 10, spellcheck: "false" });
  const answer = h("pre", { id: "answer", role: "status" });
  const form = h("form", { class: "tall" }, field("Method", choice), text, field("Parameters, as JSON", params),
    h("div", { class: "row" }, h("button", {}, "Call")));
  main.append(h("h2", {}, "API"), form, answer);

  function choose() {
    const method = methods.find(({ name }) => name === choice.value);
    text.replaceChildren(h("p", {}, method.description ?? method.summary), facts([["Scope", method["x-scope"]]]));
    const example = method.examples?.[0]?.params ?? [];
    params.value = JSON.stringify(Object.fromEntries(example.map(({ name, value }) => [name, value])), null, 2);
    answer.textContent = "";
  }

  onSubmit(form, act, async () => {
    const given = JSON.parse(params.value || "{}");
    const before = performance.now();
    let said;
    try {
      said = { result: (await client.call(choice.value, given, { signal })) ?? null };
    } catch (error) {
      if (error.code === undefined || error.kind === undefined) throw error;
      said = { error: { code: error.code, message: error.message, data: error.data } };
    }
    answer.textContent = `${Math.round(performance.now() - before)} ms\n${JSON.stringify(said, null, 2)}`;
  });
  choice.addEventListener("change", choose);
  if (methods.some(({ name }) => name === argument)) choice.value = argument;
  choose();
}
