// What all views share: elements, times, words. Text never becomes markup.

/** An element; attributes that begin with `on` are listeners, and those that are null or false are left out. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

/** A button that does `work` when it is pressed, and nothing more before that is done. */
export function button(label, act, work, attributes = {}) {
  const element = h("button", { type: "button", ...attributes, onclick: () => once(element, act, work) }, label);
  return element;
}

/** Does `work` with the button that sent the form; what is sent before that is done counts for nothing. */
export function onSubmit(form, act, work) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    once(form, act, () => work(event.submitter));
  });
}

async function once(element, act, work) {
  if (element.ariaBusy) return;
  element.ariaBusy = "true";
  await act(work);
  element.ariaBusy = null;
}

/** A table that scrolls by itself; `columns` are heads, those that begin with `#` stand to the right. */
export function table(columns, rows, empty) {
  const heads = columns.map((name) =>
    h("th", { scope: "col", class: name.startsWith("#") ? "number" : null }, name.replace("#", "")));
  return h("div", { class: "wide" },
    h("table", {}, h("thead", {}, h("tr", {}, heads)), h("tbody", {}, rows)),
    rows.length === 0 && empty ? h("p", { class: "quiet" }, empty) : null);
}

export function status(word) {
  return h("span", { class: `status ${word}` }, word);
}

/** A point in time in the reader's zone; the exact one is the title. */
export function when(at) {
  if (!at) return "–";
  const date = new Date(at);
  const today = new Date().toDateString() === date.toDateString();
  return h("time", { datetime: at, title: at }, today ? date.toLocaleTimeString() : date.toLocaleString());
}

export function took(from, to) {
  if (!from || !to) return "–";
  const ms = Math.max(0, new Date(to) - new Date(from));
  return ms < 1000 ? `${ms} ms` : ms < 120_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`;
}

export function jobLink(id) {
  return h("a", { href: `#job/${encodeURIComponent(id)}` }, id);
}

export function field(label, input, hint) {
  return h("label", {}, label, input, hint ? h("span", { class: "quiet" }, hint) : null);
}

/** Members and values of a description. */
export function facts(pairs) {
  return h("dl", {}, pairs.filter(([, value]) => value !== null && value !== undefined && value !== "")
    .map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

/** The fields of a form that hold something. */
export function filled(form) {
  return Object.fromEntries([...new FormData(form)].filter(([, value]) => value !== ""));
}

/** Waits, unless the view is left before. */
export function rest(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done);
  });
}
