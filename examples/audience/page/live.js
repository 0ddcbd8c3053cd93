"use strict";

const speeds = [
  { en: "Pause", zh: "暂停", speed: 0 },
  { en: "Real time", zh: "实时", speed: 1 },
  { en: "1 hour a second", zh: "每秒1小时", speed: 3600 },
  { en: "6 hours a second", zh: "每秒6小时", speed: 6 * 3600 },
  { en: "1 day a second", zh: "每秒1天", speed: 86400 },
];

let known = new Map(); // the segments by name
let pressed = false; // while a button is pressed, it stays where it is
let newest = 0; // the number of the newest notice in the table

// chart is the sizes of a segment as steps, over the time from start to now.
function chart(g, state, parent) {
  const w = 300, h = 48, pad = 2;
  const members = g.sizes.map((s) => s[1]);
  const least = Math.min(...members), most = Math.max(...members);
  const x = (t) => (w * (t - state.start_unix)) / Math.max(state.now_unix - state.start_unix, 1);
  const y = (n) => (most === least ? h / 2 : pad + (h - 2 * pad) * (1 - (n - least) / (most - least)));
  const svg = $("chart").content.firstElementChild.cloneNode(true);
  parent.append(svg);
  svg.setAttribute("viewBox", `0 0 ${w} ${h}`);
  svg.querySelector("title").textContent = `${g.name}: from ${least} to ${most} members`;
  let d = "";
  for (const [t, n] of g.sizes) d += d ? `H${x(t).toFixed(1)}V${y(n).toFixed(1)}` : `M${x(t).toFixed(1)} ${y(n).toFixed(1)}`;
  svg.querySelector("path").setAttribute("d", d);
  element("small", least === most ? `always ${most.toLocaleString("en")}` : `${least.toLocaleString("en")} to ${most.toLocaleString("en")}`, parent);
}

function segmentCard(g, state) {
  const card = element("article");
  const text = element("div", undefined, card);
  element("h3", g.name, text);
  const label = element("small", g.en, text);
  if (g.zh) element("span", g.zh, label).lang = "zh-CN";
  element("strong", g.members.toLocaleString("en"), card);
  chart(g, state, element("div", undefined, card, "chart"));
  const rule = element("p", undefined, card, "says");
  element("code", g.rule, rule);
  if (g.stay) {
    rule.append(" stays 保留: ");
    element("code", g.stay, rule);
  }
  if (g.dwell_days) rule.append(` at least ${g.dwell_days} days 至少停留`);
  if (g.cap) rule.append(` at most ${g.cap} 名额`);
  if (g.version > 1) rule.append(` version ${g.version}`);
  const chips = element("div", undefined, card, "chips");
  const link = element("a", "Portrait 画像", chips);
  link.href = "./#" + encodeURIComponent(`set(${JSON.stringify(g.name)})`);
  button("Edit 编辑", chips, () => edit(g)).dataset.key = "edit " + g.name;
  button("Drop 删除", chips, () => drop(g.name)).dataset.key = "drop " + g.name;
  return card;
}

function noticeRow(n) {
  const row = element("tr");
  element("td", n.number, row, "number");
  for (const text of [n.at, n.customer]) element("td", text, row);
  const cell = element("td", undefined, row);
  element("span", n.entered ? "entered 进入 " : "left 离开 ", cell, n.entered ? "in" : "out");
  cell.append(n.segment);
  const { en, zh } = known.get(n.segment) ?? {};
  cell.title = [en, zh].filter(Boolean).join(" ");
  const reason = element("td", n.en + " ", row);
  element("span", n.zh, reason).lang = "zh-CN";
  return row;
}

// keeping says whether what the page shows outlives the program.
function keeping(kept) {
  let en = "All of it is in memory: when the program ends, segments and notices are gone, and the next one numbers its notices from 1.";
  let zh = "数据只在内存中，程序结束后不保留。";
  if (kept) {
    en = `Kept since ${kept.since} real time; this is run ${kept.starts} of the program. Stop or kill it: the next one goes on here, and no notice is missed.`;
    zh = `自 ${kept.since}（真实时间）起保存，程序第${kept.starts}次运行；中断后再启动，从此处继续，通知不遗漏。`;
  }
  if ($("kept").textContent === `${en} ${zh}`) return;
  $("kept").textContent = en + " ";
  element("span", zh, $("kept")).lang = "zh-CN";
}

function draw(state) {
  $("lost").hidden = true;
  $("now").textContent = state.now;
  keeping(state.kept);
  $("about").textContent = state.about;
  $("zone").textContent = state.zone + (state.ended ? ": the records of the generated shop end here" : "");
  for (const b of $("speeds").children) b.setAttribute("aria-pressed", String(Number(b.dataset.speed) === state.speed));
  known = new Map(state.segments.map((g) => [g.name, g]));
  const focused = document.activeElement?.dataset?.key; // stays where it is
  $("segments").replaceChildren(...state.segments.map((g) => segmentCard(g, state)));
  if (!state.segments.length) element("p", "There are none yet.", $("segments"));
  if (focused) [...$("segments").querySelectorAll("button")].find((b) => b.dataset.key === focused)?.focus();
  $("causes").textContent = state.causes.length
    ? state.causes.map((c) => `by ${c.en} ${c.zh}: ${c.entered.toLocaleString("en")} entered, ${c.left.toLocaleString("en")} left`).join(" · ")
    : "Nobody has entered or left yet.";
  if ((state.notices[0]?.number ?? 0) !== newest) {
    newest = state.notices[0]?.number ?? 0;
    $("notices").replaceChildren(...state.notices.map(noticeRow));
  }
  const w = state.webhook;
  $("tool").textContent = `${w.url}: ${w.messages.toLocaleString("en")} messages with the right signature 验签通过, ` +
    `${w.notices.toLocaleString("en")} notices, the last is number ${w.last}; ${w.repeated} messages had come before 重复, ${w.refused} refused 拒收.`;
  $("lines").textContent = (w.lines ?? []).join("\n");
}

async function refresh() {
  try {
    const state = await ask("live");
    if (state.ok && !pressed) draw(state);
  } catch {
    lost();
  }
}

function lost() {
  $("lost").hidden = false;
}

async function poll() {
  if (!document.hidden) await refresh();
  setTimeout(poll, 700);
}

function edit(g) {
  $("name").value = g.name;
  $("rule").value = g.rule;
  $("stay").value = g.stay;
  $("dwell").value = g.dwell_days || "";
  right("");
  $("rule").focus();
}

// definition is what the form says; what it does not show stays as it is.
function definition() {
  const value = (id) => $(id).value;
  const { en, zh, cap } = known.get(value("name")) ?? {};
  return { en, zh, cap, name: value("name"), rule: value("rule"), stay: value("stay").trim() && value("stay"), dwell_days: Number(value("dwell")) };
}

async function send(path, tell) {
  if (!$("form").reportValidity()) return;
  const body = definition();
  try {
    const answer = await ask(path, body);
    if (!answer.ok) return wrong(body, answer);
    right(tell(answer, body));
    await refresh();
  } catch {
    wrong(body, { error: "The service does not answer." });
  }
}

function right(text) {
  $("fault").hidden = true;
  for (const id of ["rule", "stay"]) $(id).removeAttribute("aria-invalid");
  $("said").textContent = text;
}

// wrong shows what is wrong with a definition, with the place underlined.
function wrong(body, answer) {
  right("");
  const f = answer.faults?.[0] ?? { reason: answer.error };
  $("fault").hidden = false;
  const field = $(f.field ?? "rule");
  if (f.field) field.setAttribute("aria-invalid", "true");
  $("reason").textContent = f.reason + (f.suggestion ? "; did you mean" : ".");
  showPlace(f, body[f.field] ?? "", (better) => {
    field.value = better;
    right("");
    field.focus();
  });
  $("fault").scrollIntoView({ block: "nearest" });
}

async function drop(name) {
  try {
    const answer = await ask("drop", { name });
    if (answer.ok) right(`${name} is gone.`);
    else wrong({}, answer);
    await refresh();
  } catch {
    wrong({}, { error: "The service does not answer." });
  }
}

function start() {
  for (const { en, zh, speed } of speeds) {
    const b = button(en + " ", $("speeds"), () => ask("clock", { speed }).then(refresh, lost));
    b.dataset.speed = speed;
    element("span", zh, b).lang = "zh-CN";
  }
  document.addEventListener("pointerdown", () => (pressed = true));
  for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, () => (pressed = false));
  $("form").addEventListener("submit", (e) => {
    e.preventDefault();
    send("define", (a, d) => `${d.name} is in force; ${a.notices.toLocaleString("en")} notices follow.`);
  });
  $("preview").addEventListener("click", () =>
    send("preview", (p) => `There would be ${p.members.toLocaleString("en")} members: ${p.enter.toLocaleString("en")} enter, ${p.leave.toLocaleString("en")} leave. 预计人数、进入、离开。`));
  poll();
}

start();
