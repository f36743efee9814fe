// The page: the stream fills the model, the model is drawn.
import {Agent} from "./agent.js";
import {Detail} from "./detail.js";
import {listen} from "./keys.js";
import {List} from "./list.js";
import {Log} from "./log.js";
import {Model} from "./model.js";
import {follow} from "./stream.js";
import {Summary} from "./summary.js";

const at = (id) => document.getElementById(id);

history.replaceState(null, "", location.pathname); // the token is used up: it need not stay in sight

const model = new Model();
const filter = at("filter");
let broken = "connecting"; // why there is no stream
let brokenSince = Date.now();
let due = false;

const detail = new Detail(closeDetail);
const list = new List(model, (member, open) => {
  if (!member) return;
  if (open || detail.id) detail.open(member);
  draw();
});
const summary = new Summary((state) => { list.view.toggle(state); draw(); });
const log = new Log((name) => {
  const member = [...model.members.values()].find((m) => m.name === name);
  if (member) list.choose(member.id, true);
});
const agent = new Agent();

// draw draws all that is in sight, once before the next frame of the screen. Of a tab out of sight, which has no such
// frames, the title and the icon are.
function draw() {
  if (document.hidden) summary.render(model, list.view);
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    list.refresh();
    summary.render(model, list.view);
    detail.render(model);
    log.render(model.lines);
    agent.render(model);
    drawLive();
  });
}

function drawLive() {
  if (broken !== "connecting") summary.renderLive(model, broken, brokenSince);
}

function closeDetail() {
  const inside = at("detail").contains(document.activeElement);
  detail.close();
  if (inside) at("grid").focus();
}

// escape closes what is open, then clears what limits the list.
function escape(e) {
  if (e.target === filter && !filter.value) {
    at("grid").focus();
  } else if (e.target !== filter && detail.id) {
    closeDetail();
  } else {
    e.preventDefault();
    filter.value = "";
    list.view.filter("");
    if (e.target !== filter) list.view.pick("");
  }
  draw();
}

filter.addEventListener("input", () => { list.view.filter(filter.value); at("grid").scrollTop = 0; draw(); });
at("help-open").addEventListener("click", () => at("help").showModal());
at("help-close").addEventListener("click", () => at("help").close());
document.addEventListener("visibilitychange", draw);
for (const tab of document.querySelectorAll("nav button")) {
  tab.addEventListener("click", () => {
    document.body.dataset.tab = tab.dataset.tab;
    for (const t of document.querySelectorAll("nav button")) t.setAttribute("aria-pressed", t === tab);
    closeDetail();
    draw();
  });
}
listen({
  list, filter, help: at("help"),
  pick: (state) => { list.view.pick(state); at("grid").scrollTop = 0; draw(); },
  toggleDetail: () => {
    if (detail.id && detail.id === list.chosen) closeDetail();
    else if (list.chosen) detail.open(model.members.get(list.chosen));
    draw();
  },
  escape,
});

follow((frame) => {
  broken = "";
  model.apply(frame);
  if (model.ended) brokenSince = Date.now();
  if (detail.id && !model.members.has(detail.id)) detail.id = 0;
  draw();
}, (why) => {
  if (!broken && !model.ended) brokenSince = Date.now();
  broken = why;
  draw();
});
setInterval(drawLive, 1000);
