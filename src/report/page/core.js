// What every part uses: the data, elements, numbers in words.

const data = JSON.parse(document.getElementById("data").textContent);

/** An element with attributes and children; text is never read as HTML. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value === undefined) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key.startsWith("--")) made.style.setProperty(key, value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

/** The same of a drawing. */
function shape(name, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Four figures, as a person reads them. */
function short(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-3) return value.toExponential(2).replace("e+", "e").replace(/\.?0+e/, "e");
  if (Number.isInteger(value)) return String(value);
  return String(Number(value.toPrecision(4)));
}

/** Say something to those who do not see it. */
function say(text) {
  document.getElementById("said").textContent = text;
}

/** About `count` round numbers from `low` to `high`. */
function ticks(low, high, count) {
  const raw = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= raw * 0.999) || raw;
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i += 1) found.push(i * step);
  return found.map((v) => Number(v.toPrecision(12)));
}

/** A table with a caption for those who do not see it. */
function table(caption, head, rows) {
  const line = (cells, name) => element("tr", {}, ...cells.map((c, i) =>
    name === "th" || i === 0 ? element("th", { scope: name === "th" ? "col" : "row" }, c) : element("td", {}, c)));
  return element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption }, element("table", {},
    element("caption", { class: "unseen" }, caption),
    element("thead", {}, line(head, "th")), element("tbody", {}, ...rows.map((r) => line(r, "td")))));
}

/** The colour of run number `index`. */
function runColor(index) {
  return `var(--run${index % 6})`;
}

/** A table that is made when it is asked for; `refresh` makes an open one anew. */
function folded(summary, make) {
  const details = element("details", {}, element("summary", {}, summary));
  const refresh = () => {
    if (!details.open) return;
    while (details.children.length > 1) details.lastChild.remove();
    details.append(make());
  };
  details.addEventListener("toggle", refresh);
  return { details, refresh };
}
