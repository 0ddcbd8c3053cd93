"use strict";

const rule = $("rule");

// Shown where the index has their tags.
const examples = [
  { text: "Silent VIPs", rule: "vip and last_order older than 60 days", tags: ["vip", "last_order"] },
  { text: "Buying often", rule: "orders >= 5", tags: ["orders"] },
  { text: "Campers in Guangdong", rule: 'city = "广东" and interests has any of ("露营", "户外")', tags: ["city", "interests"] },
  { text: "Likely to be lost", rule: "at least 2 of (p_active < 0.3, last_order older than 180 days, orders = 1)", tags: ["p_active", "last_order", "orders"] },
  { text: "上海、深圳的金卡与黑金", rule: "会员等级 in （“金卡”，“黑金”） and city in （“上海”，“广东/深圳”）", tags: ["会员等级", "city"] },
  { text: "七天内生日", rule: "birthday anniversary within 7 days", tags: ["birthday"] },
  { text: "A mistake", rule: 'vip and citty = "广东"', tags: ["vip", "city"] },
];

let turn = 0; // of the latest question; answers to earlier ones are dropped
let running; // aborts the latest question
let timer;
const catalogue = new Map(); // the tags by name

function use(text) {
  rule.value = text;
  changed(0);
}

function changed(delay) {
  clearTimeout(timer);
  $("answer").classList.add("stale");
  $("portrait").classList.add("stale");
  timer = setTimeout(question, delay);
}

async function question() {
  const mine = ++turn;
  running?.abort();
  running = new AbortController();
  const text = rule.value;
  history.replaceState(null, "", text ? "#" + encodeURIComponent(text) : location.pathname);
  const body = text.trim() ? { rule: text } : {};
  try {
    const count = await ask("count", body, running.signal);
    if (mine !== turn) return;
    if (!count.ok) return wrong(text, count);
    right(count);
    const portrait = await ask("portrait", body, running.signal);
    if (mine === turn && portrait.ok) draw({ ...count, ...portrait });
  } catch (e) {
    if (mine === turn && e.name !== "AbortError") wrong(text, { error: "The service does not answer." });
  }
}

function right(a) {
  $("fault").hidden = true;
  rule.removeAttribute("aria-invalid");
  $("answer").classList.remove("stale");
  $("count").textContent = a.count.toLocaleString("en");
  $("share").textContent = `${percent(a.share)} of ${a.customers.toLocaleString("en")} customers`;
  $("sharebar").style.width = percent(a.share);
  $("meta").textContent = `as of ${a.as_of.slice(0, 10)}, counted in ${a.took_ms} ms`;
}

// wrong shows what is wrong, with the place underlined.
function wrong(text, answer) {
  const f = answer.faults?.[0] ?? { reason: answer.error };
  $("fault").hidden = false;
  rule.setAttribute("aria-invalid", "true");
  $("count").textContent = "–";
  $("share").textContent = $("meta").textContent = "";
  $("sharebar").style.width = 0;
  $("portrait").hidden = true;
  $("reason").textContent = f.reason + (f.suggestion ? "; did you mean" : ".");
  showPlace(f, text, (better) => {
    use(better);
    rule.focus();
  });
}

function draw(a) {
  const section = $("portrait");
  section.classList.remove("stale");
  section.hidden = a.count === a.customers || a.count === 0;
  $("nothing").hidden = a.traits.length > 0;
  $("traits").hidden = $("legend").hidden = a.traits.length === 0;
  $("more").replaceChildren(...a.traits.filter((t) => t.effect > 0).map((t) => line(a, t)));
  $("less").replaceChildren(...a.traits.filter((t) => t.effect <= 0).map((t) => line(a, t)));
  for (const id of ["more", "less"]) $(id + "head").hidden = !$(id).hasChildNodes();
}

// line is the line of a trait in the table.
function line(a, t) {
  const row = element("tr");
  const what = button("", element("td", undefined, row), () => narrow(a.rule, t.rule));
  const text = t.rule.replace(/\d+\.\d{5,}/g, (x) => Number(x).toPrecision(4)); // the title has all digits
  for (const word of text.split(" ")) what.append(element("span", word), " "); // dates do not break at their hyphens
  const { en, zh } = catalogue.get(t.tag) ?? {};
  const small = element("small", en || zh, what);
  if (en && zh) element("span", zh, small).lang = "zh-CN";
  const share = element("td", undefined, row);
  const bar = element("div", undefined, share, "bar");
  bar.setAttribute("aria-hidden", "true");
  element("span", undefined, bar).style.width = percent(t.share);
  element("i", undefined, bar).style.left = percent(t.base_share);
  element("small", `${percent(t.share)}, all ${percent(t.base_share)}`, share);
  element("td", "×" + t.lift.toFixed(2), row, "number");
  return row;
}

// narrow asks for those who are meant already and have the trait as well, in the words of the index.
async function narrow(old, trait) {
  const part = (text) => (text.includes(" or ") ? `(${text})` : text);
  const a = await ask("count", { rule: part(old) + " and " + part(trait) });
  if (a.ok) use(a.rule);
  rule.focus();
}

function insert(name) {
  rule.setRangeText(named(name), rule.selectionStart, rule.selectionEnd, "end");
  rule.focus();
  changed(0);
}

async function start() {
  rule.addEventListener("input", () => changed(200));
  rule.value = decodeURIComponent(location.hash.slice(1));
  const { tags, customers } = await ask("tags");
  $("about").textContent = `${customers.toLocaleString("en")} customers. Who is meant by a rule, and what do they have in common?`;
  $("tagcount").textContent = `${tags.length}, press one to put it into the rule`;
  for (const t of tags) {
    catalogue.set(t.name, t);
    const b = button(t.name, element("li", undefined, $("tags")), () => insert(t.name));
    const { en, zh } = t.label ?? {};
    element("small", [zh !== t.name && zh, en !== t.name && en, t.kind, `${percent(t.coverage)} have it`, t.stale && "stale"].filter(Boolean).join(" · "), b);
  }
  let fitting = examples.filter((e) => e.tags.every((name) => catalogue.has(name)));
  if (!fitting.length) {
    const form = { flag: "", integer: " >= 2", time: " within 90 days" };
    fitting = tags.filter((t) => t.kind in form).slice(0, 4).map((t) => ({ rule: named(t.name) + form[t.kind] }));
  }
  for (const e of fitting) button(e.text ?? e.rule, $("examples"), () => use(e.rule)).title = e.rule;
  if (!rule.value && fitting.length) rule.value = fitting[0].rule;
  question();
}

start();
