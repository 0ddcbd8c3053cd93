"use strict";

// What the pages have in common.

const $ = (id) => document.getElementById(id);

async function ask(path, body, signal) {
  const answer = await fetch(path, body && {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal,
  });
  return { ok: answer.ok, ...(await answer.json()) };
}

const percent = (x) => (100 * x).toFixed(x > 0 && x < 0.01 ? 2 : 1) + "%";

function element(name, text, parent, className) {
  const e = document.createElement(name);
  if (text !== undefined) e.textContent = text;
  if (className) e.className = className;
  parent?.append(e);
  return e;
}

function button(text, parent, press) {
  const b = element("button", text, parent);
  b.type = "button";
  b.addEventListener("click", press);
  return b;
}

// named is the name of a tag as rules write it.
const named = (name) => (/^[\p{L}_][\p{L}\p{N}_.]*$/u.test(name) ? name : "`" + name + "`");

// showPlace underlines where text is at fault, and offers the text with the suggestion in its place.
function showPlace(f, text, use) {
  const place = $("place"), suggestion = $("suggestion");
  place.hidden = !f.line;
  suggestion.hidden = !f.line || !f.suggestion;
  if (!f.line) return;
  const lines = text.split("\n"), line = [...lines[f.line - 1]]; // columns count characters, not UTF-16 units
  const before = line.slice(0, f.column - 1).join(""), rest = line.slice(f.column - 1).join("");
  const call = rest.match(/^(segment|set)\s*\(\s*["“「][^"”」]*["”」]/u); // the suggestion is of the name in it
  const at = call?.[0] ?? rest.match(/^(`[^`]*`|["“「][^"”」]*["”」]?|[\p{L}\p{N}_.]+|.)/u)?.[0] ?? "";
  place.replaceChildren(before);
  element("mark", at || "⌃", place);
  place.append(rest.slice(at.length));
  suggestion.textContent = f.suggestion;
  const better = call ? `${call[1]}(${JSON.stringify(f.suggestion)}` : named(f.suggestion ?? "");
  suggestion.onclick = () => {
    lines[f.line - 1] = before + better + rest.slice(at.length);
    use(lines.join("\n"));
  };
}
