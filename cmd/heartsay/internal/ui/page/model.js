// What the page knows: the frames of the stream (ui_frame.go) put together.
import {tagList} from "./format.js";

export const slots = 120; // seconds of suspicion that are kept, as in ui_history.go

export const most = 300; // lines of the event log, as in ui_log.go

// States, worst first, each with a mark so that nobody depends on colour.
export const states = [
  {name: "dead", mark: "✕"}, {name: "suspect", mark: "?"}, {name: "alive", mark: "●"}, {name: "left", mark: "○"},
];
export const markOf = (state) => states.find((s) => s.name === state)?.mark ?? "";

export class Model {
  members = new Map(); // by number
  lines = []; // of the event log, oldest first
  agent = {reachable: true, since: 0, error: "", took: 0};
  self = null;
  cluster = "";
  slot = 0;
  filled = false; // a view has come
  ended = false; // heartsay ui said that it ends
  #ahead = 0; // milliseconds that the clock of heartsay ui is ahead of this page's own

  // now returns the time by the clock that all times in the model are of, in Unix milliseconds.
  now() {
    return performance.now() + this.#ahead;
  }

  apply(frame) {
    this.#ahead = frame.now - performance.now();
    if (frame.full) {
      this.members.clear();
      this.lines = [];
    }
    if (frame.agent) this.agent = frame.agent;
    if (frame.self) this.self = frame.self;
    if (frame.cluster) this.cluster = frame.cluster;
    this.filled ||= Boolean(frame.self);
    this.ended = Boolean(frame.ended);
    for (const m of frame.members ?? []) this.#learn(m, frame.slot);
    for (const id of frame.gone ?? []) this.members.delete(id);
    for (const sample of frame.samples ?? []) this.#sample(sample);
    if (frame.slot > this.slot || frame.samples) for (const m of this.members.values()) m.history.put(frame.slot, m.phi);
    this.slot = frame.slot;
    this.lines = this.lines.concat(frame.lines ?? []).slice(-most);
  }

  #learn(told, slot) {
    const m = this.members.get(told.id) ??
      {history: new History(), phi: 0, silence: 0, heartbeat: 0, direct: -1, suspectTimeout: 0, timeout: 0};
    Object.assign(m, told);
    if (told.phi) m.history.fill(slot, told.phi);
    m.phi = m.history.newest();
    m.tagList = tagList(told.tags);
    m.text = [m.name, m.address, m.zone, m.tagList, m.build].join(" ").toLowerCase();
    this.members.set(m.id, m);
  }

  #sample([id, phi, silence, heartbeat, direct, suspect, dead]) {
    const m = this.members.get(id);
    if (!m) return;
    Object.assign(m, {phi: phi / 10, silence: silence / 10, heartbeat, direct: direct < 0 ? -1 : direct / 10,
      suspectTimeout: suspect / 10, timeout: dead / 10});
  }

  // counts returns how many members are in each state.
  counts() {
    const n = {dead: 0, suspect: 0, alive: 0, left: 0};
    for (const m of this.members.values()) if (Object.hasOwn(n, m.state)) n[m.state]++;
    return n;
  }
}

// History is Φ of one member, one value a second, NaN where it is not known.
class History {
  #values = new Float32Array(slots).fill(NaN);
  #last = 0;

  fill(slot, tenths) {
    tenths.forEach((v, i) => { this.#values[(slot + 1 + i) % slots] = v < 0 ? NaN : v / 10; });
    this.#last = slot;
  }

  put(slot, phi) {
    for (let s = Math.max(this.#last + 1, slot - slots); s < slot; s++) this.#values[s % slots] = NaN;
    this.#last = slot;
    this.#values[slot % slots] = phi;
  }

  newest() {
    return this.#values[this.#last % slots] || 0;
  }

  // list returns all values up to a slot, oldest first.
  list(slot) {
    return Array.from({length: slots}, (_, i) => {
      const s = slot - slots + 1 + i;
      return s < 0 || s > this.#last || s <= this.#last - slots ? NaN : this.#values[s % slots];
    });
  }
}
