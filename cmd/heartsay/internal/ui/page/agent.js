// How the agent itself is: what it says of itself, with what needs attention marked and on top.
import {age, count, make, moment, plural, put, seconds, set, tagList} from "./format.js";

const slow = 500; // milliseconds; an agent that is well answers within a few

export class Agent {
  #facts = document.getElementById("agent-facts");
  #shown = "";

  render(model) {
    const self = model.self;
    if (!self) return;
    const health = healthOf(model);
    const verdict = document.getElementById("agent-verdict");
    put(verdict, health.length ? health.join("; ") : "well");
    set(verdict, "data-state", !model.agent.reachable ? "dead" : health.length ? "suspect" : "alive");
    const facts = factsOf(self, model);
    const key = JSON.stringify(facts);
    if (key === this.#shown) return;
    this.#shown = key;
    fill(this.#facts, facts);
  }
}

// fill shows facts, [word, text, state that colours it], in a list of definitions.
export function fill(list, facts) {
  while (list.childElementCount > 2 * facts.length) list.lastElementChild.remove();
  while (list.childElementCount < 2 * facts.length) list.append(make("dt"), make("dd"));
  facts.forEach(([word, text, state], i) => {
    put(list.children[2 * i], word);
    put(list.children[2 * i + 1], text);
    set(list.children[2 * i + 1], "data-state", state ?? "");
  });
}

// healthOf returns what is wrong with the agent, in words.
function healthOf({agent, self}) {
  const faults = [];
  if (!agent.reachable) faults.push("unreachable");
  if (agent.took > slow) faults.push("slow to answer");
  if (self.stalls) faults.push("stalled " + plural(self.stalls, "time"));
  const failed = self.seeds.filter((s) => s.last_error && !s.joined).length;
  if (failed && failed === self.seeds.length) faults.push("no seed answers");
  return faults;
}

function factsOf(self, model) {
  const now = model.now();
  const counters = Object.entries(self.counters ?? {}).filter(([, n]) => n > 0).sort();
  return [
    ["name", self.name],
    ["stalls", self.stalls ? plural(self.stalls, "time") + ", " + seconds(self.stalled_seconds) + " in all" : "none",
      self.stalls ? "suspect" : ""],
    ["answers in", model.agent.reachable ? model.agent.took + " ms" : "-", model.agent.took > slow ? "suspect" : ""],
    ...self.seeds.map((s) => ["seed", seedText(s, now), s.joined || !s.last_error ? "" : "suspect"]),
    ["detector", `${self.detector}: suspect at Φ ${self.suspect_phi}, dead at Φ ${self.dead_phi}`],
    ["rounds", `${self.profile}: a heartbeat every ${Math.round(1000 * self.interval_seconds)} ms, fanout ${self.fanout}`],
    ["gossip", self.address + (self.bind === self.address ? "" : ", listening on " + self.bind)],
    ["zone", self.zone || "-"],
    ["tags", tagList(self.tags) || "-"],
    ["started", `${moment(self.started)}, ${age(now - Date.parse(self.started))} ago`],
    ["program", `${self.build || "-"}, protocol ${self.protocol}, pid ${self.pid}`],
    ["events", `${self.epoch}:${self.last_seq}`],
    ["state file", self.state_file || "-"],
    ["api", self.api],
    ...counters.map(([name, n]) => [name.replaceAll("_", " "), count(n)]),
  ];
}

function seedText(seed, now) {
  if (!seed.last_tried) return seed.address + ": not tried yet";
  const ago = age(now - Date.parse(seed.last_tried)) + " ago";
  return seed.address + (seed.joined ? ": joined " + ago : ": failed " + ago + ": " + (seed.last_error || "-"));
}
